"""Whose turn it is at a target: each publishing leaves a mark there, and here a note of the marks that are its own.

A house that finds a mark it does not know would put its own, perhaps older, site over what another machine has published.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

from desk.publishing.target import TargetError

FOLDER = "var/publishing"


@dataclass(frozen=True, slots=True)
class Turn:
    """One publishing. `mark`: the moment, and some letters that no other publishing has. `note`: where this house keeps its own."""

    mark: str
    note: Path
    take_over: bool = False

    def refuse(self, there: str) -> None:
        """Raises TargetError when somebody else published last. A target without a mark is anybody's."""
        if not there or self.take_over or there in self._known():
            return
        moment = there.rpartition(" ")[0]
        raise TargetError(
            f"This target was last published on {moment}, and not by this house: another machine publishes there too, or this "
            "house was restored from a backup. Publishing now would put this house's site over that one. If that is meant, "
            "say --take-over: from then on the other machine is refused. Nothing was changed."
        )

    def keep(self, marks: Iterable[str]) -> None:
        """While it is not known whether the new mark has arrived, both are this house's."""
        self.note.parent.mkdir(parents=True, exist_ok=True)
        partial = self.note.with_suffix(".partial")
        partial.write_text("".join(f"{mark}\n" for mark in marks if mark), "utf-8")
        partial.replace(self.note)

    def _known(self) -> set[str]:
        try:
            return set(self.note.read_text("utf-8").splitlines())
        except OSError:
            return set()


def turn_of(root: Path, target: str, now: datetime, *, take_over: bool = False) -> Turn:
    """`target`: its name in bulletin.toml, or a folder's path."""
    note = root / FOLDER / blake2b(target.encode(), digest_size=8).hexdigest()
    return Turn(f"{now.day} {now:%B %Y, %H:%M} {secrets.token_hex(4)}", note, take_over)
