"""Old lists: uploaded, looked at as a plan, applied exactly as shown, taken back; and the rows that wait for a person."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from flask import Response, abort, request
from sqlalchemy import select

import db
from db.schema.subscribers import import_run
from desk.readers import uploads
from desk.readers.importing import apply_import, staged_import
from desk.readers.uploads import OUTCOMES, Upload
from desk.web.public import Problem
from desk.web.staff import session
from desk.web.staff.desk import Desk
from desk.web.staff.route import BOTH, READ, WRITE, Route
from subscribers import acts
from subscribers.held import waiting
from subscribers.imports import undo
from subscribers.imports.planning import ListHasChanged
from subscribers.model import SubscribersError

MOST_BYTES = (
    64 * 1024 * 1024
)  # half a million rows; more by the command line. The server keeps it in a file while it comes
LONGEST = 200
ROWS_MAPPED = 4  # at first; more when these are used


def upload(desk: Desk) -> Response:
    if request.method != "POST":
        return _form(desk)
    source, bulletin = request.form.get("source", "").strip()[:LONGEST], request.form.get("bulletin", "")
    problems: tuple[Problem, ...] = () if source else (Problem("source", "source-missing"),)
    if bulletin not in {each.id for each in desk.running}:
        problems += (Problem("bulletin", "bulletin-missing"),)
    files = [file for file in request.files.getlist("files") if file.filename]
    if not files:
        problems += (Problem("files", "file-missing"),)
    if problems:
        return _form(desk, problems)
    return _planned(desk, files, source, bulletin)


def _planned(desk: Desk, files: list[Any], source: str, bulletin: str) -> Response:
    by = session.staff().actor
    kept = uploads.keep(desk.register.imports, files, source=source, bulletin=bulletin, by=by, now=desk.now)
    assert kept is not None  # there are files, each with a name
    try:
        uploads.plan(desk.register, kept)
    except SubscribersError as error:
        uploads.forget(kept)
        return _form(desk, (Problem("files", "list-unreadable"),), str(error).split("\n"))
    desk.record("import-planned", about=bulletin, source=source)
    return desk.go("import-plan", key=kept.key)


def _form(desk: Desk, problems: tuple[Problem, ...] = (), wrong: list[str] | None = None) -> Response:
    return desk.page(
        "import",
        status=422 if problems else 200,
        problems=problems,
        wrong=wrong or [],
        source=request.form.get("source", ""),
        bulletin=request.form.get("bulletin", desk.house.main_bulletin.id),
        bulletins=[(each.id, each.name) for each in desk.running],
    )


def plan(desk: Desk, key: str) -> Response:
    """GET shows the plan as it was made; POST says which columns tell audiences, and plans anew."""
    found = _found(desk, key)
    if request.method != "POST":
        return _plan_page(desk, found)
    columns, targets = request.form.getlist("column"), request.form.getlist("target")
    maps = tuple(f"{c}={t}" for c, t in zip(columns, targets, strict=False) if c and t)
    if any(bool(c) != bool(t) for c, t in zip(columns, targets, strict=False)):
        return _plan_page(desk, found, (Problem("column-0", "column-wrong"),), status=422)
    try:
        uploads.plan(desk.register, replace(found, maps=maps))
    except SubscribersError:
        return _plan_page(desk, found, (Problem("column-0", "column-wrong"),), status=422)
    return desk.go("import-plan", key=key)


def _found(desk: Desk, key: str) -> Upload:
    return uploads.look(desk.register.imports, key) or abort(404)


def _plan_page(desk: Desk, found: Upload, problems: tuple[Problem, ...] = (), status: int = 200) -> Response:
    axes = desk.house.audiences.axes
    targets = [(axis.id, axis.name) for axis in axes] + [(tag.id, tag.name) for axis in axes for tag in axis.tags]
    mapped = [one.rpartition("=")[::2] for one in found.maps]
    return desk.page(
        "import-plan",
        status=status,
        upload=found,
        outcomes=OUTCOMES,
        problems=problems,
        targets=targets,
        mapped=[*mapped, *[("", "")] * max(1, ROWS_MAPPED - len(mapped))],
    )


def apply(desk: Desk, key: str) -> Response:
    """Exactly what was shown: should it come out differently now, the new plan is shown instead."""
    found = _found(desk, key)
    proof = desk.proof("import", source=found.source)
    changed = (Problem("plan", "list-changed"),)
    with staged_import(desk.register, found.paths, source=found.source, bulletin=found.bulletin, maps=found.maps) as (
        staged,
        made,
    ):
        if made.digest == found.digest:
            try:
                number, _ = apply_import(desk.register, staged, made, proof)
            except ListHasChanged:
                number = 0
        else:
            number = 0
    if not number:
        return _plan_page(desk, uploads.plan(desk.register, found), changed, status=409)
    desk.record("imported", about=f"import {number}", source=found.source)
    uploads.forget(found)
    return desk.go("imports", done="imported")


def drop(desk: Desk, key: str) -> Response:
    uploads.forget(_found(desk, key))
    return desk.go("import", done="import-dropped")


def listed(desk: Desk) -> Response:
    with db.reading(desk.engine) as connection:
        rows = connection.execute(select(import_run).order_by(import_run.c.id.desc()).limit(100)).all()
    runs = [
        {**row._mapping, "files": json.loads(row.files), "counts": json.loads(row.counts), "bulletin": ""}
        for row in rows
    ]
    return desk.page("imports", runs=runs, outcomes=OUTCOMES)


def report(desk: Desk, number: int) -> Response:
    """The audit of an import as it was written then; it carries its own styles and nothing else."""
    file = desk.register.reports / f"import-{number}.html"
    if not file.is_file():
        abort(404)
    response = Response(file.read_text("utf-8"), mimetype="text/html")
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
    )
    return response


def take_back(desk: Desk, number: int) -> Response:
    try:
        with db.writing(desk.engine) as connection:
            undo(connection, number, desk.proof("undo"))
            desk.record("import-undone", about=f"import {number}", connection=connection)
    except SubscribersError:
        abort(409)
    return desk.go("imports", done="import-undone")


def held(desk: Desk) -> Response:
    with db.reading(desk.engine) as connection:
        return desk.page("held", rows=waiting(connection))


def decide(desk: Desk, number: int) -> Response:
    accept = request.form.get("accept") == "yes"
    try:
        with db.writing(desk.engine) as connection:
            proof = desk.proof("held row decided")
            acts.decide_held(connection, desk.keys, number, desk.register.bases, proof, accept=accept)
            what = "held-accepted" if accept else "held-refused"
            desk.record(what, about=f"held row {number}", connection=connection)
    except SubscribersError:
        abort(409)
    return desk.go("held", done="held-decided")


PLAN = "/desk/subscribers/import/<key>"
ROUTES = (
    Route("/desk/subscribers/import", "import", upload, BOTH, "sender", MOST_BYTES),
    Route(PLAN, "import-plan", plan, BOTH, "sender"),
    Route(f"{PLAN}/apply", "import-apply", apply, WRITE, "sender"),
    Route(f"{PLAN}/drop", "import-drop", drop, WRITE, "sender"),
    Route("/desk/subscribers/imports", "imports", listed, READ, "sender"),
    Route("/desk/subscribers/imports/<int:number>", "import-report", report, READ, "sender"),
    Route("/desk/subscribers/imports/<int:number>/undo", "import-undo", take_back, WRITE, "sender"),
    Route("/desk/subscribers/held", "held", held, READ, "sender"),
    Route("/desk/subscribers/held/<int:number>", "held-decide", decide, WRITE, "sender"),
)
