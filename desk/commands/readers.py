"""Who gets it: importing old lists, looking after single readers, and the addresses that must not be written to."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from desk.commands.common import Context, Day, json_option, now_option, read_tags, say

if TYPE_CHECKING:
    from datetime import date

    from desk.readers.register import Register
    from subscribers.imports import Plan, Staged

SHOWN = ("new", "existing", "joined", "suppressed", "held", "unreadable")
bulletin_option = click.option("--bulletin", metavar="ID", help="Which bulletin; without it, the main one.")


@contextmanager
def _opened(context: Context) -> Iterator[Register]:
    """The register; everything that the rooms refuse becomes one clear line and a non-zero exit."""
    from db.errors import DatabaseError
    from desk.readers.register import open_register
    from desk.settings import SettingsError
    from subscribers.model import SubscribersError

    try:
        register = open_register(context.settings())
        try:
            yield register
        finally:
            register.engine.dispose()
    except (DatabaseError, SettingsError, SubscribersError) as error:
        raise click.ClickException(str(error)) from error


def _bulletin(register: Register, named: str | None) -> str:
    bulletins = register.settings.house.bulletins
    if named and named not in bulletins:
        raise click.ClickException(f'There is no bulletin "{named}". There are: {", ".join(bulletins)}.')
    return named or register.settings.house.main_bulletin.id


@click.group()
def subscribers() -> None:
    """Who gets which bulletin, and the proof that they asked for it."""


# --- old lists -------------------------------------------------------------------------------------------------------


@subscribers.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--source", required=True, help="What the old list was called: together, ecourier, …")
@bulletin_option
@click.option("--map", "maps", multiple=True, metavar="COLUMN=AUDIENCE", help="Which column tells which audience.")
@click.option("--dry-run", is_flag=True, help="Show the plan and change nothing.")
@click.option("--yes", is_flag=True, help="Apply the plan without asking.")
@click.option("--list", "listed", multiple=True, type=click.Choice(SHOWN), help="Also list these people or rows.")
@json_option
@click.pass_obj
def import_(
    context: Context,
    files: tuple[Path, ...],
    source: str,
    bulletin: str | None,
    maps: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    listed: tuple[str, ...],
) -> None:
    """Merge old lists: shows what would become of everybody, then does exactly that. A "no" is never overruled."""
    from desk.readers.importing import staged_import

    with _opened(context) as register:
        target = _bulletin(register, bulletin)
        with staged_import(register, files, source=source, bulletin=target, maps=maps) as (staged, plan):
            _show_plan(context, staged, plan, listed)
            if dry_run or not (yes or _agreed(context)):
                return
            _apply(context, register, staged, plan)


def _agreed(context: Context) -> bool:
    """A person at a terminal is asked; a script has said what it wants by not saying --dry-run."""
    if context.as_json or not sys.stdin.isatty():
        return True
    return click.confirm("Do exactly this?")


def _show_plan(context: Context, staged: Staged, plan: Plan, listed: tuple[str, ...]) -> None:
    from desk.readers.importing import listing

    if context.as_json:
        rows = {name: list(listing(staged, name)) for name in listed}
        click.echo(json.dumps({**plan.counts, "source": plan.source, "bulletin": plan.bulletin, **rows}, indent=2))
        return
    click.echo(f"{plan.counts['rows']} rows in {plan.counts['files']} files, for {plan.bulletin}:")
    for name in SHOWN:
        click.echo(f"  {plan.counts[name]:>9,}  {MEANS[name]}")
    for name in listed:
        click.echo(f"\n{name}:")
        for row in listing(staged, name):
            click.echo(f"  {row['file']}, line {row['line']}: {row['address']} {row['why']}".rstrip())


MEANS = {
    "new": "new: they will get it from now on",
    "existing": "already here: nothing changes",
    "joined": "in several lists: joined into one",
    "suppressed": "have said no: they stay out",
    "held": "unclear: held until a person decides (bulletin subscribers held)",
    "unreadable": "rows that name nobody (--list unreadable shows them)",
}


def _apply(context: Context, register: Register, staged: Staged, plan: Plan) -> None:
    from desk.readers.importing import apply_import

    number, report = apply_import(register, staged, plan)
    if not context.as_json:
        click.echo(f"\nDone, as import {number}. The audit is in {report}")
        click.echo(f"To take it back: bulletin subscribers undo {number}")


@subscribers.command()
@click.argument("number", type=int)
@json_option
@click.pass_obj
def undo(context: Context, number: int) -> None:
    """Take back what an import added. Its "no"s stay."""
    import db
    from desk.readers.register import staff_proof
    from subscribers.imports import undo as take_back

    with _opened(context) as register, db.writing(register.engine) as connection:
        done = take_back(connection, number, staff_proof("undo"))
    line = f"Taken back: {done.removed} removed, {done.kept} kept because they have acted since, {done.choices_restored} restored."
    say(context, {"removed": done.removed, "kept": done.kept, "restored": done.choices_restored}, line)


@subscribers.command()
@click.option("--accept", "accepted", multiple=True, type=int, metavar="NUMBER", help="This one wants it.")
@click.option("--refuse", "refused", multiple=True, type=int, metavar="NUMBER", help="This one does not.")
@json_option
@click.pass_obj
def held(context: Context, accepted: tuple[int, ...], refused: tuple[int, ...]) -> None:
    """List the rows that wait for a person, or decide about them."""
    import db
    from desk.readers.register import staff_proof
    from subscribers import acts
    from subscribers.held import waiting

    with _opened(context) as register:
        if accepted or refused:
            with db.writing(register.engine) as connection:
                for number in (*accepted, *refused):
                    yes, proof = number in accepted, staff_proof("held row decided")
                    acts.decide_held(connection, register.keys, number, register.bases, proof, accept=yes)
        with db.reading(register.engine) as connection:
            rows = waiting(connection)
    if context.as_json:
        click.echo(json.dumps({"held": rows}, ensure_ascii=False, indent=2, default=str))
        return
    for row in rows:
        click.echo(f"{row['id']:>6}  {row['address']}  {row['bulletin']}  {row['why']}")
    click.echo(f"{len(rows)} wait for a decision." if rows else "Nobody waits for a decision.")


# --- one reader ------------------------------------------------------------------------------------------------------


@subscribers.command()
@click.argument("address")
@bulletin_option
@click.option("--name", default="")
@click.option("--audience", default="", help="What they want to read about: tags or groups, with commas.")
@click.option("--everything", is_flag=True, help="All items, whatever they are about.")
@click.option("--over-a-no", is_flag=True, help="They have said no before and now ask you themselves.")
@json_option
@click.pass_obj
def add(
    context: Context, address: str, bulletin: str | None, name: str, audience: str, everything: bool, over_a_no: bool
) -> None:
    """Add a reader who asked you to."""
    import db
    from desk.readers.register import staff_proof
    from subscribers import acts
    from subscribers.address import parse
    from subscribers.model import Choices

    with _opened(context) as register:
        target = _bulletin(register, bulletin)
        tags = read_tags(register.settings.house.audiences, audience, "--audience")
        choices = Choices(tags, "everything" if everything else "selection")
        with db.writing(register.engine) as connection:
            person = acts.add(
                connection,
                register.keys,
                parse(address),
                target,
                choices,
                register.bases,
                staff_proof("added by staff"),
                name=name,
                over_a_no=over_a_no,
            )
    say(context, {"address": person.address, "bulletin": target}, f"{person.address} gets {target}.")


@subscribers.command()
@click.argument("address")
@click.option("--bulletin", metavar="ID", help="Only this one; without it, all.")
@json_option
@click.pass_obj
def remove(context: Context, address: str, bulletin: str | None) -> None:
    """End a reader's subscription. It ends with its reason; the "no" is kept."""
    from desk.readers.register import staff_proof
    from desk.rounds import farewell

    with _opened(context) as register:
        target = _bulletin(register, bulletin) if bulletin else None
        ended = farewell(register.engine, register.keys, address, target, staff_proof("removed by staff"))
    line = f"{address} no longer gets {', '.join(ended)}." if ended else f"{address} got nothing before."
    say(context, {"ended": list(ended)}, line)


