"""An item that asks readers to act, sent by itself to those who chose actions at once, before or after its edition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from msgspec.structs import replace
from sqlalchemy import Connection

import db
from builder.audience import did_you_mean
from builder.dates import say
from builder.kinds import Action
from builder.markdown import Body
from builder.model import Edition, Item, Variant
from builder.press import Press, pictures_named
from builder.select import receives
from builder.view import EditionView, ItemView
from delivery.model import Letter, Recipient
from delivery.schedule import approved_by
from desk.checking import check_edition
from desk.mailing.freezing import SAID_NO, reader, said_no
from desk.mailing.office import CannotSend, Office
from subscribers import choices

NOTHING = Body("", "", "")


@dataclass(frozen=True, slots=True)
class Alone:
    """One item as a letter of its own."""

    edition: Edition
    item: Item
    letter: Letter
    fingerprint: str
    """Of what readers see and of whom it is for: an edit voids an approval (R22)."""

    @property
    def kind(self) -> str:
        return kind_of(self.item.slug)

    @property
    def name(self) -> str:
        return f"{self.edition.bulletin}-{self.edition.day}-{self.kind}"


def kind_of(slug: str) -> str:
    """The kind of mailing that sends this item alone."""
    return f"action-{sha256(slug.encode()).hexdigest()[:8]}"


def alone(office: Office, edition: Edition, slug: str) -> Alone:
    """Raises CannotSend for what is no action, is not to be out yet, or is too late."""
    press, item = office.press, _item(edition, slug)
    action, now = item.details, press.now
    if not isinstance(action, Action):
        raise CannotSend(f"{item.key} is of the kind {item.kind}. Only actions are sent by themselves.")
    if item.draft or not item.released_by(now):
        raise CannotSend(
            f"{item.key} is {'a draft' if item.draft else 'held back until its release'}. Nothing was sent."
        )
    zone = press.house.calendar.zone
    if action.action_by.end(zone) < now:
        raise CannotSend(f"{item.key} was to be done by {say(action.action_by.day)}. It is too late to send it.")
    if any(pictures_named(item)):
        raise CannotSend(
            f"{item.key} has a picture, which is published with its edition. Take it out, or wait for that."
        )
    letter = _letter(press, edition, item)
    seen = (letter.subject, letter.html, letter.text, ",".join(sorted(item.audience)), press.house.publisher.email)
    return Alone(edition, item, letter, sha256("\0".join(seen).encode()).hexdigest())


def _item(edition: Edition, slug: str) -> Item:
    found = next((item for item in edition.items if item.slug == slug), None)
    if found is None:
        slugs = [item.slug for item in edition.items]
        raise CannotSend(f'{edition.key} has no item "{slug}".{did_you_mean(slug, slugs)}')
    return found


def _letter(press: Press, edition: Edition, item: Item) -> Letter:
    variant = Variant("all", (item.slug,), ())
    made = press.renderer.letter(_view(press, edition, item), variant)
    return Letter(variant.id, made.subject, made.html, made.text)


def _view(press: Press, edition: Edition, item: Item) -> EditionView:
    """Today's letter, about one thing. What leads to the edition is left out: it may not be there yet."""
    words, whole = press.renderer.words["letter"], press.viewer.edition(edition, (item,))
    today = press.now.date()
    shown = press.viewer.item(item)
    return replace(
        whole,
        subject=words["at-once-subject"].format(title=item.title, date=shown.deadline),
        preheader=item.summary or words["at-once"],
        title=say(today),
        day=say(today),
        iso=today.isoformat(),
        number="",
        special=words["at-once"],
        why=words["at-once-why"].format(name=whole.name),
        useful="",
        opening=NOTHING,
        sections=tuple(replace(one, items=tuple(map(_without_links, one.items))) for one in whole.sections),
    )


def _without_links(item: ItemView) -> ItemView:
    return replace(item, related=(), url="")


def refuse_unless_ready(office: Office, one: Alone) -> None:
    """Raises CannotSend with everything that blocks this item, in one pass."""
    file = one.item.source.file
    found = {f for f in check_edition(office.press, one.edition) if f.severity == "block" and f.file == file}
    if found:
        raise CannotSend(
            f"{one.item.key} has {len(found)} findings that block. Nothing was sent.", tuple(sorted(found))
        )


def refuse_unapproved(office: Office, one: Alone) -> None:
    if not office.delivering.approval:
        return
    bulletin, day = one.edition.bulletin, str(one.edition.day)
    with db.reading(office.engine) as connection:
        by = approved_by(connection, bulletin, day, one.fingerprint)
    if by is None:
        raise CannotSend(
            f"{one.item.key} is not approved to go by itself as it stands now. Somebody who has read it says: "
            f"bulletin approve {bulletin} {day} --action {one.item.slug}"
        )


def recipients(connection: Connection, office: Office, one: Alone) -> Iterator[Recipient]:
    """Who chose actions at once and is meant by this one; whoever has said no is listed, and gets nothing."""
    keys, bulletin = office.register.keys, one.edition.bulletin
    found = choices.at_once(connection, bulletin, office.today)
    theirs = [each for each in found if each.amount == "everything" or _is_meant(office, one.item, each.audiences)]
    no = said_no(connection, keys, bulletin, [each.address for each in theirs])
    variant = Variant(one.letter.variant, (one.item.slug,), ())
    for each in theirs:
        words = SAID_NO if each.address in no else ""
        yield reader(keys, bulletin, each.subscriber_id, each.address, variant, words)


def _is_meant(office: Office, item: Item, audiences: frozenset[str]) -> bool:
    return bool(receives((item,), audiences, office.press.house.audiences))


def count(office: Office, one: Alone) -> int:
    return reach(office, one).readers


@dataclass(frozen=True, slots=True)
class Reach:
    """Who would get it. `refused`: of those, who have said no since; `chose`: everybody who wants actions at once."""

    readers: int
    refused: int
    chose: int


def reach(office: Office, one: Alone) -> Reach:
    """Reads only."""
    with db.reading(office.engine) as connection:
        found = list(recipients(connection, office, one))
        chose = sum(1 for _ in choices.at_once(connection, one.edition.bulletin, office.today))
    refused = sum(bool(each.suppressed) for each in found)
    return Reach(len(found) - refused, refused, chose)
