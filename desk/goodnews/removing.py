"""Out of everything at once: content, site, feeds, caches, built letters, and mailings that have not left (C10)."""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

import db
from builder import addresses
from builder.model import BuilderError
from builder.press import Press
from delivery.ledger import books
from desk import rounds
from desk.editing import git
from desk.editing.signing import Signed
from desk.goodnews import placing
from desk.settings import Settings
from desk.takedown import NothingThere, take_down
from desk.takedown.act import PENDING
from goodnews.model import Held

log = logging.getLogger("bulletin.goodnews")


def mailed(engine: Engine, held: Held) -> int:
    """How many letters that carried the story have left: they cannot be taken back."""
    if not held.edition:
        return 0
    with db.reading(engine) as connection:
        theirs = (one for one in books.mailings(connection) if _carried(one, held))
        counts = [books.counts(connection, one.id) for one in theirs]
    return sum(each.accepted + each.in_doubt for each in counts)


def _carried(mailing: books.Sending, held: Held) -> bool:
    return (mailing.bulletin, mailing.edition) == (held.bulletin, str(held.edition))


def hold_mailings(engine: Engine, held: Held) -> None:
    """A sending that is under way stops at its next letter, and waits for a person: what is frozen cannot be changed."""
    with db.writing(engine) as connection:
        for one in books.mailings(connection, only_open=True):
            if _carried(one, held):
                books.pause(connection, one.id)


@dataclass(frozen=True, slots=True)
class Removed:
    """`in_git`: how many commits of content/ hold it still; only a person can rewrite those."""

    everywhere: bool
    in_git: int


def remove(settings: Settings, press: Press, held: Held, actor: str, by: Signed) -> Removed:
    """The page goes first of all; then everything that may repeat its words is made anew."""
    files = list(placing.files_of(press.root, held.slug))
    drop_pictures(press, held)
    for folder in _pages(press.root / "site", held.slug):
        shutil.rmtree(folder, ignore_errors=True)
    gone = not is_public(press, held) or _taken_down(settings, press, held, actor, by)
    placing.take_away(press.root, held.slug, by, [*files, press.root / addresses.FILE])
    press.cache.forget()
    shutil.rmtree(press.root / "out" / held.bulletin / str(held.edition), ignore_errors=True)
    names = [file.relative_to(press.root).as_posix() for file in files]
    return Removed(gone, len(git.holding(press.root, names)) if names and by.repository else 0)


def is_public(press: Press, held: Held) -> bool:
    """Whether its edition has gone out, to the web or to anybody."""
    return held.edition is not None and press.house.sends(held.bulletin, held.edition) <= press.now


def _taken_down(settings: Settings, press: Press, held: Held, actor: str, by: Signed) -> bool:
    """Content, site, feeds, built and frozen letters, and every host that the site is published to."""
    key = f"{held.bulletin}/{held.edition}/{held.slug}"
    try:
        done = take_down(
            settings, key, reason=f"story {held.reference} was withdrawn", by=actor, now=press.now, signed=by
        )
    except NothingThere:
        return publish_again(press)
    left = [trace for trace in done.found if not _may_stay(trace.file)]
    if not left:
        shutil.rmtree(press.root / PENDING, ignore_errors=True)
    for trace in left:
        log.error("A withdrawn story is still in %s: %s", trace.file, trace.what)
    return not left and not any(done.targets.values())


def _may_stay(file: str) -> bool:
    """The story's own line in the database, and the lists that say that its address, made of its title, is gone."""
    return file.startswith("var/") or file == "content/permalinks.txt" or "/_redirects" in file


def drop_pictures(press: Press, held: Held) -> None:
    """At once, before anything is built: what site and letters show of its photos, letters that have left too."""
    for name in _pictures(press, held.slug):
        (press.root / "site" / "images" / name).unlink(missing_ok=True)
        (press.kept / "pictures" / name).unlink(missing_ok=True)


def publish_again(press: Press) -> bool:
    return not (press.root / "site").is_dir() or _publish(press)


def _publish(press: Press) -> bool:
    fresh = Press(press.root, press.house, press.search, press.now, press.kept)
    try:
        rounds.publish_archive(fresh)
    except BuilderError as error:
        log.error("A story was taken away, and the site cannot be built anew: %s", error)
        return False
    finally:
        fresh.cache.close()
    return True


def _pictures(press: Press, slug: str) -> list[str]:
    """The names under which the builder publishes a story's photos."""
    root = press.root
    images = [file for file in placing.files_of(root, slug) if file.suffix == ".jpg"]
    made = (press.picture(file.relative_to(root).as_posix()) for file in images)
    return [prepared.name for prepared in made if prepared]


def _pages(site: Path, slug: str) -> list[Path]:
    return [*site.glob(f"items/{slug}"), *site.glob(f"*/items/{slug}")]
