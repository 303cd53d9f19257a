"""The past comes along: editions of former years into content/."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from desk.commands.common import Context, Day, finding_as_json, json_option, known_bulletin

if TYPE_CHECKING:
    from builder.model import Finding
    from desk.past.writing import Brought

MOST_PICTURE_BYTES = 10_000_000
MOST_LISTED = 8


@click.command("import-archive")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--bulletin", required=True, metavar="ID", help="The bulletin that they are editions of.")
@click.option("--date", "day", type=Day(), help="The day of a single edition that does not tell its own.")
@click.option("--fetch", is_flag=True, help="Also get pictures from the web (uses the network).")
@click.option(
    "--for-subscribers", is_flag=True, help="They went to subscribers only: nothing of them on the public site."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be brought in.")
@json_option
@click.pass_obj
def import_archive(
    context: Context,
    paths: tuple[Path, ...],
    bulletin: str,
    day: date | None,
    fetch: bool,
    for_subscribers: bool,
    dry_run: bool,
) -> None:
    """Bring in past editions from PATHS: saved pages (.html), mails (.eml), feeds (.xml), plain text, or folders of these.

    Each becomes an edition in content/, with its items, links and pictures. What could not be placed is listed, and kept
    in imported.txt beside the edition. The same file is never brought in twice, and nothing is written over.
    """
    from desk.past.bringing import bring

    press = context.press()
    known_bulletin(press, bulletin)
    get = _get if fetch else None
    done = bring(
        press, paths, press.house.bulletins[bulletin], day=day, fetch=get, dry=dry_run, subscribers=for_subscribers
    )
    press.cache.close()
    findings = [] if dry_run else _findings(context, done)
    if context.as_json:
        click.echo(json.dumps(_as_json(done, findings, dry_run), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(_lines(done, findings, dry_run)))
    if any(each.source.fault for each in done) or not any(
        not each.skipped or "already" in each.skipped for each in done
    ):
        raise SystemExit(1)


def _get(url: str) -> bytes | None:
    from goodnews.fetch import FetchError, Limits, fetch

    try:
        return fetch(url, limits=Limits(size=MOST_PICTURE_BYTES)).body
    except FetchError:
        return None


def _findings(context: Context, done: Iterable[Brought]) -> list[Finding]:
    """What the proof-reader says of what was brought in, without rendering letters that nobody will send."""
    from builder import preflight

    press = context.press()
    keys = [each.folder.removeprefix("content/") for each in done if not each.skipped]
    found = preflight.check(press.content, press.house, now=press.now, root=press.root, only=keys) if keys else ()
    press.cache.close()
    return [finding for finding in found if finding.severity != "advice"]


def _lines(done: list[Brought], findings: list[Finding], dry_run: bool) -> Iterator[str]:
    for each in done:
        if each.skipped:
            yield f"{each.source.name}: not brought in, {each.skipped}."
            continue
        yield f"{each.source.name} → {each.folder}: {each.items} items, {each.pictures} pictures."
        for text in each.notes:
            yield f"    ! {text}"
        for text in each.left_over[:MOST_LISTED]:
            yield f"    left over: {text[:150]}"
        if len(each.left_over) > MOST_LISTED:
            yield f"    left over: {len(each.left_over) - MOST_LISTED} more, in {each.folder}/imported.txt"
    new = [each for each in done if not each.skipped]
    verb = "would be brought in" if dry_run else "brought in"
    yield f"{len(new)} editions {verb}, {sum(e.items for e in new)} items, {sum(e.pictures for e in new)} pictures."
    if findings:
        counted = Counter((finding.severity, finding.code) for finding in findings)
        yield "The proof-reader would have you look at: " + ", ".join(
            f"{number} × {code} ({severity})" for (severity, code), number in sorted(counted.items())
        )
        yield "See each with: bulletin check"


def _as_json(done: list[Brought], findings: list[Finding], dry_run: bool) -> dict[str, Any]:
    editions = [
        {
            "source": each.source.name,
            "folder": each.folder,
            "skipped": each.skipped,
            "items": each.items,
            "pictures": each.pictures,
            "left_over": each.left_over,
            "notes": each.notes,
        }
        for each in done
    ]
    return {"dry_run": dry_run, "editions": editions, "findings": [finding_as_json(finding) for finding in findings]}
