"""The Atom feeds, the sitemap, structured data and the calendar files, read by programs that did not write them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from xml.etree import ElementTree

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as some

from builder.archive import ics
from builder.kinds import Event
from builder.model import Moment
from tests.builder.written import URL, ZONE, item, page_of, picture, site_of, write_house

WEEK = "weekly/2025-01-14"
TITLE = "Tea & <b>cake</b>: \"two\" 'for' one; a, b \\ c </script><script>alert(1)</script>"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    files: dict[str, str | bytes] = {
        f"{WEEK}/tea.md": item(TITLE, "Tea.\n\n![Cups](cups.png)", summary="In short", weight="10"),
        f"{WEEK}/cups.png": picture(),
        f"{WEEK}/meeting.md": item(
            TITLE,
            kind="event",
            starts="14 July 2025, 10am",
            ends="14 July 2025, 4pm",
            venue="Hall; room 1, first floor",
        ),
        f"{WEEK}/days.md": item("Days", kind="event", starts="14 July 2025", ends="16 July 2025"),
        "weekly/2025-01-21/later.md": item("Later", also=WEEK, release="2025-01-22 08:00"),
        "send/2025-01-13/guest.md": item("A guest", also="weekly/2025-01-21"),
    }
    return site_of(write_house(tmp_path_factory.mktemp("house"), files))


def test_a_feed_reader_finds_every_item_once_newest_first(site: dict[str, bytes]) -> None:
    feed = feedparser.parse(site["feed.xml"])
    assert not feed.bozo and feed.version == "atom10"
    assert {entry.link.removeprefix(URL) for entry in feed.entries} == {
        "/items/later/", "/items/tea/", "/items/meeting/", "/items/days/", "/send/items/guest/",
    }  # fmt: skip
    moments = [entry.published for entry in feed.entries]
    assert moments == sorted(moments, reverse=True)
    assert feed.entries[0].link == f"{URL}/items/later/" and moments[0] == "2025-01-22T08:00:00Z"
    assert feed.feed.updated == moments[0]


def test_entries_have_lasting_ids_and_their_whole_text(site: dict[str, bytes]) -> None:
    entries = {entry.link: entry for entry in feedparser.parse(site["feed.xml"], sanitize_html=False).entries}
    tea = entries[f"{URL}/items/tea/"]
    assert tea.id == "tag:updates.example,2025-01-14:weekly/tea"
    assert tea.title_detail.value == TITLE and tea.title_detail.type == "text/plain"
    assert "<p>Tea.</p>" in tea.content[0].value and f'src="{URL}/images/' in tea.content[0].value
    guest = entries[f"{URL}/send/items/guest/"]
    assert guest.id == "tag:updates.example,2025-01-13:send/guest"


def test_every_feed_and_the_sitemap_are_well_formed(site: dict[str, bytes]) -> None:
    for path, content in site.items():
        if path.endswith(".xml"):
            ElementTree.fromstring(content)
    maps = re.findall(r"<loc>([^<]+)</loc>", site["sitemap.xml"].decode())
    told = [place for one in maps for place in re.findall(r"<loc>([^<]+)</loc>", site[one[len(URL) + 1 :]].decode())]
    places = set(told)
    assert len(told) == len(places)
    pages = {path.removesuffix("index.html") for path in site if path.endswith("index.html")}
    assert places == {f"{URL}/{folder}" for folder in pages}
    assert f"Sitemap: {URL}/sitemap.xml" in site["robots.txt"].decode()


def test_structured_data_is_json_that_cannot_leave_its_element(site: dict[str, bytes]) -> None:
    page = page_of(site, "items/meeting/")
    (text,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert "<" not in text
    event, crumbs = json.loads(text)["@graph"]
    assert (event["@type"], event["name"]) == ("Event", TITLE)
    assert event["startDate"] == "2025-07-14T10:00:00+01:00" and event["endDate"] == "2025-07-14T16:00:00+01:00"
    assert [place["name"] for place in crumbs["itemListElement"]] == ["Home", "Tuesday 14 January 2025", TITLE]


def test_a_page_tells_its_own_address(site: dict[str, bytes]) -> None:
    page = page_of(site, "items/tea/")
    assert f'<link rel="canonical" href="{URL}/items/tea/">' in page
    assert f'<meta property="og:url" content="{URL}/items/tea/">' in page
    assert 'rel="canonical"' not in site["404.html"].decode()


# --- calendars -------------------------------------------------------------------------------------------------------


def unfolded(content: bytes) -> list[str]:
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    return content.decode().replace("\r\n ", "").removesuffix("\r\n").split("\r\n")


def test_an_event_in_summer_is_told_in_utc(site: dict[str, bytes]) -> None:
    lines = unfolded(site["items/meeting/event.ics"])
    assert {
        "DTSTART:20250714T090000Z",
        "DTEND:20250714T150000Z",
        "UID:weekly-2025-01-14-meeting@updates.example",
    } <= set(lines)
    assert "LOCATION:Hall\\; room 1\\, first floor" in lines
    assert lines[0] == "BEGIN:VCALENDAR" and lines[-1] == "END:VCALENDAR"


def test_whole_days_end_on_the_day_after(site: dict[str, bytes]) -> None:
    lines = unfolded(site["items/days/event.ics"])
    assert {"DTSTART;VALUE=DATE:20250714", "DTEND;VALUE=DATE:20250717"} <= set(lines)


LINE = some.text(some.characters(exclude_categories=("Cs", "Cc")), max_size=300)


@given(LINE)
def test_folding_cuts_no_character_and_loses_none(text: str) -> None:
    folded = ics.folded(text)
    assert all(len(part.encode()) <= 75 for part in folded.split("\r\n"))
    assert folded.replace("\r\n ", "") == text


@given(some.text(max_size=200))
def test_no_title_can_write_a_line_of_its_own(title: str) -> None:
    entry = ics.Entry(
        uid="x", stamp=datetime(2025, 1, 1, tzinfo=UTC), title=title.encode("utf-8", "ignore").decode(), text="", url="u",
        details=Event(Moment(datetime(2025, 1, 1, tzinfo=UTC).date())),
    )  # fmt: skip
    lines = unfolded(ics.calendar("P", [ics.component(entry, ZONE)]))
    names = [re.split("[:;]", line)[0] for line in lines]
    assert names == [
        "BEGIN", "VERSION", "PRODID", "METHOD", "BEGIN", "UID", "DTSTAMP", "SEQUENCE", "DTSTART", "DTEND", "SUMMARY", "URL", "END", "END",
    ]  # fmt: skip
