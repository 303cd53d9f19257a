"""Schools' news feeds → what waits in them, and drafts in an edition for an editor to accept. Nothing here publishes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.audience import did_you_mean
from goodnews.feeds import MOST_BYTES, Feed, read_feed
from goodnews.fetch import FetchError, Page
from goodnews.kept import fetch_again
from goodnews.model import Problem, Story
from goodnews.rules import Taken, Waiting, item_values, slug, taken_of, waiting
from goodnews.settings import Settings, Source, read_settings

if TYPE_CHECKING:
    from builder.press import Press

AT_ONCE = 8  # feeds asked at the same time; each is another school's server
Fetch = Callable[[str], Page]


class CannotTake(Exception):
    """The message says what is in the way."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong with one feed, while the others went on."""

    source: Source
    problem: Problem

    def __str__(self) -> str:
        name = f"{self.source.school}: " if self.source.school else ""
        return f"{name}{self.problem.message} ({self.source.url})"


@dataclass(frozen=True, slots=True)
class Gathered:
    stories: tuple[Waiting, ...]
    troubles: tuple[Trouble, ...]

    @property
    def failed(self) -> bool:
        return any(trouble.problem.stops for trouble in self.troubles)


@dataclass(frozen=True, slots=True)
class Written:
    """Files relative to the house."""

    edition: str
    begun: str
    """The edition's own file, when the edition was not there yet; else empty."""
    files: tuple[str, ...]

    def __str__(self) -> str:
        if not self.files:
            return f"Nothing new for {self.edition}."
        begun = [f"Begun: {self.begun}"] if self.begun else []
        drafts = [f"Draft: {file}" for file in self.files]
        return "\n".join([*begun, *drafts, 'Read each one, and take out its line "draft: yes" to accept it.'])


# --- reading ---------------------------------------------------------------------------------------------------------


def look(
    press: Press, table: Mapping[str, Any], school: str = "", place: str = "", fetch: Fetch | None = None
) -> Gathered:
    """`table`: [goodnews] of bulletin.toml. Raises CannotTake, and GoodNewsError for mistakes in the table."""
    settings = read_settings(table)
    gathered = gather(press, chosen(settings, school, place), fetch)
    return gathered if place else recent(gathered, press.now, settings.oldest_days)


def chosen(settings: Settings, school: str = "", place: str = "") -> tuple[Source, ...]:
    """The feeds of bulletin.toml, one school's, or the one at `place` (a file or an address). Raises CannotTake."""
    if place:
        listed = next((feed.school for feed in settings.feeds if feed.url == place), "")
        return (Source(school or listed, place),)
    if not settings.feeds:
        raise CannotTake(_NO_FEEDS)
    found = tuple(feed for feed in settings.feeds if school.casefold() in ("", feed.school.casefold()))
    if not found:
        names = [feed.school for feed in settings.feeds]
        raise CannotTake(f'No feed is of "{school}".{did_you_mean(school, names)}')
    return found


_NO_FEEDS = (
    "bulletin.toml lists no feeds. Add for each school:\n\n"
    '  [goodnews]\n  feeds = [{ school = "Example Primary School", url = "https://…/feed" }]\n\n'
    "or name one with --from."
)


def gather(press: Press, sources: Iterable[Source], fetch: Fetch | None = None) -> Gathered:
    """What the feeds hold. One that cannot be read is told, and stops no other."""
    sources = tuple(sources)

    def read(source: Source) -> Feed:
        return _read(source, fetch or (lambda url: fetch_again(url, press.kept / "feeds")))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        feeds = tuple(pool.map(read, sources))
    troubles = [Trouble(source, p) for source, feed in zip(sources, feeds, strict=True) for p in feed.problems]
    stories = [story for feed in feeds for story in feed.stories]
    return Gathered(waiting(stories, taken(press)), tuple(troubles))


def _read(source: Source, fetch: Fetch) -> Feed:
    try:
        if source.url.startswith(("https://", "http://")):
            page = fetch(source.url)
            return read_feed(page.body, school=source.school, url=page.url, charset=page.charset)
        with Path(source.url).open("rb") as file:
            return read_feed(file.read(MOST_BYTES + 1), school=source.school)
    except FetchError as error:
        return _failed(f"The feed {error}.")
    except OSError as error:
        return _failed(f"The file cannot be read: {error.strerror}.")


def _failed(message: str) -> Feed:
    return Feed(problems=(Problem(message, stops=True),))


def taken(press: Press) -> Taken:
    """From the files themselves: those that the builder cannot read count too."""
    return taken_of(_good_news(press.root / "content"))


