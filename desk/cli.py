"""The command line: each command reads its words, calls one act, and says what came of it. Heavy imports stay inside."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from builder.model import Finding
    from builder.press import Press
    from desk.settings import Settings
    from desk.stories import Gathered

F = TypeVar("F", bound=Callable[..., Any])
NOON = time(12)  # what a bare day means to --now: its edition went out that morning
COLOURS = {"block": "red", "warn": "yellow", "advice": "cyan"}


@dataclass(slots=True)
class Context:
    """What the global options said; the settings are read only by commands that need them."""

    directory: Path
    config: Path | None
    as_json: bool

    def settings(self) -> Settings:
        from desk.settings import SettingsError, load

        try:
            return load(self.directory, self.config)
        except SettingsError as error:
            raise click.ClickException(str(error)) from error

    def press(self, now: str | None = None, *, drafts: bool = False) -> Press:
        from desk.house import open_press

        settings = self.settings()
        return open_press(settings, now=_moment(now, settings) if now else None, drafts=drafts)


def _moment(text: str, settings: Settings) -> datetime:

    from builder.dates import read_moment

    try:
        return read_moment(text, settings.house.calendar.zone).moment(settings.house.calendar.zone, NOON)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--now") from error


class Day(click.ParamType[date]):
    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f'"{value}" is not a date. Write it like 2025-01-14.', param, ctx)


def json_option(command: F) -> F:
    """`--json` may stand before the command or after it."""

    def note(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
        if value:
            ctx.obj.as_json = True

    option = click.option("--json", is_flag=True, expose_value=False, callback=note, help="Print JSON for a machine.")
    return option(command)


now_option = click.option("--now", metavar="ISO", help="Act as if it were this moment, for example 2025-01-14T09:00.")
bulletin_argument = click.argument("bulletin", required=False)
day_argument = click.argument("day", metavar="[DATE]", required=False, type=Day())


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--directory", "-C", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Your house.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Another file than bulletin.toml.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a machine.")
@click.version_option(package_name="bulletin")
@click.pass_context
def main(ctx: click.Context, directory: Path, config: Path | None, as_json: bool) -> None:
    """Write items in Markdown, tag them by audience, and send every reader their own weekly update."""
    ctx.obj = Context(directory, config, as_json)


# --- starting and writing --------------------------------------------------------------------------------------------


@main.command()
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


@main.command()
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
    _say(context, {"file": begun}, f"Begun: {begun}")


@main.command()
@bulletin_argument
@click.option("--count", default=10, show_default=True, help="How many editions of each bulletin.")
@now_option
@json_option
@click.pass_obj
def calendar(context: Context, bulletin: str | None, count: int, now: str | None) -> None:
    """List the coming editions: when copy closes, when they go out, what is in them so far."""
    from desk.coming import coming

    press = context.press(now)
    _known_bulletin(press, bulletin)
    rows = coming(press, bulletin, count)
    if context.as_json:
        click.echo(json.dumps({"editions": [row.as_json() for row in rows]}, ensure_ascii=False, indent=2))
        return
    for row in rows:
        click.echo(row.as_line())
    if not rows:
        click.echo("No edition is to come. Add the next terms to [calendar] in bulletin.toml.")


# --- checking and building -------------------------------------------------------------------------------------------


@main.command()
@bulletin_argument
@day_argument
@click.option("--links", is_flag=True, help="Also ask every linked page whether it is there (uses the network).")
@now_option
@json_option
@click.pass_obj
def check(context: Context, bulletin: str | None, day: date | None, links: bool, now: str | None) -> None:
    """Proof-read: everything that should be mended, in one pass. Exits 1 when something blocks."""
    from desk.checking import check_house

    press = context.press(now, drafts=False)
    _known_bulletin(press, bulletin)
    findings = check_house(press, bulletin, day, links=links)
    if context.as_json:
        click.echo(json.dumps({"findings": [_finding_as_json(f) for f in findings]}, ensure_ascii=False, indent=2))
    else:
        _show_findings(findings)
    if any(finding.severity == "block" for finding in findings):
        sys.exit(1)


@main.command()
@bulletin_argument
@day_argument
@click.option(
    "--as", "personas", multiple=True, metavar="TAG,TAG…", help="Also the letter of a reader with these tags."
)
@now_option
@json_option
@click.pass_obj
def build(context: Context, bulletin: str | None, day: date | None, personas: tuple[str, ...], now: str | None) -> None:
    """Compile letters into out/ and the web archive into site/."""
    from builder.model import BuilderError
    from desk import rounds

    press = context.press(now)
    asked = [_tags(press, text) for text in personas]
    try:
        editions = rounds.chosen_editions(press, bulletin, day)
    except rounds.NoSuchEdition as error:
        raise click.ClickException(str(error)) from error
    built, wrong = [], list[Any]()
    with _progress(context, editions, "Building") as steps:
        for edition in steps:
            try:
                built.append(rounds.build_edition(press, edition, asked, press.root / "out"))
            except BuilderError as error:
                wrong += error.findings
    try:
        pages = rounds.publish_archive(press)
    except BuilderError as error:
        wrong += error.findings
        pages = 0
    press.cache.close()
    _tell_built(context, built, pages)
    if wrong:
        _show_findings(sorted(set(wrong)), error=True)
        sys.exit(1)


@main.command()
@bulletin_argument
@day_argument
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8011, show_default=True)
@click.option("--open/--no-open", "show", default=True, help="Open the browser.")
@now_option
@click.pass_obj
def preview(
    context: Context, bulletin: str | None, day: date | None, host: str, port: int, show: bool, now: str | None
) -> None:
    """Show an edition in the browser as any reader gets it; it follows every file you save."""
    from desk.preview import serve

    settings = context.settings()
    _known_bulletin(context.press(now), bulletin)
    moment = _moment(now, settings) if now else None
    url = f"http://{host}:{port}/{bulletin or settings.house.main_bulletin.id}/{day or ''}"
    click.echo(f"{url}  (Ctrl-C ends it)")
    if show and sys.stdout.isatty():
        click.launch(url)
    serve(settings, moment, host, port)


# --- good news -------------------------------------------------------------------------------------------------------


@main.group()
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
    _say(context, as_written(written, gathered), str(written))
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


# --- saying ----------------------------------------------------------------------------------------------------------


def _known_bulletin(press: Press, bulletin: str | None) -> None:
    if bulletin and bulletin not in press.house.bulletins:
        known = ", ".join(press.house.bulletins)
        raise click.ClickException(f'There is no bulletin "{bulletin}". There are: {known}.')


def _tags(press: Press, text: str) -> frozenset[str]:
    from builder.audience import did_you_mean, expand

    audiences = press.house.audiences
    tags, unknown = expand([word.strip().lower() for word in text.split(",") if word.strip()], audiences)
    if unknown:
        hint = did_you_mean(unknown[0], audiences.names) or f" Known: {', '.join(audiences.names)}."
        raise click.BadParameter(f'"{unknown[0]}" is not an audience.{hint}', param_hint="--as")
    return tags


def _progress(context: Context, steps: Iterable[Any], label: str) -> Any:
    """A bar on a terminal, nothing in a pipe and nothing in JSON."""
    hidden = context.as_json or not sys.stderr.isatty()
    return click.progressbar(list(steps), label=label, file=sys.stderr, hidden=hidden)


def _say(context: Context, data: dict[str, Any], line: str) -> None:
    click.echo(json.dumps(data, ensure_ascii=False) if context.as_json else line)


def _tell_built(context: Context, built: Iterable[Any], pages: int) -> None:
    if context.as_json:
        editions = [{"edition": b.edition.key, "folder": str(b.folder), "letters": len(b.letters)} for b in built]
        click.echo(json.dumps({"editions": editions, "pages": pages}, ensure_ascii=False, indent=2))
        return
    for b in built:
        biggest = max(len(letter.variant.items) for letter in b.letters)
        click.echo(f"{b.edition.key}: {len(b.letters)} letters, the longest with {biggest} items, in {b.folder}/")
    if pages:
        click.echo(f"site/: {pages} files")


def _finding_as_json(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "file": finding.file,
        "line": finding.line,
        "message": finding.message,
    }


def _show_findings(findings: Iterable[Finding], *, error: bool = False) -> None:
    findings = list(findings)
    for finding in findings:
        mark = click.style(finding.severity, fg=COLOURS[finding.severity], bold=True)
        click.echo(f"{mark} {finding} [{finding.code}]", err=error)
    blocks = sum(finding.severity == "block" for finding in findings)
    click.echo(f"{len(findings)} findings, {blocks} of them block." if findings else "Nothing to mend.", err=error)


if __name__ == "__main__":
    main()
