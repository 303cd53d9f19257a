"""The whole house in one file, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from desk.commands.common import Context, json_option

if TYPE_CHECKING:
    from desk.backup.restoring import Restored

passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A file whose first line opens the backup; it is sealed with it.",
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@passphrase_option
@click.option("--yes", is_flag=True, help="Write over a file that is there.")
@json_option
@click.pass_obj
def backup(context: Context, file: Path, passphrase_file: Path | None, yes: bool) -> None:
    """Write the whole house into FILE: content, templates, settings, photos, keys, and the database as of one moment.

    Sendings go on meanwhile. FILE holds people's addresses and the house's keys: keep it where nobody else reads it.
    """
    from desk.backup.checking import check_backup
    from desk.backup.errors import BackupError
    from desk.backup.making import make

    if file.exists() and not yes:
        raise click.ClickException(f"{file} is there already. Choose another name, or say --yes.")
    try:
        made = make(context.settings(), file, now=datetime.now(UTC), passphrase=_passphrase(passphrase_file))
        check_backup(file, _passphrase(passphrase_file))
    except BackupError as error:
        raise click.ClickException(str(error)) from error
    if context.as_json:
        told = {"file": str(made.file), "files": made.files, "rows": made.rows, "bytes": made.file.stat().st_size}
        click.echo(json.dumps({**told, "sealed": made.sealed}))
        return
    size = made.file.stat().st_size / 1_000_000
    click.echo(f"{made.file}: {made.files} files and {made.rows} rows, {size:.1f} MB, read back and whole.")
    if not made.sealed:
        click.echo("It is not sealed: it holds addresses and the house's keys. --passphrase-file FILE seals it.")


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False, exists=True))
@passphrase_option
@click.option("--yes", is_flag=True, help="In the place of the house that is here; it is kept beside.")
@json_option
@click.pass_obj
def restore(context: Context, file: Path | None, passphrase_file: Path | None, yes: bool) -> None:
    """Put the backup FILE in place. Without FILE: finish what was cut off.

    Nothing is sent by it: mailings wait for a person. Whoever said no since the backup is not forgotten, and letters
    that left since are not sent again, as long as the house that is replaced can still be read.
    """
    from desk.backup.errors import BackupError
    from desk.backup.restoring import restore as put_back

    try:
        done = put_back(_root(context), file, now=datetime.now(UTC), yes=yes, passphrase=_passphrase(passphrase_file))
    except BackupError as error:
        raise click.ClickException(str(error)) from error
    if context.as_json:
        click.echo(json.dumps(_as_json(done)))
    else:
        click.echo("\n".join(_lines(done)))


def _root(context: Context) -> Path:
    from desk.settings import SettingsError, find_root

    try:
        return find_root(context.directory.absolute())
    except SettingsError:
        return context.directory.absolute()


def _passphrase(file: Path | None) -> str:
    from desk.mailing.engines import secret
    from desk.settings import SettingsError

    try:
        return secret(file, "--passphrase-file")
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


def _lines(done: Restored) -> Iterator[str]:
    if done.finished_earlier:
        yield "What was cut off is finished."
    elif done.made:
        yield f"The house is as it was on {done.made:%d %B %Y at %H:%M} UTC."
    if done.noes:
        yield f"{done.noes} refusals and endings that were said since then still hold."
    if done.mailings:
        yield f"{done.mailings} mailings are as they really are: what has left since then is not sent again."
    if done.alone and done.doubted:
        yield f"{done.doubted} letters may have left since then: they are in doubt. See: bulletin status MAILING --in-doubt"
    if done.alone and not done.finished_earlier:
        yield "There was no house here to ask. Refusals since the backup are not known: look into the mailbox and the logs."
    for name in done.waiting:
        yield f"{name} waits for a person: bulletin resume {name}"
    if done.kept:
        yield f"What was here before is in {done.kept}. Delete it when all is well: it holds people's addresses."
    yield "Build the site anew: bulletin build"


def _as_json(done: Restored) -> dict[str, object]:
    return {
        "made": done.made.isoformat() if done.made else None,
        "kept": str(done.kept) if done.kept else None,
        "noes": done.noes,
        "mailings": done.mailings,
        "in_doubt": done.doubted,
        "waiting": done.waiting,
        "finished_earlier": done.finished_earlier,
    }
