"""Letters about one reader's subscription, from confirm to goodbye: what waits, what is in doubt, and sending them now."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from desk.commands.common import Context, json_option
from desk.commands.offices import opened

if TYPE_CHECKING:
    from delivery.ledger.notes import Note
    from desk.mailing.office import Office

WORDS = {
    "accepted": "accepted by the mail server",
    "failed": "failed: refused for good, or tried for three days",
    "deferred": "deferred: tried again by itself",
    "in_doubt": "in doubt: may have it, may not",
    "queued": "queued: not sent yet",
}


@click.command()
@click.option("--send", "now", is_flag=True, help="Send what waits, without `serve` or `schedule run`.")
@click.option("--in-doubt", type=click.Choice(["resend", "leave"]), help="What about those who may have it already?")
@json_option
@click.pass_obj
def notes(context: Context, now: bool, in_doubt: str | None) -> None:
    """Show the letters about subscriptions (confirm, welcome, goodbye): how they stand, and which are in doubt."""
    import db
    from delivery.ledger import notes as kept
    from desk.notes.carrying import carry_notes

    problem = ""
    with opened(context) as office:
        if in_doubt:
            with db.writing(office.engine) as connection:
                kept.answer_doubt(connection, resend=in_doubt == "resend", now=datetime.now(UTC))
        if now or in_doubt == "resend":
            problem = carry_notes(office).problem
        counts, doubted = _standing(office)
    if context.as_json:
        click.echo(json.dumps({**counts, "problem": problem, "doubted": doubted}, ensure_ascii=False))
    else:
        _tell(counts, doubted, problem)
    if problem or counts["in_doubt"]:
        sys.exit(1)


def _standing(office: Office) -> tuple[dict[str, int], list[dict[str, Any]]]:
    import db
    from delivery.ledger import notes as kept
    from delivery.model import State

    with db.reading(office.engine) as connection:
        doubted = [_shown(one) for one in kept.listed(connection, State.IN_DOUBT) if one.address]
        return kept.counts(connection), doubted


def _shown(one: Note) -> dict[str, Any]:
    return {"kind": one.kind, "address": one.address, "made_at": one.made_at.isoformat(), "words": one.words}


def _tell(counts: dict[str, int], doubted: list[dict[str, Any]], problem: str) -> None:
    for state, words in WORDS.items():
        if counts[state] or state in ("accepted", "queued"):
            click.echo(f"  {counts[state]:>9,}  {words}")
    for one in doubted:
        click.echo(f"  in doubt: {one['kind']} to {one['address']}  {one['words']}".rstrip())
    if problem:
        click.echo(f"Stopped: {problem}", err=True)
    if doubted:
        click.echo("They may have it already. To send it again: bulletin notes --in-doubt resend", err=True)
