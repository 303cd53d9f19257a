"""Schools' stories by mail and by feed."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from desk.commands.common import Context, json_option, now_option, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desk.goodnews.newsroom import Newsroom

school_option = click.option("--school", default="", metavar="NAME", help="One school's feed, or whose --from is.")
from_option = click.option(
    "--from", "place", default="", metavar="FILE|URL", help="A feed that is not in bulletin.toml."
)


@click.group()
def intake() -> None:
    """Take in what schools send by mail, and look into their news feeds. `bulletin serve` does both by itself."""


@contextmanager
def newsroom(context: Context, now: str | None = None) -> Iterator[Newsroom]:
    """Open, and every fault in it told as a message."""
    from datetime import UTC, datetime

    from builder.model import BuilderError
    from db.errors import DatabaseError
    from delivery.model import DeliveryError
    from desk.commands.common import moment
    from desk.goodnews.newsroom import open_newsroom
    from desk.readers.register import open_register
    from desk.settings import SettingsError
    from desk.stories import CannotTake
    from goodnews.model import GoodNewsError
    from subscribers.model import SubscribersError

    settings = context.settings()
    fixed = moment(now, settings) if now else None
    try:
        register = open_register(settings)
        try:
            yield open_newsroom(register, lambda: fixed or datetime.now(UTC))
        finally:
            register.engine.dispose()
    except (
        BuilderError, CannotTake, DatabaseError, DeliveryError, GoodNewsError, OSError, SettingsError, SubscribersError,
    ) as error:  # fmt: skip
        raise click.ClickException(str(error)) from error


@intake.command()
@click.argument("where", required=False, default="")
@now_option
@json_option
@click.pass_obj
def mailbox(context: Context, where: str, now: str | None) -> None:
    """Read the stories' mailbox: imaps://user@host/INBOX, a Maildir, a folder of .eml files, one file, or - for standard input."""
    from desk.goodnews.rounds import read_mailbox

    with newsroom(context, now) as room:
        taken = read_mailbox(room, where)
    told = {name: taken[name] for name in ("story", "answer", "set-aside", "again")}
    line = f"{told['story']} stories, {told['answer']} answers; {told['set-aside']} set aside, {told['again']} read before."
    say(context, told, line)


@intake.command()
@school_option
@from_option
@click.option("--dry-run", is_flag=True, help="Only show what the feeds hold, and what some edition has already.")
@now_option
@json_option
@click.pass_obj
def feeds(context: Context, school: str, place: str, dry_run: bool, now: str | None) -> None:
    """Look into schools' feeds; what is new becomes a suggestion. Exits 1 when a feed cannot be read."""
    from desk.goodnews.feeding import take_feeds
    from desk.stories import as_json, as_lines, troubles_as_json

    if dry_run:
        gathered = looked(context, school, place, now)
        if context.as_json:
            click.echo(json.dumps(as_json(gathered), ensure_ascii=False, indent=2))
        else:
            click.echo("\n".join(as_lines(gathered)) or "No story waits.")
    else:
        with newsroom(context, now) as room:
            taken, gathered = take_feeds(room, school, place)
        told: dict[str, Any] = {"new": taken["new"], "known": taken["known"]}
        line = f"{taken['new']} new suggestions; {taken['known']} were known."
        say(context, told | {"problems": troubles_as_json(gathered)}, line)
    end_with_troubles(context, gathered)


def looked(context: Context, school: str, place: str, now: str | None) -> Any:
    from desk.stories import CannotTake, look
    from goodnews.model import GoodNewsError

    settings = context.settings()
    try:
        return look(context.press(now), settings.rooms["goodnews"], school, place)
    except (CannotTake, GoodNewsError) as error:
        raise click.ClickException(str(error)) from error


def end_with_troubles(context: Context, gathered: Any) -> None:
    if not context.as_json:
        for trouble in gathered.troubles:
            click.echo(str(trouble), err=True)
    if gathered.failed:
        sys.exit(1)
