"""The desk's one table of routes: what each module of it brings."""

from __future__ import annotations

from desk.web.staff import frame, imports, reader, readers, refusals, signing, week
from desk.web.staff.route import Route

ROUTES: tuple[Route, ...] = (
    *frame.ROUTES,
    *signing.ROUTES,
    *week.ROUTES,
    *readers.ROUTES,
    *reader.ROUTES,
    *imports.ROUTES,
    *refusals.ROUTES,
)
