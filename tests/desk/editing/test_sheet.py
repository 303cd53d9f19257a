"""A content file in a form and back: nothing that a person left alone changes, and nothing they type breaks out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.headers import take_apart
from builder.kinds import KINDS
from builder.model import Audiences
from desk.dateboxes import Boxes
from desk.editing import dated
from desk.editing.fields import DATES, Filled, changed, fields_of, read_form, shown
from desk.editing.sheet import NotEditable, Sheet, lay_out
from desk.settings import load
from tests.editions import EVERYTHING, ROOT, STARTER

AUDIENCES: Audiences = load(ROOT, None, {}).house.audiences
FILES = sorted(f for root in (ROOT / "content", STARTER, EVERYTHING) for f in root.rglob("*.md"))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NASTY = st.one_of(TEXT, st.text(), st.sampled_from(["---", "a\nkind: x", "a\r\nb", "\u2028x: y", "x\x85y: z", " ", "# a", ": :", "\ud800"]))  # fmt: skip
NAMES = st.sampled_from(["title", "Kind", "audience", "Description", "summary", "venue", "signed", "x-own", "release", "bogus line"])  # fmt: skip
ENDS = st.sampled_from(["\n", "\r\n", "\r", "\u2028"])


@st.composite
def files(draw: st.DrawFn) -> bytes:
    end = draw(ENDS)
    lines = ["---"]
    for name in draw(st.lists(NAMES, max_size=6)):
        lines.append(draw(st.sampled_from(["# a remark", "", f"{name}: {draw(TEXT)}", name, f"{name}:"])))
        lines += [f"  {draw(TEXT)}" for _ in range(draw(st.integers(0, 2)))]
    lines += ["---", *draw(st.lists(TEXT, max_size=4))]
    return ("\ufeff" * draw(st.booleans()) + end.join(lines) + end * draw(st.integers(0, 2))).encode()


def in_boxes(name: str, boxes: Boxes) -> dict[str, list[str]]:
    return {f"d-{name}-{part}": [value] for part, value in boxes.named.items()}


def form(sheet: Sheet, kind: str = "news") -> Filled:
    return shown(sheet, fields_of(kind, sheet.headers), AUDIENCES, "news")


def there_and_back(sheet: Sheet, kind: str) -> bytes:
    """As a browser does it: every field is posted as it was shown, with its own ends of line."""
    fields = fields_of(kind, sheet.headers)
    before = form(sheet, kind)
    posted: dict[str, list[str]] = {f"h-{name}": [value] for name, value in before.values.items()}
    for field in fields:
        if field.shape in DATES:
            posted |= in_boxes(field.name, dated.boxes(field.name, before.values))
            posted[f"d-{field.name}-group"] = [dated.group(field.name, before.values)]
    posted["body"] = [before.body.replace("\n", "\r\n")]
    return changed(sheet, before, read_form(posted, fields, before.values), fields, AUDIENCES).raw


def test_every_shipped_file_saved_unchanged_keeps_every_byte() -> None:
    assert len(FILES) > 60
    for file in FILES:
        sheet = lay_out(file.read_bytes())
        assert there_and_back(sheet, sheet.headers.get("kind", "news")) == file.read_bytes(), file


@given(files(), st.sampled_from(sorted(KINDS)))
def test_any_file_saved_unchanged_keeps_every_byte(raw: bytes, kind: str) -> None:
    try:
        sheet = lay_out(raw)
    except NotEditable:
        return
    assert there_and_back(sheet, kind) == raw


@given(files(), st.sampled_from(["title", "summary", "signed", "audience", "starts"]), NASTY)
def test_one_field_changed_changes_one_header(raw: bytes, name: str, typed: str) -> None:
    """And whatever is typed into it stays in it: no header begins, no fence closes, the body is the same."""
    try:
        sheet = lay_out(raw)
    except NotEditable:
        return
    fields = fields_of("message" if name == "signed" else "event", sheet.headers)
    before = shown(sheet, fields, AUDIENCES, "news")
    posted = {f"h-{name}": [typed], f"d-{name}-day": [typed]}
    after = read_form(posted, fields, before.values)
    after = Filled(after.values, before.body)
    written = take_apart(changed(sheet, before, after, fields, AUDIENCES).raw, "")
    same = after.values[name] == before.values.get(name, "")
    expected = dict(sheet.headers)
    if not same:
        expected.pop(name, None)
        if after.values[name]:
            expected[name] = written.headers[name]
            if name != "audience":
                assert written.headers[name] == after.values[name]
    assert written.headers == expected
    assert written.body == sheet.body


@given(files(), NASTY)
def test_any_text_is_kept_as_it_was_typed(raw: bytes, typed: str) -> None:
    try:
        sheet = lay_out(raw)
    except NotEditable:
        return
    fields = fields_of("news", sheet.headers)
    before, after = form(sheet), read_form({"body": [typed]}, fields, {})
    written = take_apart(changed(sheet, before, after, fields, AUDIENCES).raw, "")
    assert written.body == after.body
    assert written.headers == sheet.headers


@given(st.binary(max_size=200))
def test_any_bytes_are_kept_or_refused(raw: bytes) -> None:
    try:
        assert lay_out(raw).raw == raw
    except NotEditable as error:
        assert str(error)


def test_a_header_keeps_its_authors_spelling_and_place() -> None:
    sheet = lay_out(b"---\r\ntitle: A\r\n# a remark\r\nDescription: old\r\n  words\r\nx-own: 1\r\n---\r\n\r\nBody\r\n")
    new = sheet.having({"summary": "new", "kind": "event"}).raw.decode()
    assert new == "---\r\ntitle: A\r\nkind: event\r\n# a remark\r\nDescription: new\r\nx-own: 1\r\n---\r\n\r\nBody\r\n"


def test_groups_stay_groups_while_all_of_their_tags_are_chosen() -> None:
    sheet = lay_out(b"---\ntitle: A\naudience: schools, senco\n---\n")
    fields = fields_of("news", sheet.headers)
    before = form(sheet)
    assert before.values["audience"] == "primary, secondary, special, alternative-provision, senco"

    def with_audience(value: str) -> str:
        after = Filled({**before.values, "audience": value}, before.body)
        return changed(sheet, before, after, fields, AUDIENCES).headers.get("audience", "")

    assert with_audience(before.values["audience"] + ", governor") == "schools, senco, governor"
    assert with_audience("primary, senco") == "primary, senco"
    assert with_audience("") == ""


def test_a_mistyped_audience_stays_until_its_tick_is_taken_away() -> None:
    sheet = lay_out(b"---\ntitle: A\naudience: Primry, senco\n---\n")
    assert form(sheet).values["audience"] == "senco, Primry"


def test_every_header_of_the_file_is_within_reach() -> None:
    fields = {field.name: field for field in fields_of("news", ["title", "venue", "signed", "x-own"])}
    assert fields["venue"].spare
    assert fields["signed"].shape == "lines"
    assert fields["x-own"].spare


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"---\ntitle: A\n", b"x" * 300_000])
def test_what_no_form_can_hold_is_refused_with_its_reason(raw: bytes) -> None:
    with pytest.raises(NotEditable, match=r"\w{4}"):
        lay_out(raw)


def test_a_file_without_headers_gets_a_block_around_its_text() -> None:
    sheet = lay_out(b"Only text.\n")
    assert sheet.having({"title": "A"}).raw == b"---\ntitle: A\n---\nOnly text.\n"
    assert take_apart(sheet.saying("---\nx: y").raw, "").body == "---\nx: y"
