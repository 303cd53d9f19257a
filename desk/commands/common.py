"""What the commands share: the global options, how words are read, and how results are told."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from msgspec import Struct

if TYPE_CHECKING:
    from builder.model import Audiences, Finding
    from builder.press import Press
    from desk.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])
NOON = time(12)  # what a bare day means to --now: its edition went out that morning
COLOURS = {"block": "red", "warn": "yellow", "advice": "cyan"}


class Context(Struct):
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
        return open_press(settings, now=moment(now, settings) if now else None, drafts=drafts)


def moment(text: str, settings: Settings) -> datetime:

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


def known_bulletin(press: Press, bulletin: str | None) -> None:
    if bulletin and bulletin not in press.house.bulletins:
        known = ", ".join(press.house.bulletins)
        raise click.ClickException(f'There is no bulletin "{bulletin}". There are: {known}.')


def progress(context: Context, steps: Iterable[Any], label: str) -> Any:
    """A bar on a terminal, nothing in a pipe and nothing in JSON."""
    hidden = context.as_json or not sys.stderr.isatty()
    return click.progressbar(list(steps), label=label, file=sys.stderr, hidden=hidden)


def say(context: Context, data: dict[str, Any], line: str) -> None:
    click.echo(json.dumps(data, ensure_ascii=False) if context.as_json else line)


def finding_as_json(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "file": finding.file,
        "line": finding.line,
        "message": finding.message,
    }


def show_findings(findings: Iterable[Finding], *, error: bool = False) -> None:
    findings = list(findings)
    for finding in findings:
        mark = click.style(finding.severity, fg=COLOURS[finding.severity], bold=True)
        click.echo(f"{mark} {finding} [{finding.code}]", err=error)
    blocks = sum(finding.severity == "block" for finding in findings)
    click.echo(f"{len(findings)} findings, {blocks} of them block." if findings else "Nothing to mend.", err=error)


def read_tags(audiences: Audiences, text: str, option: str) -> frozenset[str]:
    """Tags and groups with commas → tags. Whoever mistypes one is told what is near."""
    from builder.audience import did_you_mean, expand

    tags, unknown = expand([word.strip().lower() for word in text.split(",") if word.strip()], audiences)
    if unknown:
        hint = did_you_mean(unknown[0], audiences.names) or f" Known: {', '.join(audiences.names)}."
        raise click.BadParameter(f'"{unknown[0]}" is not an audience.{hint}', param_hint=option)
    return tags
