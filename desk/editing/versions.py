"""A file's past: who, when, and what they did in one line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Author:
    name: str
    address: str

    def __post_init__(self) -> None:
        """One line each, without the brackets that git puts around an address."""
        for field in ("name", "address"):
            plain = re.sub(r"[\x00-\x1f\x7f<>]", " ", getattr(self, field))
            object.__setattr__(self, field, " ".join(plain.split()))


@dataclass(frozen=True, slots=True)
class Version:
    id: str
    at: datetime
    by: str
    what: str
    """In one line; empty for a text that was found and not written here."""
