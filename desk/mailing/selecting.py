"""An edition and all readers' choices → one letter for each distinct selection, and the fingerprint of what is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from builder.model import Edition, Variant
from builder.press import Press
from builder.select import receives
from desk.readers.register import Register
from subscribers import choices


def fingerprint(press: Press, edition: Edition) -> str:
    """Of everything that a reader could see of it and of who gets which item: one changed comma changes it.

    Taken before anything is cut to fit, so that an edit beyond the cut counts too.
    """
    items = press.items(edition)
    whole = press.view(edition, everything(press, edition))
    seen = [press.renderer.html(whole), press.renderer.text(whole), edition.subject]
    reach = [[item.slug, sorted(item.audience), item.summary] for item in items]
    sender = [
        press.house.publisher.email,
        press.house.publisher.reply_to,
        press.house.bulletins[edition.bulletin].sender,
    ]
    return hashlib.sha256(json.dumps([seen, reach, sender]).encode()).hexdigest()


def everything(press: Press, edition: Edition) -> Variant:
    return _variant(tuple(item.slug for item in press.items(edition)), ())


def _variant(slugs: tuple[str, ...], readers: tuple[str, ...]) -> Variant:
    """Its id ends in a hash of the selection, so that a reader who comes later finds the letter that is theirs."""
    return Variant(f"{'+'.join(readers) or 'all'}.{mark(slugs)}", slugs, readers)


def mark(slugs: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(slugs).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Selections:
    """Which letter belongs to which choices. `of`: the key of a group of readers → its letter, None for an empty one."""

    used: frozenset[str]
    of: Mapping[int, Variant | None]
    readers: Mapping[int, int]

    @property
    def variants(self) -> dict[str, Variant]:
        return {variant.id: variant for variant in self.of.values() if variant}


def selections(connection: Connection, register: Register, press: Press, edition: Edition) -> Selections:
    """One letter for each distinct selection of items, by one GROUP BY over all readers."""
    items = press.items(edition)
    used = frozenset(tag for item in items for tag in item.audience)
    every = everything(press, edition)
    known: dict[tuple[str, ...], Variant] = {every.items: every}
    found: dict[int, Variant | None] = {}
    numbers: dict[int, int] = {}
    for group in choices.groups(connection, edition.bulletin, used, register.axes, press.now.date()):
        chosen = every.items
        if group.amount != "everything":
            chosen = receives(items, group.audiences, press.house.audiences)
        if chosen and chosen not in known:
            known[chosen] = _variant(chosen, press.in_order(group.audiences))
        found[group.key] = known[chosen] if chosen else None
        numbers[group.key] = group.readers
    return Selections(used, found, numbers)
