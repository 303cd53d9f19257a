"""Good news from schools' own news feeds."""

from __future__ import annotations

import json
import sys
from datetime import date
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from builder.press import Press
    from desk.stories import Gathered


from desk.commands.common import Context, bulletin_argument, day_argument, json_option, now_option, say


@click.group()
def stories() -> None:
    """Good news from schools' own news feeds, as drafts for an editor to accept."""


school_option = click.option("--school", default="", metavar="NAME", help="One school's feed, or whose --from is.")
from_option = click.option(
    "--from", "place", default="", metavar="FILE|URL", help="A feed that is not in bulletin.toml."
)


@stories.command("list")
@school_option
@from_option
@now_option
@json_option
@click.pass_obj
def list_stories(context: Context, school: str, place: str, now: str | None) -> None:
    """What the feeds hold, and which of it some edition has already. Exits 1 when a feed cannot be read."""
    from desk.stories import as_json, as_lines

    _, gathered = _gathered(context, school, place, now)
    if context.as_json:
        click.echo(json.dumps(as_json(gathered), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(as_lines(gathered)) or "No story waits.")
    _end_with_troubles(context, gathered)


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
    """Write what waits as drafts into an edition; without a DATE, the next one that is still open for copy."""
    from desk.stories import CannotTake, as_written, take

    press, gathered = _gathered(context, school, place, now)
    try:
        written = take(press, gathered, bulletin, day)
    except (CannotTake, OSError) as error:
        raise click.ClickException(str(error)) from error
    say(context, as_written(written, gathered), str(written))
    _end_with_troubles(context, gathered)


def _gathered(context: Context, school: str, place: str, now: str | None) -> tuple[Press, Gathered]:
    from desk.stories import CannotTake, look
    from goodnews.model import GoodNewsError

    settings = context.settings()
    press = context.press(now)
    try:
        return press, look(press, settings.rooms["goodnews"], school, place)
    except (CannotTake, GoodNewsError) as error:
        raise click.ClickException(str(error)) from error


def _end_with_troubles(context: Context, gathered: Gathered) -> None:
    if not context.as_json:
        for trouble in gathered.troubles:
            click.echo(str(trouble), err=True)
    if gathered.failed:
        sys.exit(1)
