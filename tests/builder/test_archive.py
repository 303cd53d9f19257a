"""Which pages there are, what stands on them, and when."""

from __future__ import annotations

import posixpath
import re
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from builder.archive import archive, html
from builder.archive.items import dead_links
from builder.archive.standfirst import listed, short, softened, standfirst
from builder.press import Press
from builder.templates import read_words
from desk.settings import load
from tests.builder.crawl import crawl
from tests.builder.written import TEMPLATES, URL, ZONE, item, open_written, page_of, picture, site_of, write_house

ROOT = Path(__file__).parents[2]
WEEK = "weekly/2025-01-14"
EVENT = item("A meeting", kind="event", starts="14 February 2025, 10am", ends="14 February 2025, 4pm", venue="Hall")


def of_kinds() -> dict[str, str | bytes]:
    return {
        f"{WEEK}/hello.md": item("Hello", kind="message", signed="Ann Example\n  Director"),
        f"{WEEK}/census.md": item("Census: send it", kind="action", action_by="31 January 2025", reference="1/25"),
        f"{WEEK}/news.md": item("Some news", "## A part\n\nWords.\n\n### A smaller part\n\nMore.", summary="In short."),
        f"{WEEK}/meeting.md": EVENT,
        f"{WEEK}/good-news/garden.md": item(
            "A garden",
            school="Example School",
            image="images/a.png",
            alt="A garden.",
            credit="The school",
            photo_consent="no people",
        ),
        f"{WEEK}/good-news/images/a.png": picture(),
    }


@pytest.fixture
def house(tmp_path: Path) -> Path:
    return write_house(tmp_path / "house", of_kinds())


def test_every_page_has_its_place(house: Path) -> None:
    paths = set(site_of(house))
    assert {
        "index.html", "404.html", "style.css", "icon.svg", "feed.xml", "sitemap.xml", "robots.txt",
        "editions/index.html", "editions/2025-01-14/index.html", "items/hello/index.html", "items/garden/index.html",
        "items/meeting/event.ics",
    } <= paths  # fmt: skip
    assert [path for path in paths if path.startswith("images/")]
    assert not [path for path in paths if path.startswith("/") or ".." in path]


def test_an_edition_is_titled_by_its_date_and_lists_what_is_on_the_page(house: Path) -> None:
    page = page_of(site_of(house), "editions/2025-01-14/")
    assert "<h1>Tuesday 14 January 2025</h1>" in page
    ids = set(re.findall(r'\bid="([^"]+)"', page))
    links = re.findall(r'href="#([^"]+)"', page)
    assert {"item-hello", "item-census", "item-news", "item-meeting", "item-garden", "section-news"} <= set(links)
    assert set(links) <= ids


def test_headings_go_down_one_level_at_a_time_on_every_page(house: Path) -> None:
    write_house(
        house, {"documents/vision.md": "---\ntitle: A vision\n---\n## One\n\nx\n\n### Two\n\nx\n\n## One\n\nx\n"}
    )
    for path, content in site_of(house).items():
        if path.endswith(".html"):
            levels = [int(level) for level in re.findall(r"<h([1-6])\b", content.decode())]
            assert levels.count(1) == 1 and levels[0] == 1, path
            assert all(after <= before + 1 for before, after in pairwise(levels)), (path, levels)


def test_no_page_has_a_style_or_a_script_of_its_own(house: Path) -> None:
    table = "Table: Numbers\n\n| a | b |\n| --- | --: |\n| 1 | 2 |\n"
    write_house(house, {f"{WEEK}/table.md": item("A table", f"{table}\n![A plan](good-news/images/a.png)")})
    site = site_of(house)
    for path, content in site.items():
        if path.endswith(".html"):
            text = content.decode()
            assert " style=" not in text and " on" not in re.sub(r">[^<]*<", "><", text).lower().split("<body")[0], path
            own = {'<script type="application/ld+json">'}
            if path == "search/index.html":
                own |= set(re.findall(r'<script src="\.\./search/search\.js\?v=[0-9a-f]{10}" defer>', text))
                assert len(own) == 2
            assert set(re.findall(r"<script\b[^>]*>", text)) <= own, path
    assert '<td class="right">2</td>' in page_of(site, "items/table/")


SERVED = ("subscribe", "useful", "send-good-news")  # pages of the running site, not files


