"""The site, to the world."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from desk.commands.common import Context, json_option, show_findings

if TYPE_CHECKING:
    from desk.publishing.run import Progress, Published

MOST_NAMED = 20


@click.command()
@click.argument("target", required=False)
@click.option("--dry-run", is_flag=True, help="Only say what would be sent and taken away.")
@click.option("--verify", is_flag=True, help="Look at what is really there: somebody may have edited it by hand.")
@click.option("--yes", is_flag=True, help="A large part of the site may go.")
@click.option("--take-over", is_flag=True, help="Also where another machine published last.")
@json_option
@click.pass_obj
def publish(context: Context, target: str | None, dry_run: bool, verify: bool, yes: bool, take_over: bool) -> None:
    """Build the site and send what changed to TARGET: a name from bulletin.toml, or a folder."""
    from builder.model import BuilderError
    from desk import rounds
    from desk.publishing.target import TargetError
    from desk.readers.register import staff_proof
    from desk.settings import SettingsError

    press = context.press()
    try:
        done = rounds.publish_to(
            press,
            context.settings(),
            _chosen(context, target),
            dry_run=dry_run,
            verify=verify,
            many=yes,
            take_over=take_over,
            by=staff_proof("").actor,
            progress=_bar(context),
        )
    except BuilderError as error:
        show_findings(error.findings, error=True)
        sys.exit(1)
    except (SettingsError, TargetError) as error:
        raise click.ClickException(str(error)) from error
    finally:
        press.cache.close()
    _tell(context, done, dry_run)


def _chosen(context: Context, target: str | None) -> str:
    """Left out, it is the only one there is."""
    from desk.publishing.settings import target_names

    names = target_names(context.settings())
    if target is None and len(names) != 1:
        known = (
            f" There are: {', '.join(names)}."
            if names
            else " Add a table [publish.web] to bulletin.toml, or name a folder."
        )
        raise click.UsageError(f"Say where to publish.{known}")
    return target or names[0]


def _bar(context: Context) -> Progress | None:
    if context.as_json or not sys.stderr.isatty():
        return None
    return lambda done, of: click.echo(f"\r{done} of {of}", nl=done == of, err=True)


def _tell(context: Context, done: Published, dry_run: bool) -> None:
    plan = done.plan
    if context.as_json:
        lists: dict[str, Any] = {"new": plan.new, "changed": plan.changed, "gone": plan.gone}
        seen = {"edited": done.edited, "strangers": done.strangers}
        told = {**lists, **seen, "unchanged": plan.unchanged, "dry_run": dry_run, "whole": done.swapped}
        click.echo(json.dumps({**told, "seconds": round(done.seconds, 2)}, ensure_ascii=False, indent=2))
        return
    for word, paths in (
        ("new", plan.new),
        ("changed", plan.changed),
        ("gone", plan.gone),
        ("edited there", done.edited),
    ):
        for path in paths[:MOST_NAMED]:
            click.echo(f"{word:>12}  {path}")
        if len(paths) > MOST_NAMED:
            click.echo(f"{word:>12}  … and {len(paths) - MOST_NAMED} more")
    if done.strangers:
        click.echo(
            f"{len(done.strangers)} files there are not ours and were left alone: {', '.join(done.strangers[:5])}"
        )
    verb = "would be sent" if dry_run else "sent"
    click.echo(f"{plan.sent} files {verb}, {len(plan.gone)} taken away, {plan.unchanged} as they were.")


@click.command()
@click.argument("what")
@click.option("--reason", required=True, help="Why; it is kept in var/reports, and shown to nobody.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--take-over", is_flag=True, help="Publish also where another machine published last.")
@json_option
@click.pass_obj
def takedown(context: Context, what: str, reason: str, dry_run: bool, yes: bool, take_over: bool) -> None:
    """Take something back: WHAT is bulletin/date/slug, or the page's address.

    It goes from content, site, feeds, search, caches, letters and every target of bulletin.toml. Then everything is
    searched for it; whatever is found is listed, and the command fails.
    """
    from desk.readers.register import staff_proof
    from desk.settings import SettingsError
    from desk.takedown import NothingThere, plan_removal, take_down
    from desk.takedown.telling import as_json, plan_lines, result_lines

    press = context.press()
    try:
        planned = plan_removal(press, what)
    except NothingThere as error:
        raise click.ClickException(str(error)) from error
    finally:
        press.cache.close()
    if not context.as_json or dry_run:
        click.echo("\n".join(plan_lines(planned)), err=context.as_json)
    if dry_run:
        return
    if not yes:
        click.confirm("Take this back? It cannot be undone here.", abort=True)
    try:
        by = staff_proof("").actor
        done = take_down(context.settings(), what, reason=reason, by=by, take_over=take_over)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        json.dumps(as_json(done), ensure_ascii=False, indent=2) if context.as_json else "\n".join(result_lines(done))
    )
    if not done.complete:
        sys.exit(1)
