"""What the product does, one short act each, across the rooms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from builder.archive import Outcome, build
from builder.archive.manifest import manifest
from builder.model import Edition
from builder.press import Press

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from delivery.ledger.books import Sending
    from delivery.loop.run import Summary
    from delivery.returning.bounces import Report
    from delivery.returning.returns import Consequence
    from desk.mailing.at_once import Alone
    from desk.mailing.office import Office
    from desk.mailing.sending import Progress
    from desk.publishing.run import Published
    from desk.settings import Settings
    from subscribers.model import Basis, Proof, Subscriber
    from subscribers.tokens import Keys


LEFT = "left"  # why a letter was withdrawn: its reader had ended the subscription


# --- the archive -------------------------------------------------------------------------------------------------------


def publish_archive(press: Press, *, full: bool = False, jobs: int = 0) -> Outcome:
    """Brings the site up to date in one swap; the old one stays when anything is wrong.

    `full`: as if nothing had been built before. Raises BuilderError with every problem.
    """
    return build(press, press.root / "site", full=full, jobs=jobs)


def publish_to(
    press: Press, settings: Settings, name: str, *, take_over: bool = False, by: str = "", **how: Any
) -> Published:
    """The site is built, its addresses are written down, and what changed is sent to a target. `by`: who signs for them in git.

    A dry run builds, and changes nothing anywhere else. `take_over`: also where another machine published last. Raises BuilderError, SettingsError and TargetError.
    """
    from desk import permalinks
    from desk.publishing.run import alone, publish
    from desk.publishing.settings import open_target
    from desk.publishing.turns import turn_of

    target = open_target(settings, name)
    turn = turn_of(press.root, name, press.now, take_over=take_over)
    publish_archive(press)
    files = manifest(press.root / "site", press.kept)
    is_real = not how.get("dry_run")
    if is_real:
        permalinks.remember(press.root, files, press.now.date())
    try:
        with alone(press.root / "var" / "publish.lock"):
            return publish(files, target, turn=turn, **how)
    finally:
        if is_real:
            permalinks.keep(press.root, press.house.publisher, by, press.now)


# --- sending ---------------------------------------------------------------------------------------------------------


def make_ready(office: Office, edition: Edition) -> None:
    """Everything that could stop a sending is looked at before anything is written. Raises CannotSend and others."""
    from desk.mailing import sending
    from desk.mailing.engines import make_engine

    sending.refuse_too_early(office, edition)
    sending.refuse_unless_ready(office, edition)
    sending.refuse_unapproved(office, edition)
    make_engine(office.delivering)
    sending.terms_of(office)


def post(office: Office, edition: Edition, progress: Progress | None = None, by: str = "") -> Summary:
    """The archive first, so that the letters' pictures are there; then frozen, then delivered; then git, which nobody waits for.

    Killed between any two steps, the same call goes on: a mailing that is frozen is neither published nor frozen again.
    """
    from delivery.ledger.freezing import AlreadyFrozenError
    from desk import permalinks
    from desk.mailing import sending

    if sending.sent_before(office, edition) is None:
        publish_archive(office.press)
        permalinks.remember(office.press.root, permalinks.files_of(office.press.root / "site"), office.today)
        with suppress(AlreadyFrozenError):  # somebody else was faster
            freeze(office, edition)
    try:
        return sending.deliver(office, f"{edition.bulletin}-{edition.day}", progress)
    finally:
        permalinks.keep(office.press.root, office.press.house.publisher, by, office.press.now, office.engine)


def freeze(office: Office, edition: Edition) -> int:
    """One transaction: the letters as they stand now, and every reader of this moment. Raises AlreadyFrozenError."""
    import db
    from delivery.ledger import freezing
    from desk.mailing.freezing import hold_still, letters_of, mailing_of, recipients_of
    from desk.mailing.selecting import everything, fingerprint, selections

    press, register = office.press, office.register
    mailing, mark = mailing_of(office, edition), fingerprint(press, edition)
    with db.writing(office.engine) as connection:
        hold_still(connection)
        chosen = selections(connection, register, press, edition)
        readers = recipients_of(connection, register, edition, chosen, everything(press, edition), office.today)
        letters = letters_of(press, edition, chosen.variants)
        return freezing.freeze(connection, mailing, letters, readers, now=office.now, fingerprint=mark)


def post_alone(office: Office, one: Alone, progress: Progress | None = None) -> Summary:
    """An action by itself: frozen for those who chose that, then delivered. Said again, it goes on where it stopped."""
    from delivery.ledger.freezing import AlreadyFrozenError
    from desk.mailing import sending

    with suppress(AlreadyFrozenError):
        freeze_alone(office, one)
    return sending.deliver(office, one.name, progress)


def freeze_alone(office: Office, one: Alone) -> int:
    """One transaction: its letter as it stands now, and whoever it is for at this moment. Raises AlreadyFrozenError."""
    import db
    from delivery.ledger import freezing
    from desk.mailing import at_once
    from desk.mailing.freezing import hold_still, mailing_of

    mailing = mailing_of(office, one.edition, kind=one.kind)
    with db.writing(office.engine) as connection:
        hold_still(connection)
        readers = at_once.recipients(connection, office, one)
        return freezing.freeze(connection, mailing, [one.letter], readers, now=office.now, fingerprint=one.fingerprint)


def take_outcomes(engine: Engine, keys: Keys, reports: Iterable[Report], now: datetime) -> list[Consequence]:
    """What came back is written down once, and readers whose mailbox is gone, or who complained, get no more; one transaction."""
    import db
    from delivery.returning import returns
    from desk.mailing.stopping import stop_writing

    with db.writing(engine) as connection:
        found = returns.take(connection, reports, now=now)
        stop_writing(connection, keys, [one for one in found if one.is_new and one.suppress], now)
    return found


def take_up(office: Office, sending: Sending, *, in_doubt: bool, missed: bool, late: bool) -> None:
    """A person's word about a mailing that has stopped: it may go on, and to whom it is sent again. One transaction."""
    import db
    from delivery.ledger import books, freezing
    from delivery.ledger import sending as ledger
    from desk.mailing.freezing import hold_still
    from desk.mailing.late import late_readers

    now = datetime.now(UTC)
    ledger.settle_leftovers(office.engine, sending.id)
    with db.writing(office.engine) as connection:
        books.unpause(connection, sending.id)
        if in_doubt:
            books.resend_in_doubt(connection, sending.id, now=now)
        if missed:
            books.resend_failed(connection, sending.id, now=now)
        if late:
            hold_still(connection)
            freezing.add_late(connection, sending.id, late_readers(connection, office, sending))


