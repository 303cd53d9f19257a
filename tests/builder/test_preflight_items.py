"""The proof-reader on pictures, people, what is over, and what a person lets stand."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from builder.model import Finding
from builder.preflight.people import is_nhs_number
from builder.preflight.pictures import alt_faults
from tests.builder.writing import EDITION, codes, edition_with, found, item, of_item, png

PICTURE = {"image": "images/a.png", "alt": "Children plant an oak."}
STORY = {"kind": "good-news", "school": "Oak Primary"}


def pictures(root: Path, name: str = "images/a.png", data: bytes | None = None, **headers: str) -> list[str]:
    """The codes of an item with a picture."""
    files = edition_with(summit=item(**{"image": name, "alt": "Children plant an oak.", **headers}))
    files["weekly/2025-01-14/images/a.png"] = png() if data is None else data
    return [f.code for f in found(root, files)]


# --- pictures --------------------------------------------------------------------------------------------------------


def test_a_picture_with_its_words_is_left_alone(tmp_path: Path) -> None:
    assert pictures(tmp_path) == []


@pytest.mark.parametrize(
    ("alt", "code"),
    [
        ("", "missing-alt"),
        ("IMG_2041.JPG", "alt-is-file-name"),
        ("oak planting.png", "alt-is-file-name"),
        ("DSC 0012", "alt-is-file-name"),
        ("Photo", "alt-is-file-name"),
        ("Image of children", "alt-says-image"),
        ("A photograph of an oak", "alt-says-image"),
        ("inclusion SUMMIT", "alt-repeats-title"),
        ("A long description. " * 15, "alt-too-long"),
    ],
)
def test_alt_text_that_says_nothing_of_the_picture_is_told(alt: str, code: str) -> None:
    assert [check.code for check, _ in alt_faults(alt.strip(), "Inclusion summit")] == [code]


@pytest.mark.parametrize(
    "alt",
    [
        "Children plant an oak.",
        "Photographers at work",
        "Imagine: a banner",
        "Pictures on a wall",
        "The image processor",
    ],
)
def test_alt_text_that_describes_is_left_alone(alt: str) -> None:
    assert list(alt_faults(alt, "Inclusion summit")) == []


def test_a_picture_without_alt_is_told_in_the_line_of_its_image(tmp_path: Path) -> None:
    assert ("missing-alt", 4) in of_item(item(image="images/a.png"))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("images/gone.png", "missing-image"),
        ("images", "missing-image"),
        ("images/" + "a" * 5000 + ".png", "missing-image"),
        ("../../../bulletin.toml", "image-outside"),
        ("/etc/passwd", "image-outside"),
        ("https://example.org/a.png", "image-outside"),
    ],
)
def test_a_picture_must_be_a_file_in_the_content(tmp_path: Path, name: str, code: str) -> None:
    assert pictures(tmp_path, name) == [code]


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"words", png()[:60], png(2000, 100)[:-40], jpeg()[:-700], b"GIF89a" + b"\0" * 40,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>", png().replace(b"IDAT", b"IDAX"),
    ],
    ids=["empty", "words", "png-cut", "png-end-cut", "jpeg-cut", "gif", "svg", "png-damaged"],
)  # fmt: skip
def test_a_file_that_is_no_whole_picture_is_told(tmp_path: Path, data: bytes) -> None:
    assert pictures(tmp_path, data=data) == ["bad-image"]


def test_a_photo_may_have_any_ending(tmp_path: Path) -> None:
    assert pictures(tmp_path, data=jpeg()) == []


def test_pictures_in_a_body_are_read_too(tmp_path: Path) -> None:
    files = edition_with(summit=item("Words.\n\n![](images/a.png)\n\n![A plan](images/gone.png)"))
    files["weekly/2025-01-14/images/a.png"] = png()
    assert [(f.code, f.line) for f in found(tmp_path, files)] == [("missing-alt", 7), ("missing-image", 9)]


def test_a_photo_of_a_school_needs_consent(tmp_path: Path) -> None:
    assert pictures(tmp_path, **STORY) == ["photo-without-consent"]
    assert pictures(tmp_path, **STORY, photo_consent="no people") == []
    assert pictures(tmp_path, **STORY, photo_consent="email, web (Headteacher, 8 January 2025)") == []


def test_a_photo_that_may_not_be_mailed_is_told(tmp_path: Path) -> None:
    assert pictures(tmp_path, **STORY, photo_consent="web (Headteacher, 8 January 2025)") == ["photo-not-for-email"]


# --- people ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Pupil H801200001001 moved.", "pupil-number"),
        ("Her number is 943 476 5919.", "nhs-number"),
        ("Her number is AB123456C.", "insurance-number"),
        ("Ring Jo on 07700 900123.", "mobile-number"),
        ("Ring Jo on +44 7700 900123.", "mobile-number"),
        ("Ring us on 01632 960001.", "phone-number"),
        ("Ring us on (01632) 960 001.", "phone-number"),
        ("Send it to 4 The Lane, NR1 3AB.", "postcode"),
        ("Write to jo.smith@gmail.com.", "private-mail-address"),
        ("Her date of birth is known.", "date-of-birth"),
        ("He was born on 3 May 2014 here.", "date-of-birth"),
    ],
)
def test_personal_data_block_until_a_person_has_looked(text: str, code: str) -> None:
    assert codes(text) == [code]
    assert codes(text, checked=code) == []


@pytest.mark.parametrize(
    "text",
    [
        "Ring 0300 123 4567, 0800 111 or 999.", "We spent £1,234,567,890 in 2024-2025.", "Order 1234567890 is here.",
        "Write to office@oak.example.", "NR1 and IP24 are areas.", "1 High Street, AM1 1AA", "Room A1 1st floor",
        "Reference 12/25 of 2025.", "Between 10.00 and 16.00 on 14 January 2025.", "The 2024 2025 2026 plans",
        "Call [the duty line](tel:01632960001) on 01632 960001.", "The book is 9780306406157.",
    ],
)  # fmt: skip
def test_what_belongs_to_offices_is_left_alone(text: str) -> None:
    assert codes(text) == []


def test_what_stands_in_the_headers_may_stand_in_the_text() -> None:
    headers = {"contact": "Jo, 01632 960001", "kind": "event", "starts": "2025-02-14", "venue": "The Hall, NR1 3AB"}
    assert codes("Ring 01632 960 001, or come to NR1 3AB.", **headers) == []


def test_personal_data_are_not_repeated_in_the_message(tmp_path: Path) -> None:
    findings = found(tmp_path, edition_with(summit=item("Ring Jo on 07700 900123.")))
    assert not any("900123" in finding.message for finding in findings)


@pytest.mark.parametrize(
    "text",
    [
        "Well done, Amelia Green, aged 9!",
        "Pupil Amelia Green won.",
        "Amelia Green, Year 4, won.",
        "Amelia Green (9) won.",
    ],
)
def test_a_child_s_full_name_beside_a_photo_blocks(tmp_path: Path, text: str) -> None:
    consent = "email (Headteacher, 8 January 2025)"
    files = edition_with(summit=item(text, **PICTURE, **STORY, photo_consent=consent))
    files["weekly/2025-01-14/images/a.png"] = png()
    assert [f.code for f in found(tmp_path, files)] == ["childs-name"]


@pytest.mark.parametrize(
    "text",
    [
        "Amelia, in Year 4, won.", "Headteacher Ann Brown said so.", "Pupils at Oak Primary School", "Oak Primary, Year 4, won.",
        "At Oak Primary Year 4 pupils won.", "On Year 6 Transition Day we sang.", "Pupil Premium Awards", "Student Council Week",
    ],
)  # fmt: skip
def test_other_names_are_left_alone(tmp_path: Path, text: str) -> None:
    consent = "email (Headteacher, 8 January 2025)"
    files = edition_with(summit=item(text, **PICTURE, **STORY, photo_consent=consent))
    files["weekly/2025-01-14/images/a.png"] = png()
    assert found(tmp_path, files) == ()


def test_a_child_s_name_without_a_photo_is_left_alone() -> None:
    assert codes("Well done, Amelia Green, aged 9!", **STORY) == []


@pytest.mark.parametrize("digits", ["9434765919", "4505577104"])
def test_an_nhs_number_ends_in_its_check_digit(digits: str) -> None:
    assert is_nhs_number(digits)
    assert not is_nhs_number(digits[:-1] + str((int(digits[-1]) + 1) % 10))


@pytest.mark.parametrize("digits", ["", "123", "1111111111", "94347659190", "943476591x"])
def test_other_digits_are_no_nhs_number(digits: str) -> None:
    assert not is_nhs_number(digits)


# --- what is let stand -----------------------------------------------------------------------------------------------


def test_a_misspelt_code_is_told() -> None:
    (finding,) = of_item(item(checked="postcod"))
    assert finding == ("unknown-code", 4)


def test_what_has_to_be_mended_cannot_be_let_stand() -> None:
    text = item("See [here](https://example.org).", checked="generic-link")
    assert [code for code, _ in of_item(text)] == ["cannot-stand", "generic-link"]


def test_letting_one_thing_stand_lets_nothing_else_stand() -> None:
    assert codes("Ring 07700 900123 or come to NR1 3AB.", checked="postcode") == ["mobile-number"]


# --- what is over ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"kind": "event", "starts": "2025-01-13"}, "event-over"),
        ({"kind": "event", "starts": "2025-01-10", "ends": "2025-01-13 16:00"}, "event-over"),
        ({"kind": "action", "action_by": "2025-01-14 08:59"}, "deadline-past"),
        ({"kind": "action", "action_by": "2025-01-13"}, "deadline-past"),
        ({"kind": "consultation", "closes": "2025-01-13", "respond": "a@b.example"}, "closed-already"),
        ({"kind": "feedback", "closes": "2025-01-13", "respond": "a@b.example"}, "closed-already"),
        ({"expires": "2025-01-13"}, "expired"),
        ({"kind": "event", "starts": "2025-02-14 10:00", "ends": "2025-02-14 09:00"}, "ends-before-start"),
        (
            {"kind": "consultation", "closes": "2025-02-14", "opens": "2025-03-01", "respond": "a@b.example"},
            "ends-before-start",
        ),
    ],
)
def test_what_is_over_when_the_edition_goes_out_is_told(headers: dict[str, str], code: str) -> None:
    assert code in codes("Words.", **headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"kind": "event", "starts": "2025-01-14"},
        {"kind": "event", "starts": "2025-01-14 08:00"},
        {"kind": "event", "starts": "2025-01-10", "ends": "2025-01-14"},
        {"kind": "event", "starts": "2025-01-14", "ends": "2025-01-14"},
        {"kind": "action", "action_by": "2025-01-14 09:01"},
        {"kind": "action", "action_by": "2025-01-14"},
        {"kind": "consultation", "closes": "2025-01-01", "respond": "a@b.example", "outcome": "It was agreed."},
        {"kind": "feedback", "respond": "a@b.example"},
        {"expires": "2025-01-14"},
    ],
)
def test_what_is_still_to_come_is_left_alone(headers: dict[str, str]) -> None:
    assert codes("Words.", **headers) == []


# --- the file --------------------------------------------------------------------------------------------------------


def test_a_file_cut_off_at_any_byte_is_read_and_told(tmp_path: Path) -> None:
    whole = item("Well – “done”.\n\n- one\n- two", kind="event", starts="2025-02-14", **PICTURE).encode()
    for end in range(0, len(whole), 3):
        files = {**edition_with(), "weekly/2025-01-14/summit.md": whole[:end]}
        findings = found(tmp_path, files)
        assert any(f.severity == "block" for f in findings)  # at least its picture is not there


def test_all_problems_are_told_in_one_pass_by_file_and_line(tmp_path: Path) -> None:
    text = item(
        "Click [here](http://bit.ly/x) by Monday 14 January 2025.\n\nRing 07700 900123.", kind="nwes", colour="red"
    )
    findings = [f for f in found(tmp_path, edition_with(summit=text)) if f.file.endswith("summit.md")]
    assert findings == sorted(findings)
    assert {f.code for f in findings} == {
        "unknown-kind", "unknown-header", "generic-link", "link-not-https", "shortened-link", "wrong-weekday", "mobile-number",
    }  # fmt: skip
    assert all(isinstance(f, Finding) and f.line for f in findings)


def test_the_opening_is_read_like_an_item(tmp_path: Path) -> None:
    findings = found(tmp_path, edition_with(edition=f"{EDITION}\nRing 07700 900123.\n", summit=item()))
    assert [(f.code, f.line) for f in findings] == [("mobile-number", 6)]