def leading_nowhere(site: dict[str, bytes]) -> list[tuple[str, str]]:
    """(page, link) for each link or picture of a page that no file of the site answers."""
    found = []
    for path, content in site.items():
        for target in re.findall(r'<(?:a|img) [^>]*?(?:href|src)="(\.[^"#?]*)', content.decode("utf-8", "ignore")):
            place = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
            if (
                place not in site
                and posixpath.normpath(f"{place}/index.html") not in site
                and place.split("/")[0] not in SERVED
            ):
                found.append((path, target))
    return found


def test_links_inside_the_site_are_relative_and_lead_to_its_files(house: Path) -> None:
    site = site_of(house)
    assert leading_nowhere(site) == []
    assert not [
        p for p, c in site.items() if p.endswith("index.html") and f'"{URL}/' in c.decode().partition("<body")[2]
    ]
    assert leading_nowhere({**site, "x/index.html": b'<a href="../gone/">x</a>'}) == [("x/index.html", "../gone/")]


def test_an_edition_shows_from_its_sending_moment(house: Path) -> None:
    before = site_of(house, now=datetime(2025, 1, 14, 8, 59, tzinfo=ZONE))
    assert "editions/2025-01-14/index.html" not in before and "items/news/index.html" not in before
    assert b"Some news" not in b"".join(before.values())
    assert "items/news/index.html" in site_of(house, now=datetime(2025, 1, 14, 9, 0, tzinfo=ZONE))


def test_an_empty_house_has_a_kind_home(tmp_path: Path) -> None:
    site = site_of(write_house(tmp_path, {}))
    words = read_words((TEMPLATES,))["web"]
    assert words["nothing"] in page_of(site, "") and words["nothing-yet"] in page_of(site, "")
    assert {"index.html", "editions/index.html", "feed.xml", "404.html"} <= set(site)


def test_an_edition_for_subscribers_only_says_so_kindly(tmp_path: Path) -> None:
    root = write_house(tmp_path, {f"{WEEK}/secret.md": item("Secret", visibility="subscribers")})
    page = page_of(site_of(root), "editions/2025-01-14/")
    assert read_words((TEMPLATES,))["web"]["hidden"] in page
    assert 'id="contents"' not in page


def test_a_guest_has_one_permalink_and_stands_in_both_editions(house: Path) -> None:
    write_house(
        house,
        {
            "send/2025-01-13/first.md": item("First"),
            "send/2025-01-13/guest.md": item("A guest", also=WEEK),
            "send/2025-01-13/last.md": item("Last", weight="90"),
        },
    )
    site = site_of(house)
    assert "items/guest/index.html" not in site
    page = page_of(site, "send/items/guest/")
    assert "Tuesday 14 January 2025" in page and "Monday 13 January 2025" in page
    assert 'href="../../../send/items/first/" rel="prev"' in page and 'items/last/" rel="next"' in page
    assert "send/items/guest/" in page_of(site, "editions/2025-01-14/")
    assert "send/items/guest/" in page_of(site, "send/editions/2025-01-13/")


def test_an_excerpt_shows_its_originals_words_and_links_to_it(house: Path) -> None:
    excerpt = "---\nkind: excerpt\nexcerpt-of: send/2025-01-13/whole\n---\nAs we said:\n"
    whole = item("The whole", "First paragraph.\n\nSecond paragraph.")
    write_house(house, {"send/2025-01-13/whole.md": whole, f"{WEEK}/part.md": excerpt})
    page = page_of(site_of(house), "items/part/")
    assert "As we said:" in page and "First paragraph." in page and "Second paragraph." not in page
    assert 'href="../../send/items/whole/"' in page


def test_an_expired_item_stays_with_a_banner_and_leaves_what_is_coming(house: Path) -> None:
    write_house(
        house, {f"{WEEK}/soon.md": item("Soon over", kind="event", starts="1 March 2025", expires="20 January 2025")}
    )
    site = site_of(house)
    assert read_words((TEMPLATES,))["web"]["expired"] in page_of(site, "items/soon/")
    coming = page_of(site, "").partition('id="coming"')[2].partition("</section>")[0]
    assert "A meeting" in coming and "Soon over" not in coming


def test_what_is_over_says_so(house: Path) -> None:
    words = read_words((TEMPLATES,))["web"]
    site = site_of(house, now=datetime(2025, 2, 14, 16, 0, tzinfo=ZONE))
    assert words["over-event"] in page_of(site, "items/meeting/")
    assert words["over-action"] in page_of(site, "items/census/")
    assert words["over-event"] not in page_of(site_of(house), "items/meeting/")


