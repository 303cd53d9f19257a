"""Feeds and calendars as programs read them that did not write them: three for each form, and they agree."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import fastfeedparser
import feedparser
import icalendar
import pytest
import vobject
from lxml import etree

from tests.browser import ROOT
from tests.builder.written import URL, ZONE, item, page_of, site_of, write_house

READ = ROOT / "tests" / "tools" / "read.mjs"
WEEK, LATER = "weekly/2025-01-14", "weekly/2025-01-21"
TITLE = "Tea & <b>cake</b>; one, two \\ three “four”"
ATOM = "{http://www.w3.org/2005/Atom}"
FH = "{http://purl.org/syndication/history/1.0}"


def house() -> dict[str, str | bytes]:
    return {
        f"{WEEK}/tea.md": item(TITLE, "Tea.", audience="primary", summary="In short"),
        f"{WEEK}/meeting.md": item(
            "A meeting", kind="event", starts="14 July 2025, 10am", ends="14 July 2025, 4pm", venue="Hall; room 1",
            corrected="\n  16 January 2025: The venue has changed.\n  20 January 2025: And the time.\n  20 March 2025: Later.",
        ),
        f"{WEEK}/off.md": item("Called off", kind="event", starts="1 March 2025", cancelled="The hall is flooded."),
        f"{WEEK}/form.md": item("A form", kind="action", action_by="31 January 2025", audience="primary"),
        f"{LATER}/view.md": item("Your view", kind="consultation", closes="14 February 2025, 5pm", respond="https://x.example/"),
        f"{LATER}/garden.md": item("A garden", kind="good-news", school="Oak School"),
        "weekly/2024-11-05/old.md": item("Older", "Old words."),
        "weekly/2024-12-03/older.md": item("December", "December's words."),
    }  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return site_of(write_house(tmp_path_factory.mktemp("house"), house()))


@pytest.fixture(scope="module")
def in_javascript(site: dict[str, bytes]) -> dict[str, Any]:
    """What feedsmith and ical.js, both in JavaScript, tell of every feed and calendar, in one run."""
    read = {
        path: raw.decode()
        for path, raw in site.items()
        if re.search(r"(?:^|/)feed(?:/[^/]+)?\.(?:xml|rss|json)$|\.ics$", path)
    }
    done = subprocess.run(["node", str(READ)], input=json.dumps(read), capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


# --- feeds -----------------------------------------------------------------------------------------------------------


def by_feedparser(raw: bytes) -> list[tuple[str, str, str]]:
    told = feedparser.parse(raw)
    assert not told.bozo, told.get("bozo_exception")
    return [(entry.id, entry.link, entry.title) for entry in told.entries]


def as_told(told: list[list[str]]) -> list[tuple[str, str, str]]:
    return [(one, link, title) for one, link, title in told]


def by_fastfeedparser(raw: bytes) -> list[tuple[str, str, str]]:
    return [(entry["id"], entry["link"], entry["title"]) for entry in fastfeedparser.parse(raw.decode())["entries"]]


def strictly(raw: bytes) -> list[tuple[str, str, str]]:
    """RFC 4287 and the RSS 2.0 specification: what must be there, once, and in which form."""
    root = etree.fromstring(raw, etree.XMLParser(resolve_entities=False))
    return _atom(root) if root.tag == f"{ATOM}feed" else _rss(root)


def _one(element: Any, name: str) -> str:
    (found,) = element.findall(name)
    return found.text or ""


def _atom(root: Any) -> list[tuple[str, str, str]]:
    assert _one(root, f"{ATOM}id").startswith("tag:") and _one(root, f"{ATOM}title")
    datetime.fromisoformat(_one(root, f"{ATOM}updated"))
    links = [(link.get("rel"), link.get("href")) for link in root.findall(f"{ATOM}link")]
    assert len(dict(links)) == len(links) and {"self", "alternate"} <= dict(links).keys()
    found = []
    for entry in root.findall(f"{ATOM}entry"):
        assert datetime.fromisoformat(_one(entry, f"{ATOM}updated")) >= datetime.fromisoformat(
            _one(entry, f"{ATOM}published")
        )
        (content,) = entry.findall(f"{ATOM}content")
        assert content.get("type") == "html" and content.text
        found.append((_one(entry, f"{ATOM}id"), entry.find(f"{ATOM}link").get("href"), _one(entry, f"{ATOM}title")))
    assert len({one for one, _, _ in found}) == len(found)
    return found


def _rss(root: Any) -> list[tuple[str, str, str]]:
    assert root.tag == "rss" and root.get("version") == "2.0"
    (channel,) = root
    for name in ("title", "link", "description"):
        assert _one(channel, name)
    found = []
    for entry in channel.findall("item"):
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000", _one(entry, "pubDate"))
        assert entry.find("guid").get("isPermaLink") == "false"
        found.append((_one(entry, "guid"), _one(entry, "link"), _one(entry, "title")))
    return found


JSON_FEED = {
    "version": str, "title": str, "home_page_url": str, "feed_url": str, "description": str, "language": str, "authors": list,
    "items": list,
}  # fmt: skip
JSON_ITEM = {
    "id": str, "url": str, "title": str, "content_text": str, "date_published": str, "date_modified": str, "tags": list,
    "image": str,
}  # fmt: skip


def by_json(raw: bytes) -> list[tuple[str, str, str]]:
    """JSON Feed 1.1: what may be there, of which type, and what must."""
    told = json.loads(raw)
    assert {name: type(value) for name, value in told.items()}.items() <= JSON_FEED.items()
    assert told["version"] == "https://jsonfeed.org/version/1.1" and told["title"]
    assert all(link.startswith("https://") for link in (told["home_page_url"], told["feed_url"]))
    for author in told["authors"]:
        assert {"name": str, "url": str} == {name: type(value) for name, value in author.items()}
    for entry in told["items"]:
        assert {name: type(value) for name, value in entry.items()}.items() <= JSON_ITEM.items()
        assert entry["id"] and entry["content_text"] and all(type(tag) is str for tag in entry["tags"])
        assert datetime.fromisoformat(entry["date_modified"]) >= datetime.fromisoformat(entry["date_published"])
    assert len({entry["id"] for entry in told["items"]}) == len(told["items"])
    return [(entry["id"], entry["url"], entry["title"]) for entry in told["items"]]


FEEDS = ["", "feeds/all/", "good-news/", "for/primary/"]


@pytest.mark.parametrize("base", FEEDS)
def test_three_forms_and_at_least_three_readers_of_each_tell_the_same_items(
    site: dict[str, bytes], in_javascript: dict[str, Any], base: str
) -> None:
    wanted = strictly(site[f"{base}feed.xml"])
    assert wanted == by_feedparser(site[f"{base}feed.xml"]) == by_fastfeedparser(site[f"{base}feed.xml"])
    rss = site[f"{base}feed.rss"]
    assert wanted == strictly(rss) == by_feedparser(rss) == by_fastfeedparser(rss)
    assert wanted == by_json(site[f"{base}feed.json"]) == by_fastfeedparser(site[f"{base}feed.json"])
    for form in ("xml", "rss", "json"):
        assert wanted == as_told(in_javascript[f"{base}feed.{form}"]), form
    titles = {title for _, _, title in wanted}
    assert {"": TITLE in titles, "feeds/all/": TITLE in titles, "good-news/": titles == {"A garden"},
            "for/primary/": titles == {TITLE, "A form"}}[base]  # fmt: skip


def test_a_correction_moves_the_feeds_updated_and_not_its_published(site: dict[str, bytes]) -> None:
    entry = next(e for e in feedparser.parse(site["feed.xml"]).entries if e.title == "A meeting")
    assert (entry.published, entry.updated) == ("2025-01-14T09:00:00Z", "2025-01-20T00:00:00Z")
    page = page_of(site, "items/meeting/")
    assert "Corrected on 20 January 2025." in page and "The venue has changed." in page and "Later." not in page


def test_following_the_archive_back_finds_every_item_once_published(site: dict[str, bytes]) -> None:
    """RFC 5005, 4: from the feed back through the months that are over."""
    found, path, steps = set[str](), "feed.xml", 0
    while path:
        root = etree.fromstring(site[path])
        assert (root.find(f"{FH}archive") is not None) == (path != "feed.xml")
        found |= {_one(entry, f"{ATOM}id") for entry in root.findall(f"{ATOM}entry")}
        back = [link.get("href") for link in root.findall(f"{ATOM}link") if link.get("rel") == "prev-archive"]
        path, steps = back[0].removeprefix(f"{URL}/") if back else "", steps + 1
    assert steps == 3 and {one.rpartition("/")[2] for one in found} == {
        "tea", "meeting", "off", "form", "view", "garden", "old", "older",
    }  # fmt: skip


# --- calendars -------------------------------------------------------------------------------------------------------

Told = dict[str, tuple[str, str, str]]
"""UID's beginning → (title, start, status)."""


