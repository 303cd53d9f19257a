"""What the commands of delivery share: an office, its errors as one clear line, a progress bar, and how results are told."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from desk.commands.common import Context, Day, finding_as_json, moment, show_findings

if TYPE_CHECKING:
    from builder.model import Edition
    from delivery.ledger.books import Sending
    from delivery.loop.run import Summary
    from delivery.model import Counts
    from desk.mailing.office import Office

STATES = {
    "accepted": "accepted by the mail server",
    "failed": "failed: refused for good",
    "deferred": "deferred: tried again later",
    "in_doubt": "in doubt: may have it, may not",
    "suppressed": "suppressed: not to be written to, or nothing for them",
    "withdrawn": "withdrawn before it left",
    "queued": "queued: not sent yet",
}
NAMED = 20  # in doubt or failed, on the screen; `status --list` shows all


def edition_argument(command: Any) -> Any:
    return click.argument("bulletin")(click.argument("day", metavar="DATE", type=Day())(command))


@contextmanager
def opened(context: Context, now: str | None = None) -> Iterator[Office]:
    """Everything that the rooms refuse becomes one clear message and exit 1."""
    from sqlalchemy.exc import DBAPIError

    from builder.model import BuilderError
    from db.errors import DatabaseError
    from delivery.model import DeliveryError
    from desk.building import NoSuchEdition
    from desk.mailing.office import CannotSend, open_office
    from desk.settings import SettingsError
    from subscribers.model import SubscribersError

    settings = context.settings()
    try:
        with open_office(settings, moment(now, settings) if now else None) as office:
            yield office
    except CannotSend as error:
        _refuse(context, str(error), error.findings)
    except BuilderError as error:
        _refuse(context, "It cannot be built. Nothing was sent.", error.findings)
    except DBAPIError as error:
        raise click.ClickException(f"The database cannot be used: {error.orig}") from error
    except OSError as error:
        raise click.ClickException(f"{error.filename or 'The disk'}: {error.strerror or error}") from error
    except (SettingsError, DatabaseError, SubscribersError, DeliveryError, NoSuchEdition) as error:
        raise click.ClickException(str(error)) from error


def _refuse(context: Context, message: str, findings: tuple[Any, ...]) -> None:
    if context.as_json:
        click.echo(json.dumps({"error": message, "findings": [finding_as_json(f) for f in findings]}, indent=2))
    elif findings:
        show_findings(sorted(findings), error=True)
    raise click.ClickException(message)


def one_edition(office: Office, bulletin: str, day: date) -> Edition:
    """Raises NoSuchEdition."""
    from desk.building import chosen_editions

    return chosen_editions(office.press, bulletin, day)[0]


def chosen_mailing(office: Office, name: str | None, *, to_resume: bool = False) -> Sending:
    """The one that is named; else the newest, or the newest that is not done. Raises DeliveryError."""
    import db
    from delivery.ledger import books
    from delivery.model import DeliveryError
    from desk.mailing.sending import found

    if name:
        return found(office, name.replace("/", "-"))
    with db.reading(office.engine) as connection:
        every = books.mailings(connection)
    still_open = [each for each in every if each.finished_at is None and each.control != "cancelled"]
    if to_resume and still_open:
        return still_open[0]
    if not every:
        raise DeliveryError("Nothing has been sent yet.")
    return every[0]


@contextmanager
def meter(context: Context) -> Iterator[Callable[[Counts], None] | None]:
    """A bar on a terminal, a line for every tenth in a pipe, nothing beside JSON."""
    if context.as_json:
        yield None
    elif not sys.stderr.isatty():
        yield _lines()
    else:
        with click.progressbar(length=1, label="Sending", file=sys.stderr, show_pos=True) as bar:

            def move(counts: Counts) -> None:
                bar.length = max(1, counts.recipients)
                bar.update(max(0, counts.recipients - counts.waiting - bar.pos))

            yield move


def _lines() -> Callable[[Counts], None]:
    told = [-1]

    def tell(counts: Counts) -> None:
        done = counts.recipients - counts.waiting
        tenth = 10 * done // max(1, counts.recipients)
        if tenth != told[0]:
            told[0] = tenth
            click.echo(f"{done:,} of {counts.recipients:,}", err=True)

    return tell


def tell_counts(counts: Counts) -> None:
    numbers = counts.as_dict()
    click.echo(f"  {numbers['recipients']:>9,}  recipients")
    for state, words in STATES.items():
        if numbers[state] or state == "accepted":
            click.echo(f"  {numbers[state]:>9,}  {words}")


def tell_result(context: Context, office: Office, name: str, summary: Summary, **more: Any) -> None:
    """How it ended; exits 1 unless everyone who could get a letter has got one."""
    if context.as_json:
        due = summary.next_due.isoformat() if summary.next_due else None
        told = {"mailing": name, "ended": summary.ended, "problem": summary.problem, "next_due": due}
        click.echo(json.dumps({**told, **more, **summary.counts.as_dict()}, ensure_ascii=False))
    else:
        click.echo(f"{name}: {summary.ended}")
        tell_counts(summary.counts)
        _tell_names(office, name)
        for line in _what_next(name, summary):
            click.echo(line, err=True)
    if not summary.is_good:
        sys.exit(1)


def _tell_names(office: Office, name: str) -> None:
    from itertools import islice

    import db
    from delivery.ledger import books
    from delivery.model import State
    from desk.mailing.sending import found

    number = found(office, name).id
    with db.reading(office.engine) as connection:
        for fate in islice(books.fates(connection, number, State.IN_DOUBT, State.FAILED), NAMED):
            words = f"{fate.code or ''} {fate.status} {fate.words}".strip()
            click.echo(f"  {fate.state.value.replace('_', ' ')}: {fate.address}  {words}")


def _what_next(name: str, summary: Summary) -> Iterator[str]:
    if summary.problem:
        yield f"Stopped: {summary.problem}"
    if summary.next_due:
        yield f"Some letters are tried again from {summary.next_due:%H:%M} UTC: bulletin resume {name}"
    elif summary.counts.waiting and summary.ended != "cancelled":
        yield f"Not everybody has it yet. To go on: bulletin resume {name}"
    if summary.counts.in_doubt:
        yield f"To send to those in doubt again, who may then get it twice: bulletin resume {name} --in-doubt resend"
    if summary.counts.failed:
        yield f"To try those that failed once more: bulletin resume {name} --missed"
