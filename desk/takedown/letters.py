"""Letters of the ledger that hold what is taken back: whoever would still get one gets it without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime

from msgspec.structs import replace

import db
from builder.model import Edition, Variant
from builder.press import Press
from delivery import rewriting
from delivery.ledger import books
from delivery.model import Letter
from desk.keeping import read_keeping
from desk.mailing.freezing import letters_of
from desk.mailing.selecting import everything, fingerprint, selections
from desk.readers.register import Register, open_register
from desk.settings import Settings
from desk.takedown.traces import Trace, Traces, frame_says

Slugs = Mapping[str, tuple[str, ...]]
"""Variant → the items in it, before anything was taken out."""


@contextmanager
def register_of(settings: Settings) -> Iterator[Register | None]:
    """None when there is no database yet: then nobody has been sent anything."""
    url = read_keeping(settings).database
    if url.startswith("sqlite:///") and not (settings.root / url.removeprefix("sqlite:///")).exists():
        yield None
        return
    register = open_register(settings)
    try:
        yield register
    finally:
        register.engine.dispose()


def name_of(edition: Edition) -> str:
    return f"{edition.bulletin}-{edition.day}"


def selected(register: Register, press: Press, editions: list[Edition]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Mailing → its letters and what is in each, as far as today's readers and content can tell."""
    found = {}
    for edition in editions:
        with db.reading(register.engine) as connection:
            if books.mailing(connection, name_of(edition)) is None:
                continue
            every = everything(press, edition)
            chosen = selections(connection, register, press, edition).variants.values()
        found[name_of(edition)] = {variant.id: variant.items for variant in (every, *chosen)}
    return found


def rewrite(
    register: Register, press: Press, held: Mapping[str, Slugs], editions: list[Edition], slugs: set[str], now: datetime
) -> tuple[str, ...]:
    """`press` reads the content as it is without them. Mailings that are still under way wait for a person; which."""
    waiting = []
    for edition in editions:
        with db.reading(register.engine) as connection:
            mailing = books.mailing(connection, name_of(edition))
        if mailing is None:
            continue
        if mailing.finished_at is None and mailing.control != "cancelled":
            with db.writing(register.engine) as connection:
                books.pause(connection, mailing.id)
            waiting.append(mailing.name)
        _rewrite_one(register, press, held.get(mailing.name, {}), edition, mailing, slugs, now)
    return tuple(waiting)


def _rewrite_one(
    register: Register,
    press: Press,
    held: Slugs,
    edition: Edition,
    mailing: books.Sending,
    slugs: set[str],
    now: datetime,
) -> None:
    """A letter whose items are not known any more becomes the one with everything that is left: never with more taken out."""
    every = everything(press, edition)
    with db.writing(register.engine) as connection:
        letters: dict[str, Letter] = {}
        for variant in rewriting.variants_of(connection, mailing.id):
            left = tuple(slug for slug in held.get(variant, every.items) if slug not in slugs)
            if not left:
                rewriting.withdraw_variant(connection, mailing.id, variant, now=now, words="taken down")
            letters[variant] = _letter(press, edition, replace(every, items=left or every.items))
        at = replace(press, now=mailing.frozen_at.astimezone(press.now.tzinfo))
        rewriting.rewrite(connection, mailing.id, letters, fingerprint(at, edition))


def _letter(press: Press, edition: Edition, variant: Variant) -> Letter:
    return next(iter(letters_of(press, edition, {variant.id: variant})))


def still_in_letters(register: Register, editions: list[Edition], traces: Traces) -> Iterator[Trace]:
    with db.reading(register.engine) as connection:
        for edition in editions:
            mailing = books.mailing(connection, name_of(edition))
            if mailing and any(frame_says(frame, traces) for frame in rewriting.frames(connection, mailing.id)):
                yield Trace(f"the letters of {mailing.name}", "its words, its picture or its address")


def days_of(editions: list[tuple[str, date]], press: Press) -> list[Edition]:
    found = (press.content.edition(bulletin, day) for bulletin, day in editions)
    return [edition for edition in found if edition]