@subscribers.command()
@click.argument("address")
@click.pass_obj
def show(context: Context, address: str) -> None:
    """Everything that is held about an address, as JSON: the answer to a subject access request."""
    import db
    from desk.readers.person import shown
    from subscribers.address import parse

    with _opened(context) as register, db.reading(register.engine) as connection:
        click.echo(shown(connection, register.keys, parse(address)))


@subscribers.command()
@click.argument("address")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def erase(context: Context, address: str, yes: bool) -> None:
    """Forget a person: no byte of the address stays, only a keyed hash so that no old list brings them back."""
    from desk.readers import person
    from desk.readers.register import staff_proof

    if not (yes or context.as_json or not sys.stdin.isatty()):
        click.confirm(f"Forget {address} for good?", abort=True)
    with _opened(context) as register:
        person.forget(register, address, staff_proof("erased by staff"))
        person.scrub(register.engine)
    say(context, {"erased": True}, "Forgotten.")


@subscribers.command()
@bulletin_option
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.pass_obj
def export(context: Context, bulletin: str | None, form: str) -> None:
    """Every subscription, open or ended. What this writes, import reads."""
    import db
    from subscribers import exporting

    write = exporting.as_json if form == "json" or context.as_json else exporting.as_csv
    with _opened(context) as register, db.reading(register.engine) as connection:
        for line in write(connection, _bulletin(register, bulletin) if bulletin else None):
            click.echo(line, nl=False)


