"""An edition's steps: sent for review, taken back, approved, scheduled. Each by name; approval is of the text as it stands."""

from __future__ import annotations

from flask import Response, abort, request

import db
from delivery.model import DeliveryError
from desk.delivering import read_delivering
from desk.editing import life
from desk.mailing import planning
from desk.mailing.office import CannotSend, Office
from desk.staff.model import Role
from desk.web.public import Problem
from desk.web.staff import session
from desk.web.staff.desk import Desk
from desk.web.staff.editions import board
from desk.web.staff.editions.form import Problems, Told
from desk.web.staff.editions.room import Room, enter
from desk.web.staff.route import WRITE, Route

LEAST: dict[str, Role] = {
    "review": "writer",
    "draft": "writer",
    "approve": "editor",
    "plan": "sender",
    "unplan": "sender",
}


def step(desk: Desk, bulletin: str, day: str) -> Response:
    what = request.form.get("step", "")
    if what not in LEAST:
        abort(400)
    if not session.may(LEAST[what]):
        abort(403)
    with enter(desk, bulletin, day, drafts=False) as room:
        problems = _do(room, what)
    if problems:
        return board.board(desk, bulletin, day, problems, 422)
    return desk.go("edition", bulletin=bulletin, day=day, done=f"step-{what}")


def _do(room: Room, what: str) -> Problems:
    desk, edition, who = room.desk, room.edition, session.staff()
    office = Office(desk.register, room.press, read_delivering(desk.settings))
    try:
        match what:
            case "review" | "draft":
                with db.writing(desk.engine) as connection:
                    life.step(connection, edition.bulletin, str(edition.day), what, who.id, desk.now)
                    desk.record(f"step-{what}", about=edition.key, connection=connection)
                return ()
            case "approve":
                planning.approve(office, edition, who.actor)
            case "plan":
                planning.plan(office, edition, request.form.get("at", "").strip() or None, who.actor)
            case "unplan":
                planning.unplan(office, edition)
    except CannotSend as error:
        first: Problems = (Problem("life", "not-ready"),) if error.findings else (Told("life", str(error)),)
        return (*first, *(Told("findings", finding.message) for finding in error.findings))
    except DeliveryError as error:
        return (Told("life", str(error)),)
    except ValueError:
        return (Problem("at", "time-wrong"),)
    desk.record(f"step-{what}", about=edition.key)
    return ()


ROUTES = (Route("/desk/editions/<bulletin>/<day>/edition/step", "edition-step", step, WRITE, "writer"),)
