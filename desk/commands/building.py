"""Proof-reading, building, previewing."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from builder.archive import Outcome
    from builder.press import Press

from builder.walk import Walking
from desk.commands.common import (
    Context,
    bulletin_argument,
    day_argument,
    finding_as_json,
    json_option,
    known_bulletin,
    moment,
    now_option,
    progress,
    read_tags,
    show_findings,
)


@click.command()
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
    known_bulletin(press, bulletin)
    findings = check_house(press, bulletin, day, links=links)
    if context.as_json:
        click.echo(json.dumps({"findings": [finding_as_json(f) for f in findings]}, ensure_ascii=False, indent=2))
    else:
        show_findings(findings)
    if any(finding.severity == "block" for finding in findings):
        sys.exit(1)


@click.command()
@bulletin_argument
@day_argument
@click.option(
    "--as", "personas", multiple=True, metavar="TAG,TAG…", help="Also the letter of a reader with these tags."
)
@click.option("--archive", "only_archive", is_flag=True, help="The web archive alone, without the letters.")
@click.option("--full", is_flag=True, help="The archive as if nothing had been built before.")
@click.option(
    "--jobs",
    default=0,
    type=click.IntRange(0),
    metavar="N",
    help="How many processes share a large archive. Left out: as many as help.",
)
@now_option
@json_option
@click.pass_obj
def build(
    context: Context,
    bulletin: str | None,
    day: date | None,
    personas: tuple[str, ...],
    only_archive: bool,
    full: bool,
    jobs: int,
    now: str | None,
) -> None:
    """Compile letters into out/ and the web archive into site/."""
    gc.set_threshold(100_000, 20, 100)  # nothing of what is loaded, or of a small build, is rubbish before it ends
    walking = Walking(f"{context.directory.absolute()}/content") if only_archive else None
    from builder.model import BuilderError

    press = context.press(now)
    wrong: list[Any] = []
    built = [] if only_archive else _letters(context, press, bulletin, day, personas, wrong)
    outcome = None
    try:
        at_hand = walking if press.root == context.directory.absolute() else None  # the house may stand further up
        outcome = publish(press, full=full, jobs=jobs, walking=at_hand)
    except BuilderError as error:
        wrong += error.findings
    press.close()
    _tell_built(context, built, outcome, only_archive=only_archive)
    if wrong:
        show_findings(sorted(set(wrong)), error=True)
        sys.exit(1)


def publish(press: Press, *, full: bool, jobs: int, walking: Walking | None = None) -> Outcome:
    from builder.archive import build as build_archive

    return build_archive(press, press.root / "site", full=full, jobs=jobs, walking=walking)


def _letters(
    context: Context,
    press: Press,
    bulletin: str | None,
    day: date | None,
    personas: tuple[str, ...],
    wrong: list[Any],
) -> list[Any]:
    """Every edition's letters; what is wrong with them goes into `wrong`."""
    from builder.model import BuilderError
    from desk import building

    asked = [read_tags(press.house.audiences, text, "--as") for text in personas]
    try:
        editions = building.chosen_editions(press, bulletin, day)
    except building.NoSuchEdition as error:
        raise click.ClickException(str(error)) from error
    built = []
    with progress(context, editions, "Building") as steps:
        for edition in steps:
            try:
                built.append(building.build_edition(press, edition, asked, press.root / "out"))
            except BuilderError as error:
                wrong += error.findings
    return built


@click.command()
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
    from desk.trying.preview import serve

    settings = context.settings()
    known_bulletin(context.press(now), bulletin)
    at = moment(now, settings) if now else None
    url = f"http://{host}:{port}/{bulletin or settings.house.main_bulletin.id}/{day or ''}"
    click.echo(f"{url}  (Ctrl-C ends it)")
    if show and sys.stdout.isatty():
        click.launch(url)
    serve(settings, at, host, port)


def _tell_built(context: Context, built: Iterable[Any], outcome: Outcome | None, *, only_archive: bool) -> None:
    if context.as_json:
        editions = [{"edition": b.edition.key, "folder": str(b.folder), "letters": len(b.letters)} for b in built]
        told = {} if only_archive else {"editions": editions, "pages": outcome.files if outcome else 0}
        click.echo(json.dumps(told | (_as_json(outcome) if outcome else {}), ensure_ascii=False, indent=2))
        return
    for b in built:
        biggest = max(len(letter.variant.items) for letter in b.letters)
        click.echo(f"{b.edition.key}: {len(b.letters)} letters, the longest with {biggest} items, in {b.folder}/")
    if outcome:
        click.echo(f"site/: {outcome.files:,} files, {outcome.written:,} of them written, {outcome.seconds:.1f} s")


def _as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "rendered": outcome.rendered,
        "written": outcome.written,
        "unchanged": outcome.unchanged,
        "seconds": round(outcome.seconds, 3),
    }