def _good_news(content: Path) -> Iterator[tuple[str, str]]:
    for file in content.glob("*/*/**/*.md"):
        text = ""
        with suppress(OSError):
            text = file.read_text("utf-8", errors="replace") if file.parent.name == "good-news" else ""
        yield file.stem, text


def recent(gathered: Gathered, now: datetime, days: int) -> Gathered:
    """Without the stories that are older. Those without a date stay."""
    first = now.astimezone(UTC) - timedelta(days=days)
    stories = (w for w in gathered.stories if w.story.published is None or w.story.published >= first)
    return replace(gathered, stories=tuple(stories))


# --- taking ----------------------------------------------------------------------------------------------------------


def take(press: Press, gathered: Gathered, bulletin: str | None, day: date | None) -> Written:
    """Writes a draft for each story that no edition has. Overwrites nothing: a second run writes nothing. Raises CannotTake."""
    bulletin, day = edition_for(press, bulletin, day)
    new = [w.story for w in gathered.stories if not w.taken]
    folder = press.root / "content" / bulletin / str(day)
    begun = _begin(press, bulletin, day) if new and not (folder / "edition.md").exists() else ""
    files = [_write(press, folder / "good-news", story) for story in new]
    written = tuple(file.relative_to(press.root).as_posix() for file in files if file)
    return Written(f"{bulletin}/{day}", begun, written)


def edition_for(press: Press, bulletin: str | None, day: date | None) -> tuple[str, date]:
    """As asked, or the main bulletin's next edition for which copy has not closed. Raises CannotTake."""
    from builder.calendar import next_open_slot

    known = press.house.bulletins
    bulletin = bulletin or press.house.main_bulletin.id
    if bulletin not in known:
        raise CannotTake(f'There is no bulletin "{bulletin}".{did_you_mean(bulletin, known)}')
    if day:
        return bulletin, day
    slot = next_open_slot(known[bulletin], press.house.calendar, press.now)
    if slot is None:
        raise CannotTake(f"The calendar has no coming edition of {bulletin}. Give a DATE, or add the next terms.")
    return bulletin, slot.day


def _begin(press: Press, bulletin: str, day: date) -> str:
    from desk.starting import begin

    return begin(press, bulletin, day, None, "news", "")


def _write(press: Press, folder: Path, story: Story) -> Path | None:
    """The draft's file; None when a file of that name is there."""
    template = press.renderer.environment.get_template("desk/new/story.txt")
    file = folder / f"{slug(story)}.md"
    folder.mkdir(parents=True, exist_ok=True)
    return file if _put(file, template.render(**item_values(story)).encode()) else None


def _put(file: Path, data: bytes) -> bool:
    """Whole or not at all, and never over another file: a link is made to what is complete, and fails if the name is taken."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        partial.write_bytes(data)
        _name(partial, file)
    except FileExistsError:
        return False
    finally:
        partial.unlink(missing_ok=True)
    return True


def _name(partial: Path, file: Path) -> None:
    try:
        os.link(partial, file)
    except FileExistsError:
        raise
    except OSError:  # a memory stick or a network share without links
        with file.open("xb") as out:
            out.write(partial.read_bytes())


# --- telling ---------------------------------------------------------------------------------------------------------


def as_json(gathered: Gathered) -> dict[str, Any]:
    return {"stories": [_story_as_json(w) for w in gathered.stories], "problems": troubles_as_json(gathered)}


def as_written(written: Written, gathered: Gathered) -> dict[str, Any]:
    return {
        "edition": written.edition,
        "begun": written.begun,
        "files": list(written.files),
        "problems": troubles_as_json(gathered),
    }


def _story_as_json(one: Waiting) -> dict[str, Any]:
    story = one.story
    published = story.published.isoformat() if story.published else None
    return {
        "school": story.school,
        "title": story.title,
        "summary": story.summary,
        "link": story.link,
        "published": published,
        "slug": slug(story),
        "taken": one.taken,
    }


def troubles_as_json(gathered: Gathered) -> list[dict[str, Any]]:
    return [
        {"school": t.source.school, "feed": t.source.url, "message": t.problem.message, "stops": t.problem.stops}
        for t in gathered.troubles
    ]


def as_lines(gathered: Gathered) -> Iterator[str]:
    for one in gathered.stories:
        day = str(one.story.published.date()) if one.story.published else "no date   "
        yield f"{'taken' if one.taken else 'waits'}  {day}  {one.story.school}: {one.story.title}"
