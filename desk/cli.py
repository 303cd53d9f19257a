"""The command line. Each command is a few lines in `desk.commands`."""

from __future__ import annotations

from pathlib import Path

import click

from desk.commands import (
    backup,
    building,
    intake,
    notes,
    past,
    public,
    publishing,
    readers,
    returning,
    scheduling,
    sending,
    staff,
    stories,
    writing,
)
from desk.commands.common import Context


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--directory", "-C", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Your house.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Another file than bulletin.toml.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a machine.")
@click.version_option(package_name="bulletin")
@click.pass_context
def main(ctx: click.Context, directory: Path, config: Path | None, as_json: bool) -> None:
    """Write items in Markdown, tag them by audience, and send every reader their own weekly update."""
    ctx.obj = Context(directory, config, as_json)


for command in (
    writing.init,
    writing.new,
    writing.calendar,
    building.check,
    building.build,
    building.preview,
    publishing.publish,
    publishing.takedown,
    past.import_archive,
    backup.backup,
    backup.restore,
    public.serve,
    stories.stories,
    intake.intake,
    readers.subscribers,
    readers.suppressions,
    staff.staff,
    sending.send,
    sending.test,
    sending.status,
    sending.resume,
    sending.pause,
    sending.cancel,
    notes.notes,
    scheduling.approve,
    scheduling.schedule,
    returning.bounces,
    returning.report,
    returning.doctor,
    returning.worker,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
