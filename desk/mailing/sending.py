"""An edition → what a sending of it would do, what is in its way, and the run that delivers it."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from msgspec import structs
from sqlalchemy.exc import DBAPIError

import db
from builder.letter.render import encoded_size
from builder.model import Edition, Variant
from builder.press import Press
from delivery.folder import Folder
from delivery.ledger import books
from delivery.ledger.fence import BusyError
from delivery.ledger.sending import Ledger
from delivery.letter import verp
from delivery.loop.run import Summary, Terms, send
from delivery.model import Counts, DeliveryError, State
from delivery.schedule import approved_by
from desk.checking import check_edition
from desk.mailing.engines import make_engine, make_limits, make_signer
from desk.mailing.office import CannotSend, Office
from desk.mailing.selecting import fingerprint, selections
from desk.settings import SettingsError
from subscribers import counts
from subscribers.tokens import Keys

BUSY_SECONDS = 0.5  # between two looks at a mailing that another process sends


@dataclass(frozen=True, slots=True)
class Share:
    """One letter and how many readers are to get it.

    What makes it differ from the letter with everything, by the titles of items: `without` these, or `only` these,
    whichever is shorter; neither for the one with everything. Its readers' tags would say less: many lead to one letter.
    """

    variant: Variant
    readers: int
    size: int
    without: tuple[str, ...] = ()
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sending would do."""

    edition: Edition
    fingerprint: str
    shares: tuple[Share, ...]
    nothing: int
    """Readers whose choices leave nothing of this edition."""
    paused: int

    @property
    def readers(self) -> int:
        return sum(share.readers for share in self.shares)


def plan(office: Office, edition: Edition) -> Plan:
    """Reads only."""
    press = office.press
    with db.reading(office.engine) as connection:
        chosen = selections(connection, office.register, press, edition)
        paused = counts.paused(connection, office.today).get(edition.bulletin, 0)
    readers: dict[str, int] = {}
    for key, variant in chosen.of.items():
        if variant:
            readers[variant.id] = readers.get(variant.id, 0) + chosen.readers[key]
    shares = [_share(press, edition, variant, readers[name]) for name, variant in chosen.variants.items()]
    nothing = sum(chosen.readers[key] for key, variant in chosen.of.items() if variant is None)
    shares.sort(key=lambda share: (-share.readers, share.variant.id))
    return Plan(edition, fingerprint(press, edition), tuple(shares), nothing, paused)


def _share(press: Press, edition: Edition, variant: Variant, readers: int) -> Share:
    size, theirs = encoded_size(press.letter(edition, variant).html), frozenset(variant.items)
    every = press.items(edition)
    only = tuple(item.title for item in every if item.slug in theirs)
    without = tuple(item.title for item in every if item.slug not in theirs)
    if len(without) <= len(only):
        return Share(variant, readers, size, without=without)
    return Share(variant, readers, size, only=only)


def refuse_unless_ready(office: Office, edition: Edition) -> None:
    """Raises CannotSend with everything that blocks, in one pass."""
    press = office.press
    found = {f for f in check_edition(press, edition) if f.severity == "block"}
    found |= set(press.picture_findings(edition.items))
    if not press.items(edition):
        raise CannotSend(f"{edition.key} has no item that could be sent.")
    if found:
        raise CannotSend(f"{edition.key} has {len(found)} findings that block. Nothing was sent.", tuple(sorted(found)))


def refuse_too_early(office: Office, edition: Edition) -> None:
    """Before its moment the archive does not show it, and what is held until then would be out: schedule it instead."""
    at = office.press.sends(edition)
    if office.now < at.astimezone(UTC):
        raise CannotSend(
            f"{edition.key} goes out at {at:%H:%M on %A} {at.day} {at:%B %Y}. Before that nobody may have it: "
            f"bulletin schedule {edition.bulletin} {edition.day}"
        )


def refuse_nobody(plan: Plan) -> None:
    """Frozen for nobody, it could not be sent to those who are imported tomorrow."""
    if not plan.readers:
        raise CannotSend(f"{plan.edition.key} has no readers yet. Nothing was sent.")


def in_the_way(office: Office, edition: Edition) -> tuple[list[str], list[CannotSend]]:
    """For a dry run: what to know, and everything that would stop a sending."""
    notes, obstacles = [], []
    for refuse in (refuse_unless_ready, refuse_unapproved):
        try:
            refuse(office, edition)
        except CannotSend as error:
            obstacles.append(error)
    try:
        refuse_too_early(office, edition)
    except CannotSend as error:
        notes.append(str(error))
    return notes, obstacles


def refuse_unapproved(office: Office, edition: Edition) -> None:
    """An approval is of the text as it was then: an edit voids it (R22)."""
    if not office.delivering.approval:
        return
    with db.reading(office.engine) as connection:
        by = approved_by(connection, edition.bulletin, str(edition.day), fingerprint(office.press, edition))
    if by is None:
        raise CannotSend(
            f"{edition.key} is not approved as it stands now: nobody has approved it, or it was edited since. "
            f"Somebody who has read it says: bulletin approve {edition.bulletin} {edition.day}"
        )