def add_latecomers(office: Office, bulletin: str) -> str | None:
    """Whoever signed up after the freeze is given the current edition, as it was frozen; the next run sends it.

    The mailing's name. None when there is no current edition, when it is held, or when nobody came.
    """
    import db
    from delivery.ledger import freezing
    from desk.mailing.freezing import hold_still
    from desk.mailing.late import current_mailing, latecomers

    with db.writing(office.engine) as connection:
        hold_still(connection)
        sending = current_mailing(connection, bulletin, office.now)
        late = latecomers(connection, office, sending) if sending and sending.control == "run" else []
        if sending is None or not late:
            return None
        freezing.add_late(connection, sending.id, late)
        return sending.name


# --- leaving ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Left:
    """Who has left what just now."""

    address: str
    bulletins: tuple[str, ...]


Tell = Callable[["Connection", Left], None]


def goodbye(
    engine: Engine, keys: Keys, number: int, bulletin: str | None, proof: Proof, tell: Tell | None = None
) -> Left | None:
    """The reader leaves one bulletin or all (None), and what has not been sent to them yet is withdrawn; one transaction.

    `tell`: keeps the letter that says goodbye, in the same transaction. None when nothing ended, because they had left
    before: there is nobody to say goodbye to.
    """
    import db
    from delivery import farewells
    from delivery.ledger import books
    from subscribers import acts, store

    with db.writing(engine) as connection:
        ended = acts.leave(connection, keys, number, bulletin, "unsubscribed", proof)
        person = store.by_id(connection, number)
        numbers = {str(number), *([str(person.id)] if person else [])}
        books.withdraw(connection, numbers, now=proof.at, words=LEFT, bulletin=bulletin or "")
        if person is None or not ended:
            return None
        left = Left(person.address, tuple(subscription.bulletin for subscription in ended))
        for each in left.bulletins:
            farewells.count(connection, each, proof.at)
        if tell:
            tell(connection, left)
    return left