def test_a_photo_without_consent_for_the_web_is_on_no_page(house: Path) -> None:
    headers = {"image": "images/b.png", "alt": "A child.", "school": "S", "photo_consent": "email (Head, 1 May 2024)"}
    story = item("A story", "Words.\n\n![Again](images/b.png)", **headers)
    write_house(house, {f"{WEEK}/good-news/story.md": story, f"{WEEK}/good-news/images/b.png": picture("red")})
    site = site_of(house)
    assert "A story" in page_of(site, "items/story/")
    assert "<img" not in page_of(site, "items/story/")
    write_house(house, {f"{WEEK}/good-news/story.md": story.replace("(Head, 1 May 2024)", ", web (Head, 1 May 2024)")})
    agreed = site_of(house)
    assert "<img" in page_of(agreed, "items/story/")
    assert {path for path in site if path.startswith("images/")} == {
        path for path in agreed if path.startswith("images/")
    }


def test_a_documents_contents_lead_to_its_headings_and_stay_put(tmp_path: Path) -> None:
    body = "---\ntitle: A vision\nupdated: 9 December 2024\n---\n## Why\n\nx\n\n### Money\n\nx\n\n## Why\n\nx\n"
    page = page_of(site_of(write_house(tmp_path, {"documents/vision.md": body})), "documents/vision/")
    for name in ("why", "money", "why-2"):
        assert f'href="#{name}"' in page and f'id="{name}"' in page


def test_deleting_the_site_and_the_caches_gives_the_same_bytes(house: Path, tmp_path: Path) -> None:
    first = site_of(house, kept=tmp_path / "kept-1")
    assert first == site_of(house, kept=tmp_path / "kept-1") == site_of(house, kept=tmp_path / "kept-2")


def test_in_the_shipped_content_no_link_leads_nowhere_and_every_file_is_led_to(tmp_path: Path) -> None:
    press = Press(ROOT, load(ROOT, None, {}).house, (TEMPLATES,), datetime(2025, 7, 1, tzinfo=ZONE), tmp_path)
    site = {path: partial(bytes, content) for path, content in archive(press)}
    told = crawl(site, press.house.publisher.url, ("subscribe", "send-good-news", "useful/*/*/*"))
    assert (told.broken, told.unreached) == ([], [])
    assert told.links > 5_000


# --- the standfirst --------------------------------------------------------------------------------------------------


def test_the_standfirst_names_one_of_each_kind(house: Path) -> None:
    press = open_written(house)
    words = {**press.renderer.words["web"], "soft": "A Some"}
    items = press.items(press.content.editions[0])
    assert standfirst(items, words) == "Including a message from Ann Example, a meeting and some news."
    assert standfirst(items[:1], words) == "Including a message from Ann Example."
    assert standfirst((), words) == ""


def test_a_list_with_commas_inside_is_told_with_semicolons() -> None:
    assert listed(["a"], "and") == "a"
    assert listed(["a", "b"], "and") == "a and b"
    assert listed(["a, or b", "c", "d"], "and") == "a, or b; c; and d"


def test_a_title_is_told_short() -> None:
    assert short("Spring school census: submit by Friday") == "Spring school census"
    assert short("SEND: Element 3 funding") == "SEND: Element 3 funding"
    assert short("All done.") == "All done"
    assert softened("The hall", "A The") == "the hall" and softened("Theo wins", "A The") == "Theo wins"


# --- bodies ----------------------------------------------------------------------------------------------------------


def test_a_link_to_what_is_not_public_loses_its_address_and_keeps_its_words() -> None:
    dead = dead_links(URL, lambda *place: place == ("", "items", "here"))
    body = f'<p><a href="{URL}/items/here/">a</a> <a href="{URL}/items/gone/">b</a> <a href="gone.md">c</a></p>'
    assert html.for_page(body, dead, "Table") == f'<p><a href="{URL}/items/here/">a</a> b c</p>'
    assert dead(f"{URL.upper()}/items/gone/event.ics?x#y") and dead(f"{URL}/editions/2030-01-01")
    assert not dead(f"{URL}/subscribe") and not dead("https://elsewhere.example/items/gone/")


def test_words_that_look_like_a_style_stay_words() -> None:
    text = '<p>Write style="x" here</p><table><thead></thead></table>'
    assert 'Write style="x" here' in html.for_page(text, lambda _: False, "Table")


def test_forbidden_characters_reach_no_file() -> None:
    assert html.to_bytes("a\x00b\x0bc\ud800d") == b"abcd"
