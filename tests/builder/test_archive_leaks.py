"""F6: a canary in a hidden item is in no byte of the site, and the site is the same as if the item did not exist."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import pytest

from builder.archive import build
from tests.builder.written import ZONE, item, open_written, picture, site_of, write_house

CANARY = "zanzibar"
WEEK = "weekly/2025-01-14"
HIDDEN = {
    "for subscribers": {"visibility": "subscribers"},
    "held until a moment": {"release": "2025-01-22 09:01"},
    "held by a group": {"release": "together-at-nine"},
    "a draft": {"draft": "yes"},
    "expired before its edition": {"expires": "2025-01-10"},
}
KINDS: dict[str, dict[str, str]] = {
    "news": {},
    "message": {"signed": f"{CANARY} name"},
    "event": {"starts": "14 February 2025, 10am", "venue": f"{CANARY} hall", "book": f"{CANARY}@example.org"},
    "action": {"action_by": "31 January 2025", "returns_to": CANARY},
    "consultation": {"closes": "31 January 2025", "respond": CANARY},
    "appointment": {"person": CANARY, "post": CANARY},
}


def others() -> dict[str, str | bytes]:
    return {
        f"{WEEK}/open.md": item(
            "Open to all", f"See [this](x-{CANARY}.md) and [that](x-{CANARY}.md#part).", weight="10"
        ),
        f"{WEEK}/after.md": item("After it", weight="90"),
        "send/2025-01-13/else.md": item("Elsewhere"),
    }


def canary(kind: str, headers: dict[str, str]) -> dict[str, str | bytes]:
    text = item(
        f"The {CANARY}", f"{CANARY}\n\n![{CANARY}]({CANARY}.png)", kind=kind, summary=CANARY, image=f"{CANARY}.png",
        alt=CANARY, credit=CANARY, contact=f"{CANARY}@example.org", also="send/2025-01-13", **KINDS[kind], **headers,
    )  # fmt: skip
    return {f"{WEEK}/x-{CANARY}.md": text, f"{WEEK}/{CANARY}.png": picture()}


def with_excerpt(open_: str) -> dict[str, str | bytes]:
    excerpt = f"---\nkind: excerpt\nexcerpt-of: {WEEK}/x-{CANARY}\n---\n"
    return {f"{WEEK}/open.md": open_, "send/2025-01-13/part.md": excerpt}


def bytes_of(site: dict[str, bytes]) -> bytes:
    return b"\n".join(path.encode() + b"\n" + content for path, content in site.items())


def pages_of(site: dict[str, bytes]) -> dict[str, bytes]:
    """Without pictures: mail programmes fetch those of subscribers' letters from here, by names that say nothing."""
    return {path: content for path, content in site.items() if not path.startswith("images/")}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("headers", HIDDEN.values(), ids=HIDDEN)
def test_a_hidden_item_is_in_no_byte_of_the_site(tmp_path: Path, kind: str, headers: dict[str, str]) -> None:
    root = write_house(tmp_path / "house", {**others(), **canary(kind, headers)})
    related = item("Open to all", f"[x](x-{CANARY}.md)", related=f"x-{CANARY}", weight="10")
    write_house(root, with_excerpt(related))
    assert CANARY.encode() not in bytes_of(site_of(root)).lower()


@pytest.mark.parametrize("headers", HIDDEN.values(), ids=HIDDEN)
def test_the_site_is_as_if_the_hidden_item_did_not_exist(tmp_path: Path, headers: dict[str, str]) -> None:
    with_it = write_house(tmp_path / "with", {**others(), **canary("event", headers)})
    without = write_house(tmp_path / "without", others())
    assert pages_of(site_of(with_it)) == pages_of(site_of(without))


def test_the_canary_sings_when_the_item_is_public(tmp_path: Path) -> None:
    """The control: the same search finds the item in every place where it may be."""
    site = site_of(write_house(tmp_path, {**others(), **canary("event", {})}))
    singing = {path for path, content in site.items() if CANARY.encode() in path.encode() + content.lower()}
    assert {
        "index.html", "feed.xml", "feed.rss", "feed.json", "sitemaps/2025-01.xml", "events/index.html", "calendars/events.ics", "editions/2025-01-14/index.html", "send/editions/2025-01-13/index.html",
        "items/open/index.html", "items/after/index.html", f"items/x-{CANARY}/event.ics",
    } <= singing  # fmt: skip


def test_what_a_group_holds_shows_everywhere_from_its_moment(tmp_path: Path) -> None:
    root = write_house(tmp_path, {**others(), **canary("event", {"release": "together-at-nine"})})
    assert f"items/x-{CANARY}/index.html" not in site_of(root, now=datetime(2025, 1, 23, 8, 59, 59, tzinfo=ZONE))
    assert f"items/x-{CANARY}/index.html" in site_of(root, now=datetime(2025, 1, 23, 9, 0, tzinfo=ZONE))


