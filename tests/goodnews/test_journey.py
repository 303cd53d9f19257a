"""From a school's site to a draft in the edition, with what an editor has: the command line and the files."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from desk import stories
from desk.cli import main
from desk.house import open_press
from desk.settings import load
from goodnews.fetch import fetch
from goodnews.kept import fetch_again
from goodnews.rules import Waiting
from goodnews.settings import Source
from tests.editions import STARTER
from tests.goodnews.feeds import ATOM, WORDPRESS, item, rss
from tests.goodnews.payloads import SCRIPTS
from tests.goodnews.servers import says, serving, writes

TERM = '[[calendar.terms]]\nname = "Spring"\nfirst = 2025-01-06\nlast = 2025-04-04\n'
DAY = "2025-01-14"
BEFORE = "2025-01-09T09:00"  # Thursday, three hours before copy closes


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """The starter house with its one edition, in a term of that time."""
    folder = tmp_path / "house"
    shutil.copytree(STARTER, folder)
    text = (folder / "bulletin.toml").read_text("utf-8")
    before, _, rest = text.partition("[[calendar.terms]]")
    (folder / "bulletin.toml").write_text(f"{before}{TERM}\n{rest[rest.index('[audiences.phase]') :]}", "utf-8")
    return folder


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    file = tmp_path / "feed.xml"
    file.write_text(WORDPRESS, "utf-8")
    return file


def run(house: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["-C", str(house), *words], catch_exceptions=False)


def as_json(result: Result) -> Any:
    return json.loads(result.stdout)


def drafts(house: Path) -> dict[str, str]:
    found = (house / "content" / "weekly").glob("*/good-news/*-??????????.md")
    return {str(file.relative_to(house / "content" / "weekly")): file.read_text("utf-8") for file in found}


def press(house: Path) -> Any:
    return open_press(load(house, None, {}))


def test_a_feed_is_taken_read_by_the_builder_and_taken_no_second_time(house: Path, feed: Path) -> None:
    listed = as_json(run(house, "intake", "feeds", "--dry-run", "--from", str(feed), "--json"))
    assert [(s["title"], s["taken"]) for s in listed["stories"]] == [
        ("Year 4’s garden: a first harvest", False),
        ("A tent for quiet reading", False),
    ]

    taken = run(house, "stories", "take", "--from", str(feed), "--now", BEFORE, "--json")
    assert taken.exit_code == 0
    assert as_json(taken)["edition"] == f"weekly/{DAY}"
    assert as_json(taken)["begun"] == ""
    assert sorted(f"content/weekly/{name}" for name in drafts(house)) == sorted(as_json(taken)["files"])

    content = press(house).content
    assert all(finding.severity == "advice" for finding in content.findings)
    (garden,) = [i for e in content.editions for i in e.items if i.title.startswith("Year 4")]
    assert (garden.kind, garden.details.school, garden.draft) == ("good-news", "Example Primary School", True)
    assert garden.summary == "Year 4 picked their first winter lettuces on Friday."
    assert garden.body.endswith(
        "[Read this story on the website of Example Primary School](https://example-primary.example/2025/01/garden/)"
    )

    before = drafts(house)
    again = run(house, "stories", "take", "--from", str(feed), "--now", BEFORE)
    assert (again.exit_code, again.stdout) == (0, f"Nothing new for weekly/{DAY}.\n")
    assert drafts(house) == before
    assert all(
        s["taken"]
        for s in as_json(run(house, "intake", "feeds", "--dry-run", "--from", str(feed), "--json"))["stories"]
    )


def test_an_editor_who_accepts_the_draft_sees_it_in_the_letter(house: Path, feed: Path) -> None:
    run(house, "stories", "take", "weekly", DAY, "--from", str(feed))
    for name, text in drafts(house).items():
        (house / "content" / "weekly" / name).write_text(text.replace("draft: yes\n", ""), "utf-8")
    assert run(house, "build", "weekly", DAY, "--now", "2025-01-14T10:00").exit_code == 0
    letter = (house / "out" / "weekly" / DAY / "all.html").read_text("utf-8")
    assert "A tent for quiet reading" in letter
    assert "utm_source=rss" not in letter


def test_a_draft_shows_in_no_letter(house: Path, feed: Path) -> None:
    run(house, "stories", "take", "weekly", DAY, "--from", str(feed))
    assert run(house, "build", "weekly", DAY, "--now", "2025-01-14T10:00").exit_code == 0
    assert "quiet reading" not in (house / "out" / "weekly" / DAY / "all.html").read_text("utf-8")


def test_a_story_taken_for_one_edition_is_not_taken_for_another(house: Path, feed: Path) -> None:
    run(house, "stories", "take", "weekly", DAY, "--from", str(feed))
    assert "Nothing new" in run(house, "stories", "take", "weekly", "2025-01-21", "--from", str(feed)).stdout
    assert not (house / "content" / "weekly" / "2025-01-21").exists()


def test_an_edition_that_is_not_there_yet_is_begun_and_that_is_told(house: Path, feed: Path) -> None:
    result = run(house, "stories", "take", "--from", str(feed), "--now", "2025-01-09T13:00")
    assert "Begun: content/weekly/2025-01-21/edition.md" in result.stdout
    assert len([name for name in drafts(house) if name.startswith("2025-01-21/")]) == 2


def test_a_file_that_is_there_is_never_written_over(house: Path, feed: Path) -> None:
    run(house, "stories", "take", "weekly", DAY, "--from", str(feed))
    name, _ = sorted(drafts(house).items())[0]
    file = house / "content" / "weekly" / name
    gathered = stories.gather(press(house), [Source("", str(feed))])
    file.write_text("An editor's own words.", "utf-8")
    waiting = [Waiting(one.story, taken=False) for one in gathered.stories]
    written = stories.take(press(house), stories.Gathered(tuple(waiting), ()), "weekly", date(2025, 1, 14))
    assert not written.files
    assert file.read_text("utf-8") == "An editor's own words."
    assert not [path for path in file.parent.iterdir() if path.name.startswith(".")]


def test_a_file_system_without_links_gets_its_drafts_too(
    house: Path, feed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.link", refuse)
    for _ in range(2):
        run(house, "stories", "take", "weekly", DAY, "--from", str(feed))
    assert len(drafts(house)) == 2
    assert all(text.startswith("---\ntitle: ") for text in drafts(house).values())


def test_every_payload_becomes_a_draft_that_the_builder_reads_and_shows_as_words(house: Path, tmp_path: Path) -> None:
    feed = tmp_path / "evil.xml"
    evil = [p.replace("]]>", "") for p in SCRIPTS]
    feed.write_bytes(
        rss(*(item(f"<![CDATA[Story {n} {p}]]>", p, f"https://school.example/{n}") for n, p in enumerate(evil)))
    )
    taken = run(house, "stories", "take", "weekly", DAY, "--from", str(feed), "--json")
    assert len(as_json(taken)["files"]) == len(evil)
    assert all(finding.severity == "advice" for finding in press(house).content.findings)
    for name, text in drafts(house).items():
        (house / "content" / "weekly" / name).write_text(text.replace("draft: yes\n", ""), "utf-8")
    assert run(house, "build", "weekly", DAY, "--now", "2025-01-14T10:00").exit_code == 0
    letter = (house / "out" / "weekly" / DAY / "all.html").read_text("utf-8")
    links = re.findall(r'(?:href|src)="([^"]*)"', letter)
    assert not [link for link in links if not re.match(r"https?://|mailto:|tel:|#|\[\[[a-z]+\]\]$", link)]
    assert not re.findall(r"<script|<iframe|<object|<[a-z][^<>]*\son\w+=", letter)
    assert not [link for link in links if "evil.example" in link and "[[" in link]


# --- feeds of bulletin.toml, over HTTP -----------------------------------------------------------------------------------


def listing(house: Path, *feeds: tuple[str, str]) -> None:
    entries = ", ".join(f'{{ school = "{school}", url = "{url}" }}' for school, url in feeds)
    with (house / "bulletin.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[goodnews]\nfeeds = [{entries}]\n")


def test_one_broken_feed_stops_no_other(house: Path) -> None:
    names = ("good", "gone", "page", "inside", "hangs", "atom")
    sources = [Source(name, f"http://{name}.example/{name}") for name in names]
    pages = {
        "/good": says(WORDPRESS.encode()),
        "/gone": says(b"", 410),
        "/page": says(b"<html></html>"),
        "/hangs": writes(b""),
        "/atom": says(ATOM.encode()),
    }
    with serving(pages) as web:
        web.names["inside.example"] = ["10.0.0.1"]
        found = stories.gather(press(house), sources, partial(fetch, net=web.net()))
    assert [one.story.school for one in found.stories] == ["good", "good", "atom", "atom"]
    assert [trouble.source.school for trouble in found.troubles] == ["gone", "page", "inside", "hangs"]
    assert found.failed
    written = stories.take(press(house), found, "weekly", date(2025, 1, 14))
    assert len(written.files) == 4


def test_a_feed_without_news_is_not_sent_again_and_still_listed(house: Path) -> None:
    table = {
        "feeds": [{"school": "A", "url": "http://a.example/feed"}, {"school": "B", "url": "http://b.example/atom"}]
    }
    at = open_press(load(house, None, {}), now=press(house).now.replace(year=2025, month=1, day=10))

    def atom(handler: BaseHTTPRequestHandler) -> None:
        known = handler.headers["If-None-Match"] == '"1"'
        says(b"" if known else ATOM.encode(), 304 if known else 200, ETag='"1"')(handler)

    with serving({"/feed": says(WORDPRESS.encode()), "/atom": atom}) as web:
        ask = partial(fetch_again, folder=house / "var", ask=partial(fetch, net=web.net()))
        look = partial(stories.look, at, table, fetch=ask)
        assert [w.story.school for w in look().stories] == ["A", "A", "B", "B"]
        assert [w.story.school for w in look("b").stories] == ["B", "B"]
    assert web.seen.requests[-1][2]["If-None-Match"] == '"1"'


def test_stories_older_than_the_settings_say_stay_where_they_are(house: Path) -> None:
    table = {"feeds": [{"school": "A", "url": "http://a.example/feed"}], "oldest-days": 3}
    at = open_press(load(house, None, {}), now=press(house).now.replace(year=2025, month=1, day=12, hour=9))
    with serving({"/feed": says(WORDPRESS.encode())}) as web:
        found = stories.look(at, table, fetch=partial(fetch, net=web.net()))
    assert [w.story.title for w in found.stories] == ["Year 4’s garden: a first harvest"]


def test_a_feed_inside_the_network_is_told_and_the_exit_says_so(house: Path) -> None:
    listing(house, ("Example School", "http://127.0.0.1:8080/feed"))
    result = run(house, "intake", "feeds", "--dry-run")
    assert result.exit_code == 1
    assert 'Example School: The feed is refused: "127.0.0.1" is not on the public Internet' in result.stderr
    taken = run(house, "stories", "take", "weekly", DAY, "--json")
    assert taken.exit_code == 1
    assert [problem["stops"] for problem in as_json(taken)["problems"]] == [True]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["take", "weekly", DAY], "lists no feeds"),
        (["take", "wekly", DAY, "--from", "{feed}"], 'Did you mean "weekly"?'),
        (["take", "--from", "{feed}", "--now", "2031-01-01"], "no coming edition"),
        (["take", "weekly", "14.1.2025", "--from", "{feed}"], "is not a date"),
    ],
)
def test_what_cannot_be_done_is_told(house: Path, feed: Path, words: list[str], told: str) -> None:
    result = run(house, "stories", *(word.format(feed=feed) for word in words))
    assert result.exit_code != 0
    assert told in result.stderr


def test_a_school_that_has_no_feed_is_told_with_a_guess(house: Path) -> None:
    listing(house, ("Example School", "http://127.0.0.1/feed"))
    assert (
        'Did you mean "Example School"?'
        in run(house, "intake", "feeds", "--dry-run", "--school", "Exmple School").stderr
    )


def test_mistakes_in_the_settings_are_told(house: Path) -> None:
    listing(house, ("Example School", "school.example/feed"))
    result = run(house, "intake", "feeds", "--dry-run")
    assert result.exit_code == 1
    assert '[goodnews] feeds, entry 1: "school.example/feed" is not a web address' in result.stderr


@pytest.mark.parametrize("place", ["nowhere.xml", "."])
def test_a_file_that_cannot_be_read_is_told(house: Path, place: str) -> None:
    result = run(house, "intake", "feeds", "--dry-run", "--from", place)
    assert result.exit_code == 1
    assert "cannot be read" in result.stderr