def by_icalendar(raw: bytes) -> Told:
    calendar = icalendar.Calendar.from_ical(raw)
    assert not calendar.errors
    return {
        str(e["UID"]).partition("@")[0]: (str(e["SUMMARY"]), _start(e["DTSTART"].dt), str(e.get("STATUS", "")))
        for e in calendar.walk("VEVENT")
    }


def by_vobject(raw: bytes) -> Told:
    calendar = vobject.readOne(raw.decode())
    calendar.validate(raiseException=True)
    return {
        e.uid.value.partition("@")[0]: (
            e.summary.value,
            _start(e.dtstart.value),
            e.status.value if hasattr(e, "status") else "",
        )
        for e in calendar.contents.get("vevent", [])
    }


def line_by_line(raw: bytes) -> Told:
    """RFC 5545 by hand: folded at 75 octets, one of each property, values unescaped."""
    assert raw.endswith(b"\r\n") and all(len(line) <= 75 for line in raw.split(b"\r\n"))
    found: Told = {}
    for part in raw.decode().replace("\r\n ", "").split("BEGIN:VEVENT\r\n")[1:]:
        lines = part.partition("END:VEVENT")[0].split("\r\n")[:-1]
        values = {re.split("[;:]", line)[0]: line.partition(":")[2] for line in lines}
        assert len(values) == len(lines) and {"UID", "DTSTAMP", "DTSTART", "SUMMARY"} <= values.keys()
        start = values["DTSTART"]
        told = f"{start[:4]}-{start[4:6]}-{start[6:8]}" + (f"T{start[9:11]}:{start[11:13]}" if "T" in start else "")
        title = re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], values["SUMMARY"])
        found[values["UID"].partition("@")[0]] = title, told, values.get("STATUS", "")
    return found


