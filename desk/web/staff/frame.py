"""Around every view of the desk: who comes in, with which role, with whose form; and what the frame itself needs."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from builder.model import BuilderError
from desk.mediatypes import ASK_AGAIN, FOR_GOOD
from desk.settings import SettingsError
from desk.web import guard
from desk.web.staff import session
from desk.web.staff.desk import ENDPOINT, Desk, path
from desk.web.staff.route import READ, Route

SAID = frozenset({400, 403, 404, 405, 409, 413, 429})  # codes with words of their own
MOST_FIELDS = 2000
MOST_TYPED = 1024 * 1024  # bytes of a form that are held for somebody who has to sign in first


def install(app: Flask, desk: Desk) -> None:
    """Every route of the table, guarded. What is under /desk and not in it is guarded too."""
    for route in desk.routes.values():
        methods = (*route.methods,)
        app.add_url_rule(route.rule, f"{ENDPOINT}{route.name}", partial(enter, desk, route), methods=methods)


def enter(desk: Desk, route: Route, **values: Any) -> Any:
    """Session, role, size, form, in this order: a stranger's upload is not even read."""
    try:
        refused = _refusal(desk, route)
        return refused if refused is not None else route.view(desk, **values)
    except RequestRedirect:
        raise
    except HTTPException as error:
        return fault(desk, error.code or 500)
    except (BuilderError, SettingsError) as error:
        return desk.page("trouble", status=500, lines=_lines(error))


def _refusal(desk: Desk, route: Route) -> Response | None:
    request.max_content_length = request.max_form_memory_size = route.most
    request.max_form_parts = MOST_FIELDS
    who = session.recognise(desk)
    if route.role is not None:
        if who is None:
            return _given_back(desk, "signed-out", 403) or _to_sign_in(desk)
        if not who.may(route.role):
            desk.record("refused", about=route.name, role=route.role)
            abort(403)
    guard.check_form(desk.public.form_key, desk.public.clock)
    if request.method in guard.READS or g.form_age is not None:
        return None
    return _given_back(desk, "stale", 400) or desk.page("stale", status=400)


def _to_sign_in(desk: Desk) -> Response:
    wanted = _wanted(desk)
    return desk.go("sign-in", to=wanted) if wanted else desk.go("sign-in")


def _given_back(desk: Desk, page: str, status: int) -> Response | None:
    """A form of ours that came too late comes back with all that was typed, to be sent again: nothing is lost.

    None when it is not surely ours: what a stranger made up is shown to nobody beside a button.
    """
    if request.method != "POST" or (request.content_length or 0) > MOST_TYPED:
        return None
    if not guard.is_surely_ours(desk.public.form_key, request):
        return None
    typed = [(name, value) for name, value in request.form.items(multi=True) if name != "form"]
    files = any(upload.filename for upload in request.files.values())
    return desk.page(page, status=status, typed=typed, files=files, here=request.full_path.rstrip("?"))


def _wanted(desk: Desk) -> str:
    """The page that was asked for, to come back to after signing in."""
    asked = request.full_path.rstrip("?")
    return own_page(desk, asked) if request.method == "GET" and asked != path("week") else ""


def own_page(desk: Desk, there: str) -> str:
    """`there` if it is a page of the desk that can be looked at, else nothing: no way leads anywhere else (W10)."""
    if not there.startswith("/desk") or "\\" in there or any(ord(sign) < 33 for sign in there):
        return ""
    try:
        endpoint, _ = current_app.url_map.bind("").match(urlsplit(there).path, method="GET")
    except (HTTPException, ValueError):
        return ""
    route = desk.routes.get(endpoint.removeprefix(ENDPOINT))
    return there if route and route.role and route.name != "nothing" else ""


def fault(desk: Desk, code: int) -> Response:
    shown = code if code in SAID else 400 if code < 500 else 500
    return desk.page("fault", f"fault-{shown}", code, code=shown)


def _lines(error: BuilderError | SettingsError) -> list[str]:
    findings = getattr(error, "findings", None)
    return [str(finding) for finding in findings] if findings else str(error).split("\n")


def static(desk: Desk, name: str) -> Response:
    found = desk.looks().static.get(name)
    if found is None:
        abort(404)
    response = Response(found.content, mimetype=found.kind)
    response.add_etag()
    response.headers["Cache-Control"] = FOR_GOOD if request.args.get("v") == found.mark else ASK_AGAIN
    return response.make_conditional(request)  # type: ignore[return-value]


def nothing_here(_desk: Desk, **_values: Any) -> Response:
    abort(404)


ROUTES = (
    Route("/desk/static/<name>", "static", static, READ, None),
    Route("/desk/", "slash", lambda desk: desk.go("week"), READ, "writer"),
    Route("/desk/<path:rest>", "nothing", nothing_here, ("GET", "POST"), "writer"),
)
