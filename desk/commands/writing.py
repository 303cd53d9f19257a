"""Beginning a house, an edition, an item; the calendar of what is to come."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    pass


from desk.commands.common import Context, Day, bulletin_argument, json_option, known_bulletin, now_option, say


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@now_option
def init(folder: Path, now: str | None) -> None:
    """Make a new house: one bulletin, one example edition, the starter audiences."""
    from desk.starting import NotEmpty, make_house

    day = date.fromisoformat(now[:10]) if now else None
    try:
        made = make_house(folder, day)
    except NotEmpty as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Made {folder} with an edition for {made}. Now:\n\n  cd {folder}\n  bulletin build\n  bulletin preview")


@click.command()
@click.argument("bulletin")
@click.argument("day", metavar="[DATE]", required=False, type=Day())
@click.argument("title", required=False)
@click.option("--kind", default="news", help="The kind of item: news, action, event, …")
@click.option("--audience", default="", help="Who it is for: tags or groups, with commas.")
@now_option
@json_option
@click.pass_obj
def new(
    context: Context, bulletin: str, day: date | None, title: str | None, kind: str, audience: str, now: str | None
) -> None:
    """Begin an edition, or with a TITLE an item in it. Without a DATE: the next edition of the calendar."""
    from desk.starting import CannotBegin, begin

    try:
        begun = begin(context.press(now), bulletin, day, title, kind, audience)
    except CannotBegin as error:
        raise click.ClickException(str(error)) from error
    say(context, {"file": begun}, f"Begun: {begun}")


@click.command()
@bulletin_argument
@click.option("--count", default=10, show_default=True, help="How many editions of each bulletin.")
@now_option
@json_option
@click.pass_obj
def calendar(context: Context, bulletin: str | None, count: int, now: str | None) -> None:
    """List the coming editions: when copy closes, when they go out, what is in them so far."""
    from desk.week.coming import coming

    press = context.press(now)
    known_bulletin(press, bulletin)
    rows = coming(press, bulletin, count)
    if context.as_json:
        click.echo(json.dumps({"editions": [row.as_json() for row in rows]}, ensure_ascii=False, indent=2))
        return
    for row in rows:
        click.echo(row.as_line())
    if not rows:
        click.echo("No edition is to come. Add the next terms to [calendar] in bulletin.toml.")