def _start(when: date | datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M}" if isinstance(when, datetime) else when.isoformat()


def test_every_feed_of_the_past_and_every_calendar_is_read_in_javascript_too(
    site: dict[str, bytes], in_javascript: dict[str, Any]
) -> None:
    calendars = [path for path in site if path.endswith(".ics")]
    months = [path for path in site if path.startswith("feed/")]
    assert len(calendars) > 5 and len(months) == 2
    for path in calendars:
        assert {uid: tuple(told) for uid, told in in_javascript[path].items()} == by_icalendar(site[path]), path
    for path in months:
        assert as_told(in_javascript[path]) == strictly(site[path])


@pytest.mark.parametrize("reader", [by_icalendar, by_vobject, line_by_line])
def test_every_calendar_is_read_alike(site: dict[str, bytes], reader: Callable[[bytes], Told]) -> None:
    assert reader(site["calendars/events.ics"]) == {
        "weekly-2025-01-14-off": ("Called off", "2025-03-01", "CANCELLED"),
        "weekly-2025-01-14-meeting": ("A meeting", "2025-07-14T09:00", ""),
    }
    assert reader(site["calendars/actions.ics"]) == {"weekly-2025-01-14-form": ("A form", "2025-01-31", "")}
    assert reader(site["calendars/consultations.ics"]) == {
        "weekly-2025-01-21-view": ("Your view", "2025-02-14T17:00", "")
    }
    assert reader(site["for/primary/calendar.ics"]) == {"weekly-2025-01-14-form": ("A form", "2025-01-31", "")}
    for path, raw in site.items():
        if path.endswith(".ics"):
            assert reader(raw) == line_by_line(raw)


def test_the_updates_own_dates_are_a_calendar(tmp_path: Path) -> None:
    from tests.builder.written import SETTINGS

    root = write_house(tmp_path, {})
    term = 'zone = "Europe/London"\nbank-holidays = "ENG"\n[[calendar.terms]]\nname = "Spring"\nfirst = 2025-01-06\nlast = 2025-02-14\n'
    (root / "bulletin.toml").write_text(SETTINGS.replace('zone = "Europe/London"\n', term), "utf-8")
    raw = site_of(root)["calendars/editions.ics"]
    told = by_icalendar(raw)
    assert told == by_vobject(raw) == line_by_line(raw)
    assert told["edition-weekly-2025-01-14"][1] == "2025-01-14T09:00" and "copy-weekly-2025-01-14" in told


def test_each_correction_raises_the_sequence_once_its_day_has_come(site: dict[str, bytes], tmp_path: Path) -> None:
    def sequence(held: dict[str, bytes]) -> int:
        (event,) = icalendar.Calendar.from_ical(held["items/meeting/event.ics"]).walk("VEVENT")
        return int(event["SEQUENCE"])

    assert sequence(site) == 2
    root = write_house(tmp_path, house())
    assert sequence(site_of(root, now=datetime(2025, 1, 15, tzinfo=ZONE))) == 0
    assert sequence(site_of(root, now=datetime(2025, 3, 21, tzinfo=ZONE))) == 3


def test_what_is_cancelled_says_so_and_is_not_coming_up(site: dict[str, bytes]) -> None:
    page = page_of(site, "items/off/")
    assert "This event has been cancelled. The hall is flooded." in page and "EventCancelled" in page
    assert "Called off" not in page_of(site, "").partition('id="coming"')[2].partition("</section>")[0]