def undo_goodbye(
    engine: Engine,
    keys: Keys,
    number: int,
    bulletin: str | None,
    since: datetime,
    bases: Mapping[str, Basis],
    proof: Proof,
) -> Subscriber | None:
    """What the reader left since then begins again, and no report counts it; one transaction. None: the person has gone.

    A letter that was withdrawn when they left, and that was never tried, goes after all while its mailing still runs.
    """
    import db
    from delivery import farewells
    from delivery.ledger import books
    from subscribers import acts, store

    with db.writing(engine) as connection:
        before = store.by_id(connection, number)
        person = acts.come_back(connection, keys, number, bulletin, since, bases, proof)
        for name, ended_at in _begun_again(before, person):
            farewells.count(connection, name, ended_at, -1)
            books.take_back(connection, {str(number)}, bulletin=name, words=LEFT, since=ended_at, now=proof.at)
    return person


def _begun_again(before: Subscriber | None, after: Subscriber | None) -> Iterator[tuple[str, datetime]]:
    """Bulletins that the reader had left and has again, each with the moment it was left."""
    every = before.subscriptions if before else ()
    left = {held.bulletin: held for held in every if before and not before.open_for(held.bulletin)}
    for again in after.open if after else ():
        old = left.get(again.bulletin)
        if old and old.ended_at and old.ended_reason == "unsubscribed":
            yield again.bulletin, old.ended_at


def farewell(engine: Engine, keys: Keys, address: str, bulletin: str | None, proof: Proof) -> tuple[str, ...]:
    """Staff end one bulletin or all (None) for an address; which ones ended. Raises NoSuchSubscriber."""
    import db
    from delivery.ledger import books
    from subscribers import acts

    with db.writing(engine) as connection:
        number = acts.found(connection, address).id
        ended = acts.remove(connection, keys, address, bulletin, proof)
        books.withdraw(connection, {str(number)}, now=proof.at, words=LEFT, bulletin=bulletin or "")
    return tuple(subscription.bulletin for subscription in ended)


def refuse(engine: Engine, keys: Keys, address: str, bulletin: str | None, proof: Proof) -> None:
    """Keep a "no" for an address, known or not; what it gets ends, and what was not sent yet is withdrawn."""
    import db
    from delivery.ledger import books
    from subscribers import acts, store
    from subscribers.address import parse
    from subscribers.model import EVERY_BULLETIN

    key = parse(address).key
    with db.writing(engine) as connection:
        store.suppress(connection, keys, key, bulletin or EVERY_BULLETIN, "staff", proof)
        person = store.find(connection, key)
        if person:
            acts.leave(connection, keys, person.id, bulletin, "staff", proof)
            books.withdraw(connection, {str(person.id)}, now=proof.at, words=LEFT, bulletin=bulletin or "")


def erase(engine: Engine, keys: Keys, address: str, proof: Proof) -> None:
    """The person is forgotten in every room; only a keyed hash stays, so that no old list brings them back (C7)."""
    import db
    from delivery.ledger import books
    from desk.notes.outbox import forget_notes
    from subscribers import rights
    from subscribers.address import parse

    with db.writing(engine) as connection:
        numbers = [str(number) for number in rights.erase(connection, keys, parse(address), proof).numbers]
        books.withdraw(connection, numbers, now=proof.at, words="erased")
        for number in numbers:
            books.forget(connection, number)
        forget_notes(connection, address)
