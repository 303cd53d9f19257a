"""A backup that was just written is read back, every byte of it: one that cannot be read is worse than none."""

from __future__ import annotations

import tempfile
from pathlib import Path

from desk.backup.staging import stage


def check_backup(file: Path, passphrase: str) -> None:
    """Raises BackupError."""
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".bulletin-check-") as folder:
        stage(file, Path(folder) / "all", passphrase)
