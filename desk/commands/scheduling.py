"""Who says yes, and when it leaves: approve, schedule."""

from __future__ import annotations

import json
import sys
import time
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from desk.commands.common import Context, json_option, now_option, say
from desk.commands.offices import edition_argument, one_edition, opened, tell_counts

if TYPE_CHECKING:
    from desk.mailing.planning import Fired

LOOK_SECONDS = 30


@click.command()
@edition_argument
@click.option("--action", metavar="ITEM", help="Only this item, to be sent by itself.")
@now_option
@json_option
@click.pass_obj
def approve(context: Context, bulletin: str, day: date, action: str | None, now: str | None) -> None:
    """Say that an edition may go out as it stands now. Any edit after this voids it."""
    from desk.mailing.at_once import alone
    from desk.mailing.planning import approve as approve_it
    from desk.mailing.planning import approve_alone

    with opened(context, now) as office:
        edition = one_edition(office, bulletin, day)
        by = approve_alone(office, alone(office, edition, action)) if action else approve_it(office, edition)
        what = f"{edition.key}/{action}" if action else edition.key
    say(context, {"edition": edition.key, "by": by}, f"{what} is approved as it stands, by {by}.")


class Schedule(click.Group):
    """`bulletin schedule weekly 2025-01-14` plans; its other words are commands."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            args = ["add", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=Schedule, subcommand_metavar="BULLETIN DATE [--at TIME] | list | run | remove BULLETIN DATE")
def schedule() -> None:
    """Plan when an edition leaves: at its bulletin's time on its day, whatever the clocks do."""


@schedule.command("add", hidden=True)
@edition_argument
@click.option("--at", metavar="TIME", help="10:30 on its day, or a moment like 2025-01-14T10:30.")
@now_option
@json_option
@click.pass_obj
def add(context: Context, bulletin: str, day: date, at: str | None, now: str | None) -> None:
    """Plan an edition, or plan it anew."""
    from desk.mailing.planning import plan

    with opened(context, now) as office:
        edition = one_edition(office, bulletin, day)
        try:
            moment = plan(office, edition, at)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--at") from error
        there = moment.astimezone(office.press.house.calendar.zone)
    line = f"{edition.key} leaves on {there:%A} {there.day} {there:%B %Y at %H:%M}, while bulletin serve is running."
    say(context, {"edition": edition.key, "at": moment.isoformat()}, line)


@schedule.command("list")
@now_option
@json_option
@click.pass_obj
def list_planned(context: Context, now: str | None) -> None:
    """What is planned, what has left, what was missed."""
    from desk.mailing.planning import listed

    with opened(context, now) as office:
        rows = listed(office)
    if context.as_json:
        told = [
            {
                "bulletin": row.planned.bulletin,
                "edition": row.planned.edition,
                "at": row.planned.at.isoformat(),
                "by": row.planned.by,
                "state": row.state,
                "edited": row.edited,
            }
            for row in rows
        ]
        click.echo(json.dumps({"planned": told}, ensure_ascii=False))
        return
    for row in rows:
        edited = ", edited since" if row.edited else ""
        click.echo(
            f"{row.planned.bulletin} {row.planned.edition}  {row.planned.at:%Y-%m-%d %H:%M} UTC  {row.state}{edited}"
        )
    if not rows:
        click.echo("Nothing is planned.")


@schedule.command()
@edition_argument
@json_option
@click.pass_obj
def remove(context: Context, bulletin: str, day: date) -> None:
    """Take an edition off the plan."""
    from desk.mailing.planning import unplan

    with opened(context) as office:
        edition = one_edition(office, bulletin, day)
        done = unplan(office, edition)
    say(context, {"removed": done}, f"{edition.key} is off the plan." if done else f"{edition.key} was not planned.")


@schedule.command("run")
@click.option("--stay", is_flag=True, help="Stay, and look twice a minute.")
@now_option
@json_option
@click.pass_obj
def run_due(context: Context, stay: bool, now: str | None) -> None:
    """Send what is due, once however often this runs, and go on with what broke off. For cron, once a minute; or --stay."""
    while True:
        is_good, is_stopped = _tick(context, now)
        if not stay or is_stopped:
            sys.exit(0 if is_good else 1)
        time.sleep(LOOK_SECONDS)


def _tick(context: Context, now: str | None) -> tuple[bool, bool]:
    """Whether all is well, and whether somebody asked this process to end."""
    from desk.mailing.planning import fire
    from desk.notes.carrying import carry_notes

    try:
        with opened(context, now) as office:
            notes = carry_notes(office)
            fired = fire(office)
    except click.ClickException as error:
        error.show()
        return False, False
    if context.as_json:
        told = {"fired": [_as_json(one) for one in fired], "notes": len(notes.outcomes), "problem": notes.problem}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        if notes.problem:
            click.echo(f"Letters about subscriptions wait: {notes.problem}", err=True)
        for one in fired:
            _tell(one)
    return all(one.is_good for one in fired), any(one.is_stopped for one in fired)


def _as_json(one: Fired) -> dict[str, Any]:
    counts = one.summary.counts.as_dict() if one.summary else {}
    return {"mailing": one.name, "ended": one.summary.ended if one.summary else "", "problem": one.problem, **counts}


def _tell(one: Fired) -> None:
    if one.summary is None:
        click.echo(f"{one.name}: not sent. {one.problem}", err=True)
        return
    click.echo(f"{one.name}: {one.summary.ended} {one.summary.problem}".rstrip())
    tell_counts(one.summary.counts)
