"""The room's secrets in the folder of keys: made at the first start, kept for ever.

Without `addresses.key` no suppression can be recognised, and without `links.key` no link in an old letter works: the backup
of var/ holds both.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from subscribers.model import SubscribersError
from subscribers.tokens import Keys

KEY_BYTES = 32


def load_or_make_keys(folder: Path) -> Keys:
    """The keys in `folder`, made when there are none. Former link keys are files named `links-*.key`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Keys(
        links=_key(folder / "links.key"),
        addresses=_key(folder / "addresses.key"),
        former_links=tuple(_read(path) for path in sorted(folder.glob("links-*.key"))),
    )


def _key(path: Path) -> bytes:
    """Two processes may come here at once: the first to link its whole file wins, and both read the same."""
    if not path.exists():
        fresh = path.with_suffix(f".{os.getpid()}-{secrets.token_hex(4)}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return _read(path)


def _read(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError as error:
        raise SubscribersError(f"{path} is not a key. Restore it from the backup of var/.") from error
    if len(key) != KEY_BYTES:
        raise SubscribersError(
            f"{path} is not a whole key ({len(key)} of {KEY_BYTES} bytes). Restore it from the backup."
        )
    return key