def return_secret(keys: Keys) -> bytes:
    """Of return paths and Message-IDs. From the key that is never changed: old letters still come back next year."""
    return hmac.digest(keys.addresses, b"return paths", "sha256")


def terms_of(office: Office) -> Terms:
    """Raises SettingsError and DeliveryError for a secret or key that cannot be used."""
    limits = make_limits(office.delivering, office.today)
    return Terms(
        secret=return_secret(office.register.keys),
        limits=limits,
        sign=make_signer(office.delivering),
        stay=office.delivering.stay,
        already_today=_sent_today(office) if limits.daily else None,
        clock=lambda: datetime.now(UTC) + office.ahead,
    )


def _sent_today(office: Office) -> dict[str, int]:
    """Domain → letters accepted since midnight, for the warm-up."""
    found: dict[str, int] = {}
    midnight = datetime.combine(office.now.date(), datetime.min.time(), UTC)
    with db.reading(office.engine) as connection:
        for sending in books.mailings(connection)[:10]:
            for fate in books.fates(connection, sending.id, State.ACCEPTED):
                if fate.at and fate.at >= midnight:
                    domain = fate.address.rpartition("@")[2].lower()
                    found[domain] = found.get(domain, 0) + 1
    return found


Progress = Callable[[Counts], None]


def deliver(office: Office, name: str, progress: Progress | None = None, *, wait: bool = True) -> Summary:
    """Sends what is left of a mailing. While another process sends it, watches, and takes over when that one dies.

    Not told to `wait`, it raises BusyError instead. Raises DeliveryError and SettingsError.
    """
    sending = found(office, name)
    if office.delivering.engine == "dbos":
        from desk.mailing.clustering import deliver_by_workers

        return deliver_by_workers(office, name, progress)
    with _told(office, sending):
        return _deliver(office, sending, progress, wait=wait)


def _deliver(office: Office, sending: books.Sending, progress: Progress | None, *, wait: bool) -> Summary:
    engine, terms = make_engine(office.delivering), terms_of(office)
    while True:
        try:
            with Ledger(office.engine, sending.id) as ledger:
                summary = send(ledger, engine, terms, progress=progress)
            return _by_evidence(office, sending, summary)
        except BusyError:
            if not wait:
                raise
            if progress:
                progress(counted(office, sending.id))
            time.sleep(BUSY_SECONDS)


@contextmanager
def _told(office: Office, sending: books.Sending) -> Iterator[None]:
    """Why it could not begin or go on is kept with the mailing, if the disk has room for it."""
    try:
        yield
    except BusyError:
        raise
    except (DeliveryError, SettingsError) as error:
        with suppress(DBAPIError), db.writing(office.engine) as connection:
            books.tell(connection, sending.id, str(error))
        raise


def _by_evidence(office: Office, sending: books.Sending, summary: Summary) -> Summary:
    """A letter in doubt that lies in the folder has left; a mail server cannot be asked."""
    if not summary.counts.in_doubt or office.delivering.transport != "folder":
        return summary
    folder, key = Folder(office.delivering.folder, office.delivering.form), return_secret(office.register.keys)
    with db.reading(office.engine) as connection:
        doubted = [fate.subscriber for fate in books.fates(connection, sending.id, State.IN_DOUBT)]
    there = [one for one in doubted if folder.has(verp.token(key, sending.name, one))]
    with db.writing(office.engine) as connection:
        books.settle_in_doubt(connection, sending.id, there, now=datetime.now(UTC))
    return replace(summary, counts=counted(office, sending.id))


def edited_since(office: Office, edition: Edition, before: books.Sending) -> bool:
    """Looked at as of the moment of the freeze: what was released or has expired since then is no edit."""
    press = structs.replace(office.press, now=before.frozen_at.astimezone(office.press.now.tzinfo))
    try:
        return fingerprint(press, edition) != before.fingerprint
    finally:
        press.cache.close()


def under_way(sending: books.Sending) -> books.Sending:
    """Raises DeliveryError for one that cannot be stopped any more."""
    if sending.finished_at is not None:
        raise DeliveryError(f"{sending.name} is finished: there is nothing to stop.")
    return sending


def found(office: Office, name: str) -> books.Sending:
    """Raises DeliveryError."""
    with db.reading(office.engine) as connection:
        sending = books.mailing(connection, name)
        if sending:
            return sending
        names = [each.name for each in books.mailings(connection)][:5]
    there = f" The last ones: {', '.join(names)}." if names else " Nothing has been sent yet."
    raise DeliveryError(f"There is no mailing {name}.{there}")


def counted(office: Office, number: int) -> Counts:
    with db.reading(office.engine) as connection:
        return books.counts(connection, number)


def sent_before(office: Office, edition: Edition) -> books.Sending | None:
    """This edition's mailing, once it is frozen."""
    with db.reading(office.engine) as connection:
        return books.mailing(connection, f"{edition.bulletin}-{edition.day}")
