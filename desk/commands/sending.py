"""Sending an edition, looking at it, and holding it: send, test, status, resume, pause, cancel."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click

from desk.commands.common import Context, finding_as_json, json_option, now_option, read_tags, say, show_findings
from desk.commands.offices import (
    STATES,
    chosen_mailing,
    edition_argument,
    meter,
    one_edition,
    opened,
    tell_counts,
    tell_result,
)

if TYPE_CHECKING:
    from builder.model import Edition
    from delivery.ledger.books import Sending
    from delivery.loop.single import Posted
    from delivery.model import Counts
    from desk.mailing.office import CannotSend, Office
    from desk.mailing.sending import Plan, Share

mailing_argument = click.argument("mailing", required=False)


@click.command()
@edition_argument
@click.option("--dry-run", is_flag=True, help="Show who would get what, and what is in the way; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--action", metavar="ITEM", help="Only this item, now, to those who chose to get actions at once.")
@now_option
@json_option
@click.pass_obj
def send(
    context: Context, bulletin: str, day: date, dry_run: bool, yes: bool, action: str | None, now: str | None
) -> None:
    """Send an edition to its readers, each the letter that is theirs, once. Said again, it goes on where it stopped."""
    from desk import rounds
    from desk.mailing import sending
    from desk.readers.register import staff_proof

    with opened(context, now) as office:
        edition = one_edition(office, bulletin, day)
        if action:
            _send_alone(context, office, edition, action, dry_run=dry_run, yes=yes)
            return
        before = sending.sent_before(office, edition)
        edited = before is not None and _tell_frozen(context, office, edition, before)
        if dry_run:
            _dry_run(context, office, edition, before)
            return
        if before is None:
            rounds.make_ready(office, edition)
            plan = sending.plan(office, edition)
            sending.refuse_nobody(plan)
            if not context.as_json:
                _show_plan(office, plan)
            if not (yes or _agreed(context)):
                return
        with meter(context) as progress:
            summary = rounds.post(office, edition, progress, staff_proof("sent").actor)
        tell_result(context, office, f"{bulletin}-{day}", summary, edited=edited)


def _send_alone(context: Context, office: Office, edition: Edition, slug: str, *, dry_run: bool, yes: bool) -> None:
    from desk import rounds
    from desk.mailing import at_once
    from desk.mailing.office import CannotSend

    one = at_once.alone(office, edition, slug)
    at_once.refuse_unless_ready(office, one)
    number = at_once.count(office, one)
    line = f"“{one.letter.subject}”: {number:,} {'reader' if number == 1 else 'readers'} chose to get it at once"
    if dry_run:
        say(context, {"mailing": one.name, "dry_run": True, "recipients": number}, f"{line}.\nNothing was sent.")
        return
    at_once.refuse_unapproved(office, one)
    if not number:
        raise CannotSend(f"{line}. Nothing was sent; it is in its edition.")
    if not context.as_json:
        click.echo(line)
    if yes or _agreed(context):
        with meter(context) as progress:
            summary = rounds.post_alone(office, one, progress)
        tell_result(context, office, one.name, summary)


def _agreed(context: Context) -> bool:
    """A person at a terminal is asked; a script has said what it wants by not saying --dry-run."""
    if context.as_json or not sys.stdin.isatty():
        return True
    return click.confirm("Send it?")


def _tell_frozen(context: Context, office: Office, edition: Edition, before: Sending) -> bool:
    """Whether it was edited since."""
    from desk.mailing.sending import edited_since

    edited = edited_since(office, edition, before)
    if not context.as_json:
        click.echo(
            f"{before.name} was frozen on {before.frozen_at:%d %B %Y at %H:%M} UTC; this goes on with it.", err=True
        )
        if edited:
            click.echo("It was edited since. What is sent is the text as it was frozen.", err=True)
    return edited


def _dry_run(context: Context, office: Office, edition: Edition, before: Sending | None) -> None:
    from desk.mailing import sending

    plan = sending.plan(office, edition)
    notes, obstacles = sending.in_the_way(office, edition)
    if context.as_json:
        click.echo(json.dumps(_plan_as_json(plan, before, notes, obstacles), ensure_ascii=False, indent=2))
    else:
        _show_plan(office, plan)
        for obstacle in obstacles:
            show_findings(obstacle.findings, error=True)
        for line in (*notes, *map(str, obstacles)):
            click.echo(line, err=True)
        click.echo("Nothing was sent.")
    if obstacles:
        sys.exit(1)


def _plan_as_json(plan: Plan, before: Sending | None, notes: list[str], obstacles: list[CannotSend]) -> dict[str, Any]:
    return {
        "mailing": f"{plan.edition.bulletin}-{plan.edition.day}",
        "dry_run": True,
        "frozen": before is not None,
        "recipients": plan.readers,
        "nothing_for_them": plan.nothing,
        "paused": plan.paused,
        "letters": [
            {
                "readers": share.readers,
                "items": list(share.variant.items),
                "without": list(share.without),
                "only": list(share.only),
                "bytes": share.size,
            }
            for share in plan.shares
        ],
        "notes": notes,
        "blocked": [str(obstacle) for obstacle in obstacles],
        "findings": [finding_as_json(f) for obstacle in obstacles for f in obstacle.findings],
    }


LETTERS_SHOWN = 30
TITLES_SHOWN = 2


def _differs(share: Share) -> str:
    """ "without “Places at the summit” and 3 more"."""
    titles = share.without or share.only
    if not titles:
        return "everything"
    named = ", ".join(f"“{title}”" for title in titles[:TITLES_SHOWN])
    more = f" and {len(titles) - TITLES_SHOWN} more" if len(titles) > TITLES_SHOWN else ""
    return f"{'without' if share.without else 'only'} {named}{more}"


def _show_plan(office: Office, plan: Plan) -> None:
    given = office.delivering
    where = f"{given.host}:{given.port}" if given.transport == "smtp" else str(given.folder)
    click.echo(f"{plan.edition.key}: {plan.readers:,} readers, {len(plan.shares)} letters, by way of {where}")
    for share in plan.shares[:LETTERS_SHOWN]:
        click.echo(
            f"  {share.readers:>9,}  {len(share.variant.items):>3} items  {share.size:>7,} bytes  {_differs(share)}"
        )
    if len(plan.shares) > LETTERS_SHOWN:
        rest = plan.shares[LETTERS_SHOWN:]
        click.echo(f"  {sum(share.readers for share in rest):>9,}  in {len(rest)} further letters")
    if plan.nothing:
        click.echo(f"  {plan.nothing:>9,}  get nothing: no item is for them")
    if plan.paused:
        click.echo(f"  {plan.paused:>9,}  paused")


@click.command()
@edition_argument
@click.option("--to", "addresses", multiple=True, metavar="ADDRESS", help="Whom; without it, [delivery] seeds.")
@click.option(
    "--as", "tags", metavar="TAG,TAG…", help="The letter of a reader with these tags; without it, everything."
)
@now_option
@json_option
@click.pass_obj
def test(
    context: Context, bulletin: str, day: date, addresses: tuple[str, ...], tags: str | None, now: str | None
) -> None:
    """Send one letter of an edition, marked as a test, to yourself or to the seed list."""
    from desk.mailing.testing import post_test

    with opened(context, now) as office:
        edition = one_edition(office, bulletin, day)
        to = addresses or office.delivering.seeds
        if not to:
            raise click.ClickException("To whom? Say --to ADDRESS, or list them in [delivery] seeds.")
        chosen = read_tags(office.press.house.audiences, tags, "--as") if tags else None
        posted = post_test(office, edition, chosen, to)
    _tell_test(context, posted)


def _tell_test(context: Context, posted: list[Posted]) -> None:
    rows = [
        {"address": one.recipient.address, "state": one.outcome.state.value, "words": one.outcome.words}
        for one in posted
    ]
    if context.as_json:
        click.echo(json.dumps({"test": rows}, ensure_ascii=False))
    else:
        for row in rows:
            click.echo(f"{row['address']}: {row['state'].replace('_', ' ')}  {row['words']}".rstrip())
    if any(row["state"] != "accepted" for row in rows):
        sys.exit(1)


@click.command()
@mailing_argument
@click.option("--list", "listed", multiple=True, type=click.Choice(list(STATES)), help="Also list these by name.")
@click.option("--who", metavar="ADDRESS", help='Only this reader: "did our school get it?"')
@json_option
@click.pass_obj
def status(context: Context, mailing: str | None, listed: tuple[str, ...], who: str | None) -> None:
    """How a mailing stands; the numbers always add up to the list. Without a name, the newest."""
    from delivery.ledger.sending import settle_leftovers
    from desk.mailing.sending import counted

    with opened(context) as office:
        sending = chosen_mailing(office, mailing)
        settle_leftovers(office.engine, sending.id)
        counts = counted(office, sending.id)
        state = _state(office, sending, counts)
        people = _people(office, sending, listed, who)
    if context.as_json:
        more = {"people": people} if listed or who else {}
        click.echo(json.dumps({**counts.as_dict(), **more}, ensure_ascii=False))
        return
    if who is None:
        click.echo(f"{sending.name}: {state}")
        tell_counts(counts)
    for person in people:
        click.echo(f"  {person['state'].replace('_', ' ')}: {person['address']}  {person['words']}".rstrip())
    if who and not people:
        click.echo(f"{who} is not in {sending.name}.")


def _state(office: Office, sending: Sending, counts: Counts) -> str:
    from delivery.ledger.fence import is_held

    if sending.finished_at or sending.control != "run":
        return "finished" if sending.finished_at else sending.control
    go_on = f"To go on: bulletin resume {sending.name}"
    if sending.problem:
        return f"not finished. It stopped: {sending.problem}\n{go_on}"
    if counts.waiting > counts.deferred and not is_held(office.engine, sending.id):
        return f"not finished, and nobody is sending it now.\n{go_on}"
    return "not finished"


def _people(office: Office, sending: Sending, listed: tuple[str, ...], who: str | None) -> list[dict[str, Any]]:
    import db
    from delivery.ledger import books
    from delivery.model import State

    if not (listed or who):
        return []
    with db.reading(office.engine) as connection:
        fates = books.fates(connection, sending.id, *(State(state) for state in listed))
        return [
            {
                "address": fate.address,
                "state": fate.state.value,
                "at": fate.at.isoformat() if fate.at else None,
                "words": f"{fate.code or ''} {fate.status} {fate.words}".strip(),
            }
            for fate in fates
            if who is None or fate.address.lower() == who.lower()
        ]


@click.command()
@mailing_argument
@click.option("--in-doubt", type=click.Choice(["resend", "leave"]), help="What about those who may have it already?")
@click.option("--missed", is_flag=True, help="Also send again to those whom the server refused.")
@click.option("--late", is_flag=True, help="Also send to those who became readers after it was frozen.")
@json_option
@click.pass_obj
def resume(context: Context, mailing: str | None, in_doubt: str | None, missed: bool, late: bool) -> None:
    """Go on with a mailing that was paused, stopped or broken off. Nobody in doubt is sent anything without your word."""
    from desk import rounds
    from desk.mailing import sending

    with opened(context) as office:
        chosen = chosen_mailing(office, mailing, to_resume=True)
        rounds.take_up(office, chosen, in_doubt=in_doubt == "resend", missed=missed, late=late)
        with meter(context) as progress:
            summary = sending.deliver(office, chosen.name, progress)
        tell_result(context, office, chosen.name, summary)


@click.command()
@mailing_argument
@json_option
@click.pass_obj
def pause(context: Context, mailing: str | None) -> None:
    """Hold a mailing: whoever sends it ends the letters under way and stops."""
    import db
    from delivery.ledger import books
    from desk.mailing.sending import under_way

    with opened(context) as office:
        chosen = under_way(chosen_mailing(office, mailing, to_resume=True))
        with db.writing(office.engine) as connection:
            books.pause(connection, chosen.id)
    say(context, {"mailing": chosen.name, "control": "paused"}, f"{chosen.name} is paused. To go on: bulletin resume")


@click.command()
@mailing_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def cancel(context: Context, mailing: str | None, yes: bool) -> None:
    """Stop a mailing for good: what has not left does not leave."""
    import db
    from delivery.ledger import books
    from desk.mailing.sending import under_way

    with opened(context) as office:
        chosen = under_way(chosen_mailing(office, mailing, to_resume=True))
        if not (yes or context.as_json or not sys.stdin.isatty()):
            click.confirm(f"Stop {chosen.name} for good?", abort=True)
        with db.writing(office.engine) as connection:
            number = books.cancel(connection, chosen.id, now=datetime.now(UTC))
    told = {"mailing": chosen.name, "control": "cancelled", "withdrawn": number}
    say(context, told, f"{chosen.name} is cancelled; {number:,} letters will not leave.")
