"""`make demo`: every shipped edition built, with addresses that work from the disk, and what to open."""

from __future__ import annotations

import os
from pathlib import Path

import click

from desk.cli import main

ROOT = Path(__file__).parents[2]


def demo() -> None:
    """Builds as `bulletin build` does, but links lead into site/ on this disk, so that everything can be opened."""
    os.environ.setdefault("BULLETIN__PUBLISHER__URL", (ROOT / "site").as_uri())
    personas = ["--as", "primary,senco", "--as", "early-years,head", "--as", "parents-carers"]
    main(["--directory", str(ROOT), "build", *personas], standalone_mode=False)
    letter = ROOT / "out" / "weekly" / "2025-01-14"
    click.echo("\nOpen these in a browser:")
    for what, file in (
        ("everything in one letter", letter / "all.html"),
        ("a primary school's SENCO", letter / "primary+senco.html"),
        ("a parent or carer", letter / "parents-carers.html"),
        ("as plain text", letter / "all.txt"),
        ("as a mail", letter / "all.eml"),
        ("the web archive", ROOT / "site" / "index.html"),
    ):
        click.echo(f"  {what:26} {file}")
    click.echo("\nOr write: make preview")


if __name__ == "__main__":
    demo()
