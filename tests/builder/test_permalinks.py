"""F7: an address that was ever published answers for ever: with its page, with the way to it, or with "taken down"."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from datetime import date, datetime
from pathlib import Path

import pytest

from builder.addresses import FILE, as_address, new_lines, read_register, worth_keeping
from builder.archive import archive
from builder.content import read_content
from builder.model import Finding
from desk.settings import load
from tests.builder.written import NOW, URL, item, open_written, page_of, site_of, write_house
from tests.editions import ROOT, open_press

GOLDEN = Path(__file__).parents[1] / "golden" / "permalinks.txt"
WEEK = "weekly/2025-01-14"
EDITION = f"{WEEK}/edition.md"
SUBJECT = "---\nsubject: A subject\n---\n"


@pytest.fixture
def house(tmp_path: Path) -> Path:
    return tmp_path


def written(house: Path, files: dict[str, str | bytes], register: str = "") -> None:
    write_house(house, {EDITION: SUBJECT, **files})
    (house / FILE).write_text(register, "utf-8")


def site(house: Path, files: dict[str, str | bytes], register: str = "") -> dict[str, bytes]:
    written(house, files, register)
    return site_of(house)


def faults(house: Path, files: dict[str, str | bytes], register: str = "") -> list[Finding]:
    written(house, files, register)
    found = read_content(house, load(house, None, {}).house).findings
    return [
        f for f in found if f.code in {"address-lost", "formerly-taken", "taken-down", "bad-permalink", "bad-value"}
    ]


def test_every_address_ever_shipped_still_answers(kept: Path) -> None:
    shipped, wrong = read_register(GOLDEN.read_text())
    held, _ = read_register((ROOT / FILE).read_text())
    press = open_press(ROOT, kept, now=datetime(2025, 1, 22, 9, tzinfo=NOW.tzinfo))
    files = dict(archive(press))
    assert not wrong and not press.content.findings and len(shipped.first) > 80
    assert shipped.first.keys() <= held.first.keys()
    led = json.loads(files.get("_redirects.json", b'{"moved": {}, "gone": []}'))
    for address in shipped.first:
        path = f"{address}index.html" if address.endswith("/") or not address else address
        assert path in files or f"/{address}" in {*led["moved"], *led["gone"]}, address


def test_a_renamed_item_leads_on_by_page_and_by_server(house: Path) -> None:
    files = site(house, {f"{WEEK}/new.md": item("A title", formerly="old, /2019/news.html")}, "2025-01-14 items/old/\n")
    stub = page_of(files, "items/old/")
    assert '<meta http-equiv="refresh" content="0; url=../../items/new/">' in stub
    assert f'<link rel="canonical" href="{URL}/items/new/">' in stub and 'href="../../items/new/"' in stub
    assert b"items/new/" in files["2019/news.html"]
    assert b"/items/old/ /items/new/ 301\n" in files["_redirects"]
    assert b"  /items/old/ /items/new/;\n" in files["_redirects.nginx"]
    entry = ET.fromstring(files["_redirects.iis.config"]).find(
        "rewriteMap[@name='BulletinMoved']/add[@key='/items/old/']"
    )
    assert entry is not None and entry.get("value") == "/items/new/"
    assert b"items/old" not in files["sitemap.xml"] and b"items/old" not in files["feed.xml"]


def test_an_address_that_would_vanish_blocks_and_says_what_to_do(house: Path) -> None:
    renamed = {f"{WEEK}/summit-of-inclusion.md": item("A title"), f"{WEEK}/kept.md": item("Kept")}
    register = "2025-01-14 items/kept/\n2025-01-14 items/summit-for-inclusion/\n"
    (found,) = faults(house, renamed, register)
    assert (found.file, found.line, found.severity) == (FILE, 2, "block")
    assert (
        "formerly: summit-for-inclusion" in found.message and f"content/{WEEK}/summit-of-inclusion.md" in found.message
    )
    assert "bulletin takedown /items/summit-for-inclusion/" in found.message
    renamed[f"{WEEK}/summit-of-inclusion.md"] = item("A title", formerly="summit-for-inclusion")
    assert not faults(house, renamed, register)


@pytest.mark.parametrize("header", [{"draft": "yes"}, {"visibility": "subscribers"}])
def test_what_was_public_cannot_be_hidden_quietly(house: Path, header: dict[str, str]) -> None:
    assert [f.code for f in faults(house, {f"{WEEK}/a.md": item("A", **header)}, "2025-01-14 items/a/")] == [
        "address-lost"
    ]


def test_editions_and_documents_that_were_renamed_lead_on_too(house: Path) -> None:
    files: dict[str, str | bytes] = {
        "weekly/2025-01-21/edition.md": "---\nsubject: A subject\nformerly: 2025-01-20\n---\n",
        "documents/vision.md": "---\ntitle: A vision\nformerly: draft-vision\n---\nWords.\n",
    }
    register = "2025-01-14 editions/2025-01-20/\n2025-01-14 documents/draft-vision/\n"
    assert not faults(house, files, register)
    built = site_of(house)
    assert b"/editions/2025-01-20/ /editions/2025-01-21/ 301" in built["_redirects"]
    assert b"/documents/draft-vision/ /documents/vision/ 301" in built["_redirects"]


def test_a_chain_of_names_leads_to_its_end_and_what_stood_below_goes_along(house: Path) -> None:
    event = item("E", kind="event", starts="14 February 2025, 10am", formerly="second")
    register = "2025-01-14 items/first/\n2025-01-14 items/first/event.ics\n2025-01-14 items/first/ -> items/second/\n"
    moved = json.loads(site(house, {f"{WEEK}/third.md": event}, register)["_redirects.json"])["moved"]
    assert moved["/items/first/"] == "/items/third/" and moved["/items/first/event.ics"] == "/items/third/event.ics"


def test_what_was_taken_down_says_so_also_under_its_former_names(house: Path) -> None:
    register = (
        "2025-01-14 items/a/\n2025-01-14 items/a/ -> items/b/\n2025-01-15 items/b/ gone\n2025-01-14 items/b/x.ics\n"
    )
    files = site(house, {f"{WEEK}/other.md": item("Other")}, register)
    for address in ("items/a/", "items/b/"):
        page = page_of(files, address)
        assert "noindex" in page and "taken down" in page and "canonical" not in page
    told = json.loads(files["_redirects.json"])
    assert told["gone"] == ["/items/a/", "/items/b/", "/items/b/x.ics"] and told["moved"] == {}


def test_what_was_taken_down_cannot_come_back_by_accident_but_can_by_a_line(house: Path) -> None:
    files: dict[str, str | bytes] = {f"{WEEK}/a.md": item("A")}
    (found,) = faults(house, files, "2025-01-14 items/a/ gone\n")
    assert (found.code, found.file) == ("taken-down", f"content/{WEEK}/a.md")
    assert not faults(house, files, "2025-01-14 items/a/ gone\n2025-01-16 items/a/\n")


def test_lists_and_feeds_that_end_lead_to_the_page_above_them(house: Path) -> None:
    register = "2025-01-14 audiences/heads/page/2/\n2025-01-14 send/feed.xml\n2030-01-01 later/\n"
    files = site(house, {f"{WEEK}/a.md": item("A")}, register)
    assert json.loads(files["_redirects.json"])["moved"] == {"/audiences/heads/page/2/": "/", "/send/feed.xml": "/"}
    assert "send/feed.xml" not in files and 'url=../../../../"' in page_of(files, "audiences/heads/page/2/")


def test_one_address_cannot_lead_to_two_pages(house: Path) -> None:
    two = {
        f"{WEEK}/a.md": item("A", formerly="b"),
        f"{WEEK}/b.md": item("B", formerly="c"),
        f"{WEEK}/d.md": item("D", formerly="c"),
    }
    assert [(f.code, f.file[-4:]) for f in faults(house, {**two})] == [
        ("formerly-taken", "a.md"),
        ("formerly-taken", "d.md"),
    ]


@pytest.mark.parametrize("name", ["../x", "https://other.example/", "a b\u202e", "x" * 400, "a/../b", "<script>"])
def test_no_line_and_no_header_leads_out_of_the_site(house: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        as_address(name)
    assert faults(house, {}, f"2025-01-14 items/a/ -> {name}\n")


@pytest.mark.parametrize("line", ["items/a/", "2025-13-01 items/a/", "2025-01-14 items/a/ lost", "2025-01-14"])
def test_a_line_that_says_nothing_is_told_with_its_number(line: str) -> None:
    register, (found,) = read_register(f"# words\n{line}\n")
    assert not register.first and (found.line, found.severity) == (2, "block")


def test_a_circle_of_names_ends(house: Path) -> None:
    register = "2025-01-14 items/a/ -> items/b/\n2025-01-14 items/b/ -> items/a/\n"
    assert page_of(site(house, {f"{WEEK}/x.md": item("X")}, register), "items/a/")


def test_the_register_keeps_pages_feeds_and_calendars_and_nothing_twice() -> None:
    paths = [
        "index.html",
        "items/a/index.html",
        "feed.xml",
        "a/b.ics",
        "images/x.png",
        "sitemap.xml",
        "404.html",
        "_redirects.json",
    ]
    kept = worth_keeping(paths)
    assert kept == ["", "a/b.ics", "feed.xml", "items/a/"]
    register, _ = read_register("2025-01-14 feed.xml\n")
    assert new_lines(register, kept, date(2025, 1, 15)) == "2025-01-15 a/b.ics\n2025-01-15 items/a/\n"


def test_a_site_in_a_folder_of_its_host_tells_servers_whole_paths(house: Path) -> None:
    write_house(house, {EDITION: SUBJECT, f"{WEEK}/new.md": item("A", formerly="old")})
    settings = house / "bulletin.toml"
    settings.write_text(settings.read_text().replace(f'"{URL}"', f'"{URL}/news"'))
    files = dict(archive(open_written(house)))
    assert b"/news/items/old/ /news/items/new/ 301" in files["_redirects"]
    assert re.search(rb'url=\.\./\.\./items/new/"', files["items/old/index.html"])
