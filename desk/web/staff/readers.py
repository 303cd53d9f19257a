"""The register of subscribers: how many there are, finding one of them, adding one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from flask import Response, abort, request
from sqlalchemy import func, select

import db
from db.schema.subscribers import held, suppression
from desk.dateboxes import one_line
from desk.web.forms import read_address, read_choices
from desk.web.public import Problem
from desk.web.staff import session
from desk.web.staff.desk import Desk
from desk.web.staff.route import BOTH, WRITE, Route
from subscribers import acts, counts, exporting, store
from subscribers.model import Choices
from subscribers.search import MOST, SHORTEST, search

LONGEST = 320  # of what is typed into a line


@dataclass(frozen=True, slots=True)
class Count:
    """One bulletin's readers. None: fewer than five, which an editor is not told (C14)."""

    name: str
    readers: int | None
    paused: int | None


def overview(desk: Desk) -> Response:
    return _overview(desk)


def _overview(desk: Desk, problems: tuple[Problem, ...] = ()) -> Response:
    """Numbers for everybody who may come here; names, by a form, for whoever looks after readers."""
    typed = request.form.get("q", "").strip()[:LONGEST]
    people = session.may("sender")
    with db.reading(desk.engine) as connection:
        found = search(connection, typed) if people and typed else ()
        waiting = int(connection.execute(select(func.count()).where(held.c.decided_at.is_(None))).scalar_one())
        noes = int(connection.execute(select(func.count()).select_from(suppression)).scalar_one())
        numbers = _counts(desk, counts.readers(connection, desk.today), counts.paused(connection, desk.today), people)
    return desk.page(
        "subscribers",
        status=422 if problems else 200,
        problems=problems,
        bulletins=[(each.id, each.name) for each in desk.house.bulletins.values()],
        why=line("why"),
        numbers=numbers,
        found=found,
        typed=typed,
        too_short=len(typed) < SHORTEST,
        most=MOST,
        waiting=waiting,
        noes=noes,
    )


def _counts(desk: Desk, readers: dict[str, int], paused: dict[str, int], exact: bool) -> list[Count]:
    def shown(number: int) -> int | None:
        return number if exact else counts.for_public(number)

    ended = [name for name in readers if name not in {bulletin.id for bulletin in desk.running}]
    names = [bulletin.id for bulletin in desk.running] + ended
    return [Count(desk.public.name(name), shown(readers.get(name, 0)), shown(paused.get(name, 0))) for name in names]


@dataclass(frozen=True, slots=True)
class Filled:
    """The form for a new reader as it was filled in."""

    address: str = ""
    name: str = ""
    bulletin: str = ""
    asked: str = ""
    over_a_no: bool = False
    choices: Choices = field(default_factory=Choices)


def add(desk: Desk) -> Response:
    """Somebody who asked a person here; how they asked is kept as the proof of it (C1)."""
    if request.method != "POST":
        return _form(desk, _beginning(desk))
    filled = _filled(desk)
    address, problems = read_address(filled.address)
    if filled.bulletin not in {bulletin.id for bulletin in desk.running}:
        problems += (Problem("bulletin", "bulletin-missing"),)
    if not filled.asked:
        problems += (Problem("asked", "asked-missing"),)
    if problems or address is None:
        return _form(desk, filled, problems)
    evidence = json.dumps({"asked": filled.asked}, ensure_ascii=False)
    proof, register = desk.proof("added by staff", evidence=evidence), desk.register
    with db.writing(desk.engine) as connection:
        already = store.find(connection, address.key)
        if already and already.open_for(filled.bulletin):
            return _form(desk, filled, (Problem("address", "already-reader"),))
        said_no = bool(store.noes(connection, desk.keys, address.key, filled.bulletin))
        if said_no and not filled.over_a_no:
            return _form(desk, filled, (Problem("over-a-no", "said-no"),), said_no=True)
        person = acts.add(
            connection,
            desk.keys,
            address,
            filled.bulletin,
            filled.choices,
            register.bases,
            proof,
            name=filled.name,
            over_a_no=filled.over_a_no,
        )
        desk.record("reader-added", about=f"subscriber {person.id}", connection=connection, bulletin=filled.bulletin)
    return desk.go("subscriber", number=person.id, done="reader-added")


def _beginning(desk: Desk) -> Filled:
    """Empty; or, from a reader's own page, with their address and what they do not get yet."""
    bulletin = request.args.get("bulletin", "") or desk.house.main_bulletin.id
    number = request.args.get("number", type=int)
    with db.reading(desk.engine) as connection:
        person = store.by_id(connection, number) if number else None
    return Filled(person.address, person.name, bulletin) if person else Filled(bulletin=bulletin)


def line(name: str) -> str:
    """One line of the form."""
    return one_line(request.form.get(name, ""))[:LONGEST]


def _filled(desk: Desk) -> Filled:
    return Filled(
        line("address"),
        line("name"),
        line("bulletin"),
        line("asked"),
        bool(request.form.get("over-a-no")),
        read_choices(request.form, desk.house.audiences),
    )


def _form(desk: Desk, filled: Filled, problems: tuple[Problem, ...] = (), *, said_no: bool = False) -> Response:
    return desk.page(
        "subscriber-add",
        status=422 if problems else 200,
        filled=filled,
        problems=problems,
        said_no=said_no or filled.over_a_no,
        bulletins=[(bulletin.id, bulletin.name) for bulletin in desk.running],
        axes=desk.house.audiences.axes,
    )


def download(desk: Desk) -> Response:
    """The whole list for a spreadsheet, for an administrator; who took it, and how much, is recorded before it leaves."""
    bulletin = request.form.get("bulletin", "")
    if bulletin and bulletin not in desk.house.bulletins:
        abort(400)
    if not line("why"):
        return _overview(desk, (Problem("why", "why-missing"),))
    with db.reading(desk.engine) as connection:
        sheet = "".join(exporting.as_csv(connection, bulletin or None))
    rows = max(0, sheet.count("\r\n") - 1)
    desk.record("readers-downloaded", about=bulletin, rows=rows, why=line("why"))
    response = Response(sheet, content_type="text/csv; charset=utf-8")
    name = f"subscribers-{bulletin or 'all'}-{desk.today}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


ROUTES = (
    Route("/desk/subscribers", "subscribers", overview, BOTH, "editor"),
    Route("/desk/subscribers/list.csv", "subscribers-list", download, WRITE, "administrator"),
    Route("/desk/subscribers/add", "subscriber-add", add, BOTH, "sender"),
)
