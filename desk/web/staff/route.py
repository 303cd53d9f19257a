"""One line of the desk's table of routes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from desk.staff.model import Role

READ, WRITE, BOTH = ("GET",), ("POST",), ("GET", "POST")
FORM_BYTES = 1024 * 1024  # an item is text; the longest in ten years had 60 KB


class Route(NamedTuple):
    """`role`: the least one that may come here; None: anybody, signed in or not."""

    rule: str
    name: str
    view: Callable[..., Any]
    """Called with the Desk and the rule's values."""
    methods: tuple[str, ...]
    role: Role | None
    most: int = FORM_BYTES
    """Bytes that a form may have."""