def test_an_excerpt_of_what_is_not_out_yet_waits_for_it(tmp_path: Path) -> None:
    excerpt = "---\nkind: excerpt\nexcerpt-of: send/2025-02-03/later\n---\nWords of our own.\n"
    later = item(CANARY, CANARY)
    root = write_house(tmp_path, {**others(), "send/2025-02-03/later.md": later, f"{WEEK}/part.md": excerpt})
    site = site_of(root)
    assert CANARY.encode() not in bytes_of(site) and "items/part/index.html" not in site


# --- at many moments, whatever was built before ------------------------------------------------------------------------

MOMENTS = [datetime(2025, 1, day, hour, minute, tzinfo=ZONE) for day, hour, minute in (
    (13, 8, 59), (13, 9, 0), (14, 8, 59), (14, 9, 0), (20, 12, 0), (22, 8, 59), (22, 9, 0), (22, 9, 1), (23, 8, 59), (23, 9, 0), (30, 12, 0),
)]  # fmt: skip
OPENS = {
    "2025-01-22 09:01": datetime(2025, 1, 22, 9, 1, tzinfo=ZONE),
    "together-at-nine": datetime(2025, 1, 23, 9, tzinfo=ZONE),
}


def unpacked(path: str, content: bytes) -> bytes:
    return gzip.decompress(content) if path.endswith(".bin") else content


def tree(site: Path) -> dict[str, bytes]:
    files = {p.relative_to(site).as_posix(): p.read_bytes() for p in site.rglob("*") if p.is_file()}
    return {path: unpacked(path, content) for path, content in files.items()}


@pytest.mark.parametrize("release", OPENS)
def test_what_is_held_shows_nowhere_before_its_moment_and_everywhere_from_it(tmp_path: Path, release: str) -> None:
    """Built again and again as time passes, as a schedule does it; the search index is looked at unpacked."""
    root = write_house(
        tmp_path, {**others(), **canary("event", {"release": release}), "weekly/2025-01-21/x.md": item("X")}
    )
    for now in MOMENTS:
        press = open_written(root, now=now)
        build(press, root / "site")
        press.close()
        told = bytes_of(tree(root / "site")).lower()
        assert (CANARY.encode() in told) == (now >= OPENS[release]), now
    assert {f"items/x-{CANARY}/index.html", "calendars/events.ics"} <= {
        path for path, content in tree(root / "site").items() if CANARY.encode() in path.encode() + content.lower()
    }
    words = b"".join(c for p, c in tree(root / "site").items() if p.startswith("search/") and "/items/" not in p)
    assert CANARY.encode() in words


def test_a_document_that_is_held_is_nowhere_before_its_moment_and_everywhere_from_it(tmp_path: Path) -> None:
    held = f"---\ntitle: The {CANARY}\nsummary: {CANARY}\nrelease: together-at-nine\n---\n## {CANARY}\n\n{CANARY}\n"
    asks = item("Asks", closes="31 January 2025", respond="x", kind="consultation", document=CANARY, related=CANARY)
    files = {f"{WEEK}/asks.md": asks, f"{WEEK}/open.md": item("Open", f"[this](../../documents/{CANARY}.md)")}
    root = write_house(tmp_path, {**files, f"documents/{CANARY}.md": held})
    for now in MOMENTS:
        press = open_written(root, now=now)
        build(press, root / "site")
        letter = press.letter(edition := press.content.editions[0], press.variants(edition)[0])
        press.close()
        is_out = now >= OPENS["together-at-nine"]
        assert (CANARY.encode() in bytes_of(tree(root / "site")).lower()) == is_out, now
        assert (f"The {CANARY}" in letter.html, f"The {CANARY}" in letter.text) == (is_out, is_out), now
    singing = {p for p, content in tree(root / "site").items() if CANARY.encode() in content.lower()}
    assert {f"documents/{CANARY}/index.html", "documents/index.html", "items/asks/index.html"} <= singing


@pytest.mark.parametrize("headers", HIDDEN.values(), ids=HIDDEN)
def test_what_is_withdrawn_is_gone_from_the_next_build(tmp_path: Path, headers: dict[str, str]) -> None:
    root = write_house(tmp_path, {**others(), **canary("consultation", {})})
    for hidden in ({}, headers, {}):
        write_house(root, canary("consultation", hidden))
        press = open_written(root)
        build(press, root / "site")
        press.close()
        files = tree(root / "site")
        assert (CANARY.encode() in bytes_of(files).lower()) == (not hidden)
        assert any(path.startswith("cards/") for path in files)
        cards = {path.partition("/")[2] for path in files if path.startswith("cards/")}
        assert {file.name for file in (root / "var/cache/cards").iterdir()} == cards
