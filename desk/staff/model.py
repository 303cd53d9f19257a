"""Somebody who works at the desk, and what they may do there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

Role = Literal["writer", "editor", "sender", "administrator"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Each may do all that those before it may."""


class StaffError(Exception):
    """What was asked for cannot be done; the message says why."""


@dataclass(frozen=True, slots=True)
class Staff:
    id: int
    address: str
    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None = None

    @property
    def is_disabled(self) -> bool:
        return self.disabled_at is not None

    @property
    def called(self) -> str:
        """How the desk speaks of them."""
        return self.name or self.address

    @property
    def actor(self) -> str:
        """How records name them."""
        return f"staff:{self.address}"

    def may(self, least: Role) -> bool:
        """Whether their role is this one or a wider one."""
        return ROLES.index(self.role) >= ROLES.index(least)
