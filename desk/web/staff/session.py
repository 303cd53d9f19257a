"""Who is at the desk in this request, and the cookie by which the browser says so."""

from __future__ import annotations

import re
from datetime import datetime

from flask import Request, Response, abort, g, request
from sqlalchemy.exc import OperationalError

import db
from desk.staff import entrance
from desk.staff.model import Role, Staff
from desk.web import guard
from desk.web.staff.desk import Desk

COOKIE = "__Host-desk"  # browsers keep it over https and on this machine only; the desk is nowhere else
_TOKEN = re.compile(r"[0-9a-f]{64}")


def staff() -> Staff:
    """Whoever is signed in. Only for views whose route asks for a role."""
    found = signed_in()
    if found is None:
        abort(403)
    return found


def signed_in() -> Staff | None:
    return getattr(g, "staff", None)


def may(role: Role) -> bool:
    found = signed_in()
    return found is not None and found.may(role)


def recognise(desk: Desk) -> Staff | None:
    """Looks the cookie up and keeps the answer for this request; a session that is used stays fresh."""
    token = cookie(request)
    if token is None:
        return None
    now = desk.now
    with db.reading(desk.engine) as connection:
        found = entrance.find(connection, token, now)
    if found is None:
        return None
    if found.is_worth_noting(now):
        _note(desk, token, now)
    g.staff = found.staff
    return found.staff


def _note(desk: Desk, token: str, now: datetime) -> None:
    """Nobody waits for it: while a long import holds the database, the next page notes it."""
    try:
        with db.writing_at_once(desk.engine) as connection:
            entrance.note(connection, token, now)
    except OperationalError:
        return


def cookie(asked: Request) -> str | None:
    found = asked.cookies.get(COOKIE, "")
    return found if _TOKEN.fullmatch(found) else None


def give(response: Response, token: str) -> Response:
    """No Max-Age: it goes when the browser is closed, and is worth nothing after the session's own end."""
    response.headers.add("Set-Cookie", f"{COOKIE}={token}; Secure; HttpOnly; Path=/; SameSite=Lax")
    return response


def take(response: Response) -> Response:
    response.headers.add("Set-Cookie", f"{COOKIE}=; Secure; HttpOnly; Path=/; SameSite=Lax; Max-Age=0")
    return response


def is_private(asked: Request) -> bool:
    """Whether nobody on the way can read along: else the browser would not keep the cookie anyway."""
    return guard.is_private(asked)
