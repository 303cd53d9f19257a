"""Items begun, moved, renamed, taken away and put back: the files say it, and the builder reads what was meant."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from builder.model import Edition, ItemKey
from desk.editing import acts, arranging, files, shelf
from desk.editing.acts import CannotDo, Pen
from desk.editing.saving import Conflict, Saved, TooMuch, as_changed, difference, filled_in, open_file, save
from desk.editing.trying import as_if
from desk.editing.warm import Warm
from desk.mailing.selecting import everything
from desk.settings import load
from tests.desk.editing.houses import NOW, SAM
from tests.payloads import SCRIPTS

DAY = date(2025, 1, 14)
NEWLINES = ["a\nkind: action", "a\r\n---\r\nb", "\u2028x: y", "\x85---\x85", "\ud800\x00", "[[unsubscribe]]"]
PenOf = Callable[[Path], Pen]


def edition(pen: Pen) -> Edition:
    found = pen.press.content.edition("weekly", DAY)
    assert found is not None
    return found


def order(pen: Pen, section: str) -> list[str]:
    found = edition(pen)
    return [item.slug for item in arranging.placed(pen.press.house.bulletins["weekly"], found.items, section)]


def key(slug: str) -> ItemKey:
    return ItemKey("weekly", DAY, slug)


# --- moving ----------------------------------------------------------------------------------------------------------


def test_any_item_moves_to_any_place_of_any_section(house: Path, pen_of: PenOf) -> None:
    chance = random.Random(5)
    sections = [section.id for section in pen_of(house).press.house.bulletins["weekly"].sections]
    for _ in range(12):
        pen = pen_of(house)
        item, section = chance.choice(edition(pen).items), chance.choice(sections)
        others = [slug for slug in order(pen, section) if slug != item.slug]
        place = chance.randint(0, len(others))
        before = {path: path.read_bytes() for path in (house / "content").rglob("*.md")}
        moved = acts.move_item(pen, edition(pen), item.slug, section, place, "Moved")
        wanted = [*others[:place], item.slug, *others[place:]]
        assert order(pen_of(house), section) == wanted
        assert moved == any(path.read_bytes() != raw for path, raw in before.items())
        assert not [f for f in pen_of(house).press.content.findings if f.severity == "block"]


def test_a_move_between_two_neighbours_with_room_changes_one_file(house: Path, pen_of: PenOf) -> None:
    pen = pen_of(house)
    first, *_, last = order(pen, "news")
    before = {path: path.read_bytes() for path in (house / "content").rglob("*.md")}
    assert acts.move_item(pen, edition(pen), last, "news", 0, "Moved")
    changed = [path.stem for path, raw in before.items() if path.read_bytes() != raw]
    assert changed == [last]
    assert order(pen_of(house), "news")[:2] == [last, first]


def test_a_section_that_nobody_has_is_refused(house: Path, pen_of: PenOf) -> None:
    with pytest.raises(CannotDo, match="no-section"):
        acts.move_item(pen_of(house), edition(pen_of(house)), "calm-starts", "../x", 0, "Moved")


# --- beginning and renaming ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("title", ["[[unsubscribe]] [x", "A\nkind: action\n---\nB", "{{ 7*7 }} <b>", "💡 Überall"])
def test_an_item_begins_with_its_title_as_it_was_typed(house: Path, pen_of: PenOf, title: str) -> None:
    begun = acts.begin_item(pen_of(house), "weekly", DAY, title, "event", "Begun")
    item = next(item for item in edition(pen_of(house)).items if item.key == begun)
    assert item.title == " ".join(title.split())
    assert (item.kind, item.draft) == ("event", True)


def test_an_excerpt_carries_its_originals_words(house: Path, pen_of: PenOf) -> None:
    pen = pen_of(house)
    original = pen.press.content.of("send")[0].items[0]
    begun = acts.begin_excerpt(pen, "weekly", date(2025, 2, 4), original, "Begun")
    found = pen_of(house).press.content.edition("weekly", date(2025, 2, 4))
    assert found is not None
    assert [(i.key, i.title, i.original) for i in found.items] == [(begun, original.title, original)]
    assert not [f for f in pen_of(house).press.content.findings if f.severity == "block"]


def test_a_renamed_item_takes_those_along_that_name_it(house: Path, pen_of: PenOf) -> None:
    acts.rename(pen_of(house), key("tuesday-update-feedback"), "Tell-Us", "Renamed")
    pen = pen_of(house)
    welcome = next(item for item in edition(pen).items if item.slug == "welcome-to-one-update")
    assert "(tell-us.md)" in welcome.body
    assert not (house / "content/weekly/2025-01-14/tuesday-update-feedback.md").exists()
    renamed = open_file(house, key("tell-us"), pen.press.house.audiences)
    assert "items/tuesday-update-feedback/" in pen.press.content.register.first
    assert renamed.sheet.headers["formerly"] == "tuesday-update-feedback"


@pytest.mark.parametrize("name", ["../x", "a/b", "", "edition", "x" * 200, "A B", ".hidden"])
def test_a_name_that_is_no_address_is_refused(house: Path, pen_of: PenOf, name: str) -> None:
    with pytest.raises(CannotDo, match="slug-wrong"):
        acts.rename(pen_of(house), key("calm-starts"), name, "Renamed")


@pytest.mark.parametrize("name", ["half-term-dates", "reading-den"])
def test_an_address_is_given_once(house: Path, pen_of: PenOf, name: str) -> None:
    with pytest.raises(CannotDo, match="slug-taken"):
        acts.rename(pen_of(house), key("calm-starts"), name, "Renamed")


@pytest.mark.parametrize(
    "slug", ["../2025-01-21/half-term-dates", "..", "", "/etc/passwd", "x\0", "images/x", "nothing"]
)
def test_no_name_leads_out_of_the_edition(house: Path, pen_of: PenOf, slug: str) -> None:
    with pytest.raises(files.NoSuchFile):
        files.find(house, key(slug))


def test_a_link_out_of_content_is_not_written_through(house: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("---\ntitle: x\n---\n")
    (house / "content/weekly/2025-01-14/sneaky.md").symlink_to(tmp_path / "secret.md")
    with pytest.raises(files.NoSuchFile):
        files.find(house, key("sneaky"))


# --- taking away -----------------------------------------------------------------------------------------------------


def test_what_is_taken_away_comes_back_byte_for_byte(house: Path, pen_of: PenOf) -> None:
    pen, path = pen_of(house), house / "content/weekly/2025-01-14/good-news/reading-den.md"
    raw = path.read_bytes()
    kept = shelf.delete(house, pen.history, path, "Reading den", SAM, "Taken away", NOW)
    assert not path.exists()
    assert [one.title for one in shelf.on_shelf(house, "content/weekly/2025-01-14/")] == ["Reading den"]
    shelf.put_back(house, pen.history, kept.id, SAM, "Put back", NOW)
    assert path.read_bytes() == raw
    assert shelf.on_shelf(house) == []


def test_nothing_is_put_back_over_another_text(house: Path, pen_of: PenOf) -> None:
    pen, path = pen_of(house), house / "content/weekly/2025-01-14/calm-starts.md"
    kept = shelf.delete(house, pen.history, path, "Calm", SAM, "Taken away", NOW)
    path.write_text("another")
    with pytest.raises(shelf.CannotPutBack):
        shelf.put_back(house, pen.history, kept.id, SAM, "Put back", NOW)
    assert path.read_text() == "another"
    with pytest.raises(shelf.CannotPutBack):
        shelf.put_back(house, pen.history, "../../x", SAM, "Put back", NOW)


# --- saving ----------------------------------------------------------------------------------------------------------


def test_two_who_save_the_same_item_both_keep_their_text(house: Path, pen_of: PenOf) -> None:
    pen = pen_of(house)
    audiences = pen.press.house.audiences
    seen = open_file(house, key("calm-starts"), audiences)
    first = as_changed(seen, filled_in(seen, {"h-title": ["First"]}), audiences)
    assert save(house, pen.history, seen, seen.mark, first, SAM, "Edited", NOW) == Saved(files.mark_of(first), True)
    late = open_file(house, key("calm-starts"), audiences)
    second = as_changed(late, filled_in(late, {"h-title": ["Second"]}), audiences)
    found = save(house, pen.history, late, seen.mark, second, SAM, "Edited", NOW)
    assert isinstance(found, Conflict)
    assert late.path.read_bytes() == first
    rows = difference(found.theirs, found.mine)
    assert [(row.side, row.text) for row in rows if row.side in ("theirs", "mine")] == [
        ("theirs", "title: First"),
        ("mine", "title: Second"),
    ]


def test_saving_what_is_there_already_writes_nothing(house: Path, pen_of: PenOf) -> None:
    pen = pen_of(house)
    seen = open_file(house, key("calm-starts"), pen.press.house.audiences)
    before = seen.path.stat().st_mtime_ns
    assert save(house, pen.history, seen, "stale", seen.raw, SAM, "Edited", NOW) == Saved(seen.mark, False)
    assert seen.path.stat().st_mtime_ns == before


@pytest.mark.parametrize(("name", "value"), [("body", "x" * 1_000_000), ("h-title", "x" * 5_000)])
def test_more_than_a_file_can_hold_is_refused(house: Path, pen_of: PenOf, name: str, value: str) -> None:
    audiences = pen_of(house).press.house.audiences
    seen = open_file(house, key("calm-starts"), audiences)
    with pytest.raises(TooMuch):
        as_changed(seen, filled_in(seen, {name: [value]}), audiences)


@pytest.mark.parametrize("payload", [*SCRIPTS[::6], *NEWLINES])
def test_whatever_is_typed_into_every_field_stays_in_its_field(house: Path, pen_of: PenOf, payload: str) -> None:
    pen = pen_of(house)
    audiences = pen.press.house.audiences
    seen = open_file(house, key("inclusion-summit-places"), audiences)
    form = {f"h-{field.name}": [payload] for field in seen.fields if field.name != "kind"} | {"body": [payload]}
    raw = as_changed(seen, filled_in(seen, form), audiences)
    save(house, pen.history, seen, seen.mark, raw, SAM, "Edited", NOW)
    after = pen_of(house)
    assert len(edition(after).items) == len(edition(pen).items)
    again = open_file(house, key("inclusion-summit-places"), audiences)
    assert again.sheet.headers.keys() <= {field.name for field in seen.fields}


# --- pictures --------------------------------------------------------------------------------------------------------


def picture(kind: str = "JPEG", size: tuple[int, int] = (3000, 1500)) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "52.6 N, 1.3 E"
    Image.new("RGB", size, "green").save(out, kind, exif=exif)
    return out.getvalue()


def test_a_picture_is_kept_without_what_its_camera_knew(house: Path, pen_of: PenOf) -> None:
    path = files.find(house, key("calm-starts"))
    name = acts.add_picture(pen_of(house), path, picture(), "Picture")
    with Image.open(path.parent / name) as kept:
        assert kept.width == 2000
    assert b"52.6 N" not in (path.parent / name).read_bytes()
    assert name.startswith("images/calm-starts-")


@pytest.mark.parametrize(
    "raw", [b"", b"GIF89a", b"<svg onload=alert(1)>", picture()[:200], b"\x89PNG\r\n\x1a\n" + b"0" * 50]
)
def test_what_is_no_picture_is_refused_with_its_reason(house: Path, pen_of: PenOf, raw: bytes) -> None:
    with pytest.raises(CannotDo, match=r"picture-(kind|damaged)"):
        acts.add_picture(pen_of(house), files.find(house, key("calm-starts")), raw, "Picture")
    assert not list((house / "content/weekly/2025-01-14/images").glob("calm*"))


def test_of_many_who_save_at_once_one_wins_and_every_other_is_told(house: Path, pen_of: PenOf) -> None:
    pen = pen_of(house)
    audiences = pen.press.house.audiences
    seen = open_file(house, key("calm-starts"), audiences)

    def one(number: int) -> Saved | Conflict:
        raw = as_changed(seen, filled_in(seen, {"body": [f"Text of {number}."]}), audiences)
        return save(house, pen.history, seen, seen.mark, raw, SAM, f"Edited by {number}", NOW)

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(one, range(8)))
    winners = [number for number, result in enumerate(results) if isinstance(result, Saved)]
    assert len(winners) == 1
    assert f"Text of {winners[0]}." in seen.path.read_text()
    assert [version.what for version in pen.history.of(seen.path)][:1] == [f"Edited by {winners[0]}"]
    assert not list(house.rglob("*.partial"))


def test_a_warm_press_sees_every_change_and_keeps_nothing_that_was_only_tried(house: Path) -> None:
    settings = load(house, None, {})
    warm = Warm(lambda: settings)
    path = house / "content/weekly/2025-01-14/calm-starts.md"

    def title() -> str:
        with warm.press(NOW) as press:
            found = press.content.edition("weekly", DAY)
            assert found is not None
            return next(item.title for item in found.items if item.slug == "calm-starts")

    for number in range(20):
        path.write_text(f"---\ntitle: Title {number}\n---\nWords.\n")
        assert title() == f"Title {number}"
    with warm.press(NOW) as press:
        found = press.content.edition("weekly", DAY)
        assert found is not None
        press.view(found, everything(press, found))
        raw = b"---\ntitle: Tried\n---\nA secret that nobody saved.\n"
        trying = press.having(
            as_if(press, found, "content/weekly/2025-01-14/calm-starts.md", raw), drafts=True, trying=True
        )
        shown = trying.content.edition("weekly", DAY)
        assert shown is not None
        html = trying.renderer.html(trying.view(shown, everything(trying, shown)))
    assert "A secret that nobody saved" in html
    assert title() == "Title 19"
    kept = (house / "var/cache/builder.db").read_bytes()
    assert b"Words." in kept and b"A secret that nobody saved" not in kept
