"""The desk's one table of routes: what each module of it brings."""

from __future__ import annotations

from desk.web.staff import (
    alone,
    calendar,
    frame,
    house,
    imports,
    leaving,
    mailings,
    openid,
    people,
    reader,
    readers,
    refusals,
    signing,
    stories,
    week,
)
from desk.web.staff.editions import adding, board, clash, item, letter, past, steps, talk, typed
from desk.web.staff.editions import calendar as editions
from desk.web.staff.route import Route

ROUTES: tuple[Route, ...] = (
    *frame.ROUTES,
    *signing.ROUTES,
    *openid.ROUTES,
    *week.ROUTES,
    *editions.ROUTES,
    *board.ROUTES,
    *adding.ROUTES,
    *steps.ROUTES,
    *item.ROUTES,
    *clash.ROUTES,
    *typed.ROUTES,
    *letter.ROUTES,
    *talk.ROUTES,
    *past.ROUTES,
    *stories.ROUTES,
    *readers.ROUTES,
    *reader.ROUTES,
    *imports.ROUTES,
    *refusals.ROUTES,
    *calendar.ROUTES,
    *house.ROUTES,
    *people.ROUTES,
    *mailings.ROUTES,
    *leaving.ROUTES,
    *alone.ROUTES,
)