@subscribers.command()
@bulletin_option
@click.option("--edition", "day", type=Day(), help="Also how many readers each item of this edition reaches.")
@now_option
@json_option
@click.pass_obj
def counts(context: Context, bulletin: str | None, day: date | None, now: str | None) -> None:
    """Readers per audience, where they came from, how the list grows, and what each item would reach."""
    from desk.readers.counting import counted, told

    with _opened(context) as register:
        target = _bulletin(register, bulletin)
        numbers = counted(register, target, day, context.press(now))
    if context.as_json:
        click.echo(json.dumps(numbers, ensure_ascii=False, indent=2))
    else:
        click.echo(told(numbers))


@subscribers.command()
@json_option
@click.pass_obj
def retention(context: Context) -> None:
    """Forget what is older than the privacy notice promises. Run it every night."""
    from desk.readers.person import keep_no_longer

    with _opened(context) as register:
        gone = keep_no_longer(register, datetime.now(UTC))
    rows = gone.rows
    numbers = {"requests": rows.requests, "held": rows.held, "people": rows.people}
    line = f"Forgotten: {rows.requests} requests, {rows.held} held rows, {rows.people} people"
    say(
        context,
        {**numbers, "letters": gone.letters, "reports": gone.reports, "recipients": gone.recipients},
        f"{line}, {gone.recipients} recipients; {gone.letters} letters and {gone.reports} reports thrown away.",
    )


# --- those who must not be written to --------------------------------------------------------------------------------


@click.group()
def suppressions() -> None:
    """Addresses that have said no, kept as hashes."""


@suppressions.command("list")
@json_option
@click.pass_obj
def list_suppressions(context: Context) -> None:
    """Every "no": since when, why, for which bulletin. The addresses themselves are not kept."""
    import db
    from subscribers import store

    with _opened(context) as register, db.reading(register.engine) as connection:
        found = store.suppressions(connection)
    rows = [_suppression(no) for no in found]
    if context.as_json:
        click.echo(json.dumps({"suppressions": rows}, indent=2))
        return
    for row in rows:
        click.echo(
            f"{row['hash'][:12]}  {row['since'][:10]}  {row['reason']:12}  {row['bulletin'] or 'every bulletin'}"
        )
    click.echo(f"{len(rows)} addresses have said no.")


def _suppression(no: Any) -> dict[str, Any]:
    return {
        "hash": no.address_hash.hex(),
        "bulletin": no.bulletin,
        "reason": no.reason,
        "since": no.since.isoformat(),
        "source": no.source,
    }


@suppressions.command("add")
@click.argument("address")
@click.option("--bulletin", metavar="ID", help="Only this one; without it, all.")
@json_option
@click.pass_obj
def add_suppression(context: Context, address: str, bulletin: str | None) -> None:
    """Never write to this address, whether anybody imports it or not."""
    from desk.readers.register import staff_proof
    from desk.rounds import refuse

    with _opened(context) as register:
        target = _bulletin(register, bulletin) if bulletin else None
        refuse(register.engine, register.keys, address, target, staff_proof("suppressed by staff"))
    say(context, {"suppressed": True}, "This address will not be written to.")


@suppressions.command("remove")
@click.argument("address")
@bulletin_option
@json_option
@click.pass_obj
def remove_suppression(context: Context, address: str, bulletin: str | None) -> None:
    """The person asked you to write again: drop the "no". It makes nobody a reader."""
    import db
    from subscribers import store
    from subscribers.address import parse

    with _opened(context) as register:
        target = _bulletin(register, bulletin)
        others = set(register.settings.house.bulletins) - {target}
        with db.writing(register.engine) as connection:
            dropped = store.lift(connection, register.keys, parse(address).key, target, others)
    say(context, {"dropped": len(dropped)}, "Dropped." if dropped else "There was none.")
