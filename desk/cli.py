"""The command line. Each command is a few lines in `desk.commands`, loaded when it is named."""

from __future__ import annotations

import atexit
import gc
from importlib import import_module
from pathlib import Path

import click

from desk.commands.common import Context

COMMANDS = {
    "writing": ("init", "new", "calendar"),
    "building": ("check", "build", "preview"),
    "publishing": ("publish", "takedown"),
    "past": ("import-archive",),
    "backup": ("backup", "restore"),
    "public": ("serve",),
    "stories": ("stories",),
    "intake": ("intake",),
    "readers": ("subscribers", "suppressions"),
    "staff": ("staff",),
    "sending": ("send", "test", "status", "resume", "pause", "cancel"),
    "notes": ("notes",),
    "scheduling": ("approve", "schedule"),
    "returning": ("bounces", "report", "doctor", "worker"),
}
"""The modules of `desk.commands`, and what each has."""


# What ends with the process need not be looked through for rubbish first: that takes a tenth of a small build.
atexit.register(gc.freeze)


class Commands(click.Group):
    """Loading every command takes longer than a small build."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click has it
        return sorted(name for names in COMMANDS.values() for name in names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as click has it
        module = next((module for module, names in COMMANDS.items() if cmd_name in names), None)
        if module is None:
            return None
        found: click.Command = getattr(import_module(f"desk.commands.{module}"), cmd_name.replace("-", "_"))
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--directory", "-C", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Your house.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Another file than bulletin.toml.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a machine.")
@click.version_option(package_name="bulletin")
@click.pass_context
def main(ctx: click.Context, directory: Path, config: Path | None, as_json: bool) -> None:
    """Write items in Markdown, tag them by audience, and send every reader their own weekly update."""
    ctx.obj = Context(directory, config, as_json)


if __name__ == "__main__":
    main()
