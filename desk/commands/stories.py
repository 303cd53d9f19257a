"""Schools' stories at the command line: what waits, and what becomes of it."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from desk.commands.common import Context, bulletin_argument, day_argument, json_option, now_option, say
from desk.commands.intake import end_with_troubles, from_option, looked, newsroom, school_option

if TYPE_CHECKING:
    from desk.goodnews.newsroom import Newsroom
    from goodnews.model import Held

STATES = ("suggested", "waiting", "asked", "accepted", "published", "declined", "withdrawn")
reference_argument = click.argument("reference")


@click.group()
def stories() -> None:
    """Good news from schools: what waits, and what becomes of it."""


@stories.command("list")
@click.option("--state", type=click.Choice(STATES), multiple=True, help="Only these; without it, all that is open.")
@now_option
@json_option
@click.pass_obj
def list_stories(context: Context, state: tuple[str, ...], now: str | None) -> None:
    """The stories that wait, the oldest first, with what is missing."""
    from goodnews import store
    from goodnews.model import OPEN

    with newsroom(context, now) as room:
        found = _read(room, lambda connection: store.listed(connection, *(state or OPEN)))  # type: ignore[arg-type]
        told = [_as_json(held) for held in found]
    if context.as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    lines = (f"{s['reference']}  {s['state']:9}  {s['school'] or '?'}: {s['title']}" for s in told)
    click.echo("\n".join(lines) or "No story waits.")


@stories.command()
@reference_argument
@now_option
@json_option
@click.pass_obj
def show(context: Context, reference: str, now: str | None) -> None:
    """A story with its history. Its contact details are shown at the desk only."""
    from goodnews import store

    with newsroom(context, now) as room:
        held = _held(room, reference)
        history = _read(room, lambda connection: store.history(connection, held.id))
    told = _as_json(held) | {
        "text": held.story.text,
        "history": [{"at": e.at.isoformat(), "what": e.what, "by": e.actor} for e in history],
    }
    lines = [f"{held.reference}  {held.state}", f"{held.story.school}: {held.story.title}", "", held.story.text, ""]
    lines += [f"{e.at:%Y-%m-%d %H:%M}  {e.what} by {e.actor}" for e in history]
    say(context, told, "\n".join(lines))


@stories.command()
@reference_argument
@bulletin_argument
@day_argument
@click.option("--names-agreed", is_flag=True, help="A child's full name may stand beside a face: its family agreed.")
@now_option
@json_option
@click.pass_obj
def accept(
    context: Context, reference: str, bulletin: str | None, day: date | None, names_agreed: bool, now: str | None
) -> None:
    """Put a story into an edition; without a DATE, the next one that is open for copy. Saying it again changes nothing."""
    from desk.goodnews import acts
    from desk.goodnews.accepting import CannotAccept, refuse_unfit
    from desk.readers.register import staff_proof
    from desk.stories import CannotTake, edition_for

    with newsroom(context, now) as room:
        held = _held(room, reference)
        try:
            with room.press() as press:
                bulletin, day = edition_for(press, bulletin, day)
            checked = refuse_unfit(room, held, names_agreed=names_agreed)
            found = acts.accept(room, held, bulletin, day, staff_proof("").actor, checked=checked)
        except (CannotAccept, CannotTake) as error:
            raise click.ClickException(str(error)) from error
    say(context, _as_json(found), f"{found.reference} is in content/{bulletin}/{day}/good-news/{found.slug}.md")


@stories.command()
@reference_argument
@click.option("--reason", prompt="Why, in words for the school", help="What the school is told.")
@now_option
@json_option
@click.pass_obj
def decline(context: Context, reference: str, reason: str, now: str | None) -> None:
    """Say no, with a reason that the school is told."""
    from desk.goodnews import acts
    from desk.readers.register import staff_proof

    with newsroom(context, now) as room:
        found = acts.decline(room, _held(room, reference), reason, staff_proof("").actor)
    say(context, _as_json(found), f"{found.reference} is declined.")


@stories.command()
@reference_argument
@now_option
@json_option
@click.pass_obj
def withdraw(context: Context, reference: str, now: str | None) -> None:
    """Take a story back everywhere, as its school can by its link: content, site, feeds, caches and mail that has not left."""
    from desk.goodnews import acts
    from desk.readers.register import staff_proof

    with newsroom(context, now) as room:
        gone = acts.withdraw(room, _held(room, reference), staff_proof("").actor)
    told = _as_json(gone.held) | {"mailed": gone.mailed, "everywhere": gone.everywhere}
    mailed = f" It was in {gone.mailed} letters that had left." if gone.mailed else ""
    said = "gone" if gone.everywhere else "gone from its page; the site could not be built anew"
    say(context, told, f"{gone.held.reference} is {said}.{mailed}")
    if not gone.everywhere:
        raise click.exceptions.Exit(1)


@stories.command("take")
@bulletin_argument
@day_argument
@school_option
@from_option
@now_option
@json_option
@click.pass_obj
def take_stories(
    context: Context, bulletin: str | None, day: date | None, school: str, place: str, now: str | None
) -> None:
    """Write what waits in feeds as drafts into an edition at once, for editors who work in files."""
    from desk.stories import CannotTake, as_written, take

    gathered = looked(context, school, place, now)
    try:
        written = take(context.press(now), gathered, bulletin, day)
    except (CannotTake, OSError) as error:
        raise click.ClickException(str(error)) from error
    say(context, as_written(written, gathered), str(written))
    end_with_troubles(context, gathered)


def _held(room: Newsroom, reference: str) -> Held:
    from goodnews import store
    from goodnews.life import read_reference

    wanted = read_reference(reference)
    found = _read(room, lambda connection: store.by_reference(connection, wanted)) if wanted else None
    if found is None:
        raise click.ClickException(f'There is no story "{reference}". A reference looks like GN-7K3M9Q.')
    return found  # type: ignore[no-any-return]


def _read(room: Newsroom, read: Any) -> Any:
    import db

    with db.reading(room.engine) as connection:
        return read(connection)


def _as_json(held: Held) -> dict[str, Any]:
    """Without contact details: they never leave the database."""
    from goodnews.life import missing

    return {
        "reference": held.reference,
        "state": held.state,
        "door": held.door,
        "school": held.story.school,
        "title": held.story.title,
        "summary": held.story.summary,
        "photos": len(held.photos),
        "missing": list(missing(held)) if held.is_open else [],
        "bulletin": held.bulletin,
        "edition": str(held.edition) if held.edition else "",
        "slug": held.slug,
        "received": held.received_at.isoformat(),
    }
