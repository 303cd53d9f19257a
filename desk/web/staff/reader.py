"""One reader's page: what they get and why, what was sent and what servers said, and each thing that can be done about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from flask import Response, abort, request
from sqlalchemy import Connection

import db
from delivery.ledger import books
from desk import rounds
from desk.dateboxes import Boxes, typed
from desk.notes.letters import say_choices
from desk.readers import person as persons
from desk.staff.record import acts as acts_of
from desk.web.forms import read_address, read_choices, read_pause
from desk.web.public import Problem
from desk.web.staff.desk import Desk
from desk.web.staff.reader_history import told_together
from desk.web.staff.readers import line
from desk.web.staff.route import BOTH, READ, WRITE, Route
from subscribers import acts, requests, rights, rules, store
from subscribers.address import parse
from subscribers.model import EVERY_BULLETIN, Choices, Subscriber, Subscription

HOW = "changed by staff"
SHOWN_LETTERS = 20


@dataclass(frozen=True, slots=True)
class Held:
    """One subscription in words."""

    subscription: Subscription
    name: str
    choices: str
    is_paused: bool


def page(desk: Desk, number: int) -> Response:
    return shown(desk, _person(desk, number))


def shown(
    desk: Desk,
    person: Subscriber,
    problems: tuple[Problem, ...] = (),
    pauses: Mapping[str, Boxes] = MappingProxyType({}),
) -> Response:
    with db.reading(desk.engine) as connection:
        history = store.history(connection, person.id)
        noes = store.noes(connection, desk.keys, parse(person.address).key)
        numbers = rights.numbers(connection, parse(person.address))
        letters = books.of_reader(connection, [str(one) for one in numbers])
        deeds = [act for one in numbers for act in acts_of(connection, about=f"subscriber {one}")]
        moving = requests.moving_to(connection, person.id, desk.now)
    words = desk.public.reading().words
    return desk.page(
        "subscriber",
        status=422 if problems else 200,
        person=person,
        held=[
            Held(
                each,
                desk.public.name(each.bulletin),
                say_choices(each.choices, desk.house.audiences, words),
                each.is_paused(desk.today),
            )
            for each in person.subscriptions
        ],
        history=told_together(desk, history, deeds, letters),
        moving=moving,
        noes=noes,
        letters=list(reversed(letters))[:SHOWN_LETTERS],
        older_letters=max(0, len(letters) - SHOWN_LETTERS),
        moment_of=datetime.fromisoformat,
        offered=[b for b in desk.running if person.open_for(b.id) is None],
        problems=problems,
        pauses=pauses,
        no_date=Boxes(),
    )


def _person(desk: Desk, number: int) -> Subscriber:
    with db.reading(desk.engine) as connection:
        found = store.by_id(connection, number)
    return found or abort(404)


def _held(person: Subscriber, bulletin: str) -> Subscription:
    return person.open_for(bulletin) or abort(404)


def choices(desk: Desk, number: int, bulletin: str) -> Response:
    person = _person(desk, number)
    held = _held(person, bulletin)
    if request.method != "POST":
        return _choices(desk, person, bulletin, held.choices)
    wanted, asked = read_choices(request.form, desk.house.audiences), line("asked")
    if not asked:
        return _choices(desk, person, bulletin, wanted, (Problem("asked", "asked-missing"),))
    if wanted != held.choices:
        with db.writing(desk.engine) as connection:
            acts.change(
                connection, desk.keys, person.id, bulletin, wanted, desk.proof(HOW, evidence=evidence_of(asked))
            )
            desk.record("reader-changed", about=_about(person), connection=connection, bulletin=bulletin)
            _tell(desk, connection, person, bulletin, wanted)
        desk.public.sending.hurry()
    return desk.go("subscriber", number=person.id, done="reader-changed")


def _choices(
    desk: Desk, person: Subscriber, bulletin: str, chosen: Choices, problems: tuple[Problem, ...] = ()
) -> Response:
    return desk.page(
        "subscriber-choices",
        status=422 if problems else 200,
        person=person,
        name=desk.public.name(bulletin),
        chosen=chosen,
        asked=line("asked"),
        axes=desk.house.audiences.axes,
        problems=problems,
    )


def _tell(desk: Desk, connection: Connection, person: Subscriber, bulletin: str, wanted: Choices) -> None:
    """What staff changed for a reader, the reader is told, unless they must not be written to."""
    if not store.noes(connection, desk.keys, parse(person.address).key, bulletin):
        said = say_choices(wanted, desk.house.audiences, desk.public.reading().words)
        desk.public.writer.changed(connection, person.address, person.id, [bulletin], said)


def evidence_of(asked: str) -> str:
    """How a reader asked: the proof that staff did it for them (C1)."""
    return json.dumps({"asked": asked}, ensure_ascii=False)


def pause(desk: Desk, number: int, bulletin: str) -> Response:
    """Until a day; without one, the break is over."""
    person = _person(desk, number)
    _held(person, bulletin)
    until = None
    if not request.form.get("resume"):
        boxes = typed(request.form, "until") or Boxes()
        label = desk.looks().words["subscriber"]["until"]
        until, problems = read_pause(
            boxes, desk.today, lambda field, wrongs: desk.date_problems(field, label, wrongs), f"until-{bulletin}"
        )
        if problems:
            return shown(desk, person, problems, {bulletin: boxes})
    with db.writing(desk.engine) as connection:
        acts.pause(connection, desk.keys, person.id, bulletin, until, desk.today, desk.proof(HOW))
        what = "reader-paused" if until else "reader-resumed"
        desk.record(what, about=_about(person), connection=connection, bulletin=bulletin)
    return desk.go("subscriber", number=person.id, done=what)


def end(desk: Desk, number: int, bulletin: str) -> Response:
    """What was not sent yet is withdrawn, too."""
    person = _person(desk, number)
    ended = rounds.farewell(desk.engine, desk.keys, person.address, bulletin, desk.proof("removed by staff"))
    if ended:
        desk.record("reader-ended", about=_about(person), bulletin=bulletin)
    return desk.go("subscriber", number=person.id, done="reader-ended")


def move(desk: Desk, number: int) -> Response:
    """They asked for another address: it is theirs once they have pressed the link in the letter that goes there."""
    person = _person(desk, number)
    if request.method != "POST":
        return _move(desk, person)
    new, problems = read_address(line("address"))
    problems += () if line("asked") else (Problem("asked", "asked-missing"),)
    if new is not None and new.key == parse(person.address).key:
        problems += (Problem("address", "address-same"),)
    if problems or new is None:
        return _move(desk, person, problems)
    proof = desk.proof("asked by staff")
    desk.public.reading()  # before the database is held
    with db.writing(desk.engine) as connection:
        noes = store.noes(connection, desk.keys, parse(person.address).key)
        if any(no.bulletin == EVERY_BULLETIN and no.reason != "bounced" for no in noes):
            return _move(desk, person, (Problem("address", "move-refused"),))
        token = requests.ask_for_reader(connection, desk.keys, person, new, line("asked"), proof, desk.public.random)
        if token is None:
            return _move(desk, person, (Problem("address", "move-not-now"),))
        told = None if any(no.bulletin == EVERY_BULLETIN for no in noes) else person.address
        desk.public.writer.moving_by_staff(connection, told, new.written, token)
        desk.record("reader-moving", about=_about(person), connection=connection)
    desk.public.sending.hurry()
    return desk.go("subscriber", number=person.id, done="reader-moving")


def _move(desk: Desk, person: Subscriber, problems: tuple[Problem, ...] = ()) -> Response:
    return desk.page(
        "subscriber-move",
        status=422 if problems else 200,
        person=person,
        address=line("address"),
        asked=line("asked"),
        lost=[desk.public.name(each) for each in rules.lost_with_the_mailbox(person)],
        problems=problems,
    )


def stop_moving(desk: Desk, number: int) -> Response:
    """The link that waits in the new mailbox opens nothing any more."""
    person = _person(desk, number)
    with db.writing(desk.engine) as connection:
        if requests.stop_moving(connection, person.id, desk.now):
            store.note(connection, person.id, None, "move-stopped", desk.proof(HOW))
            desk.record("reader-not-moving", about=_about(person), connection=connection)
    return desk.go("subscriber", number=person.id, done="reader-not-moving")


def rename(desk: Desk, number: int) -> Response:
    """A name is how staff speak of somebody; letters do not use it."""
    person = _person(desk, number)
    name = request.form.get("name", "").replace("\x00", "").strip()[:200]
    with db.writing(desk.engine) as connection:
        store.rename(connection, person.id, name)
        desk.record("reader-renamed", about=_about(person), connection=connection)
    return desk.go("subscriber", number=person.id, done="saved")


def data(desk: Desk, number: int) -> Response:
    """Everything held, as a file: the answer to a subject access request (C8)."""
    person = _person(desk, number)
    with db.reading(desk.engine) as connection:
        held = persons.shown(connection, desk.keys, parse(person.address))
    desk.record("reader-shown", about=_about(person))
    response = Response(held, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="subscriber-{person.id}.json"'
    return response


def erase(desk: Desk, number: int) -> Response:
    """The address typed again, so that nobody is forgotten by a slip."""
    person = _person(desk, number)
    if request.method != "POST":
        return desk.page("subscriber-erase", person=person)
    if request.form.get("typed", "").strip().lower() != person.address.lower():
        return desk.page("subscriber-erase", status=422, person=person, problems=(Problem("typed", "typed-wrong"),))
    persons.forget(desk.register, person.address, desk.proof("erased by staff"))
    desk.record("reader-erased", about=_about(person))
    return desk.go("subscribers", done="reader-erased")


def suppress(desk: Desk, number: int) -> Response:
    """A "no" for everything that outlives the person."""
    person = _person(desk, number)
    rounds.refuse(desk.engine, desk.keys, person.address, None, desk.proof("suppressed by staff"))
    desk.record("reader-suppressed", about=_about(person))
    return desk.go("subscriber", number=person.id, done="reader-suppressed")


def lift(desk: Desk, number: int) -> Response:
    """They asked to be written to again; nobody becomes a reader by it."""
    person, bulletin = _person(desk, number), request.form.get("bulletin", EVERY_BULLETIN)
    others = set(desk.house.bulletins) - {bulletin}
    with db.writing(desk.engine) as connection:
        for each in [bulletin] if bulletin else list(desk.house.bulletins):
            store.lift(connection, desk.keys, parse(person.address).key, each, others if bulletin else ())
        desk.record("no-lifted", about=_about(person), connection=connection, bulletin=bulletin)
    return desk.go("subscriber", number=person.id, done="no-lifted")


def _about(person: Subscriber) -> str:
    return f"subscriber {person.id}"


HERE = "/desk/subscribers/<int:number>"
ROUTES = (
    Route(HERE, "subscriber", page, READ, "sender"),
    Route(f"{HERE}/choices/<bulletin>", "subscriber-choices", choices, BOTH, "sender"),
    Route(f"{HERE}/pause/<bulletin>", "subscriber-pause", pause, WRITE, "sender"),
    Route(f"{HERE}/end/<bulletin>", "subscriber-end", end, WRITE, "sender"),
    Route(f"{HERE}/address", "subscriber-move", move, BOTH, "sender"),
    Route(f"{HERE}/address/stop", "subscriber-stay", stop_moving, WRITE, "sender"),
    Route(f"{HERE}/name", "subscriber-name", rename, WRITE, "sender"),
    Route(f"{HERE}/data", "subscriber-data", data, WRITE, "sender"),
    Route(f"{HERE}/erase", "subscriber-erase", erase, BOTH, "sender"),
    Route(f"{HERE}/suppress", "subscriber-suppress", suppress, WRITE, "sender"),
    Route(f"{HERE}/lift", "subscriber-lift", lift, WRITE, "sender"),
)
