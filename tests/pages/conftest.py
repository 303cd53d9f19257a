"""A site with every kind of page in it, built once and served."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.builder.written import item, picture, site_of, write_house
from tests.pages.served import served

WEEK = "weekly/2025-01-14"
LONG = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch" * 2
TABLE = "Table: Numbers\n\n| Which one | How many | What it means for you |\n| --- | --: | --- |\n| Primary schools | 12 | Something rather long |\n"

FILES: dict[str, str | bytes] = {
    f"{WEEK}/hello.md": item("A word to start with", "Words.\n\n## A part\n\nMore words.", kind="message", signed="Ann Example\n  Director"),
    f"{WEEK}/census.md": item("Census: send it", kind="action", action_by="31 January 2025", returns_to="a@example.org", reference="1/25"),
    f"{WEEK}/news.md": item("Some news", f"Words and a [link](hello.md).\n\n{TABLE}\n\n![Plan](a.png)", related="hello, census", contact="Ann, 01632 960000, a@example.org"),
    f"{WEEK}/long.md": item(LONG, f"{LONG} https://example.org/{LONG}", summary=LONG),
    f"{WEEK}/study.md": item("A case", "Words.\n\n> “Something said.”\n\nMore.", kind="case-study"),
    f"{WEEK}/person.md": item("Meet Ann", "> “Hello.”", kind="appointment", person="Ann Example", post="Director"),
    f"{WEEK}/asks.md": item("What do you think?", kind="consultation", closes="28 February 2025", respond="a@example.org"),
    f"{WEEK}/tell.md": item("Tell us", kind="feedback", respond="https://example.org/form", closes="1 January 2025"),
    f"{WEEK}/short.md": item("A notice", kind="notice"),
    f"{WEEK}/part.md": "---\nkind: excerpt\nexcerpt-of: send/2025-01-13/whole\n---\n",
    f"{WEEK}/meeting.md": item("A meeting", kind="event", starts="14 February 2025, 10am", ends="14 February 2025, 4pm", venue="Hall", book="a@example.org", image="a.png", alt="A hall.", credit="Us"),
    f"{WEEK}/off.md": item("Called off", kind="event", starts="3 March 2025, 10am", cancelled="The hall is flooded.", audience="primary", contact="Ann, a@example.org"),
    f"{WEEK}/mended.md": item("A training day", kind="event", starts="4 March 2025", corrected="\n  15 January 2025: The venue.\n  15 January 2025: The day.", audience="primary"),
    f"{WEEK}/over.md": item("Out of date", expires="15 January 2025"),
    f"{WEEK}/good-news/garden.md": item("A garden", school="Example School", image="a.png", alt="A garden.", photo_consent="no people"),
    f"{WEEK}/good-news/a.png": picture(),
    f"{WEEK}/a.png": picture(),
    "weekly/2025-01-21/secret.md": item("Secret", visibility="subscribers"),
    "weekly/2025-01-07/older.md": item("Older news"),
    "send/2025-01-13/whole.md": item("The whole", "First.\n\nSecond."),
    "old/2024-12-10/last.md": item("The last one"),
    "documents/vision.md": f"---\ntitle: A vision\nsummary: What we want.\nupdated: 9 December 2024\ncontact: a@example.org\n---\nWords.\n\n## Why\n\n{TABLE}\n\n### Money\n\n> Said.\n\n## How\n\n1. One\n2. Two\n",
    "pages/privacy.md": "---\ntitle: Privacy notice\n---\n## What we hold\n\nLittle.\n",
    "pages/accessibility.md": "---\ntitle: Accessibility statement\n---\nWords.\n",
}  # fmt: skip

PAGES = [
    "", "editions/", "editions/2025-01-14/", "editions/2025-01-21/", "send/", "old/", "send/editions/",
    "items/hello/", "items/census/", "items/news/", "items/long/", "items/study/", "items/person/", "items/asks/",
    "items/tell/", "items/short/", "items/part/", "items/meeting/", "items/over/", "items/off/", "items/mended/", "items/garden/",
    "documents/", "documents/vision/", "privacy/", "accessibility/", "nowhere/",
    "for/", "for/primary/", "actions/", "consultations/", "events/", "good-news/", "good-news/schools/", "feeds/",
    "sections/news/",
]  # fmt: skip


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return site_of(write_house(tmp_path_factory.mktemp("house"), FILES))


@pytest.fixture(scope="session")
def address(site: dict[str, bytes]) -> Iterator[str]:
    with served(site) as address:
        yield f"{address}/"
