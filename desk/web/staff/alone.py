"""An action sent by itself: what the letter says, who gets it, what is in the way, a yes, and sending it now."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, abort, request

import db
from builder.model import BuilderError, Edition
from delivery.ledger import books
from delivery.ledger.books import Sending
from delivery.model import DeliveryError
from desk.mailing import at_once, mailings, planning, sending
from desk.mailing.at_once import Alone
from desk.mailing.office import CannotSend, Office
from desk.settings import SettingsError
from desk.trying.preview import as_scheme
from desk.web.public import Problem
from desk.web.staff import session
from desk.web.staff.desk import Desk
from desk.web.staff.editions.form import Problems, Told
from desk.web.staff.editions.letter import shown_alone, with_examples
from desk.web.staff.leaving import confirmed, edition_of
from desk.web.staff.route import READ, WRITE, Route


@dataclass(frozen=True, slots=True)
class Look:
    """`one` is None when this item cannot go by itself: `problems` say why."""

    edition: Edition
    one: Alone | None
    problems: Problems = ()


def page(desk: Desk, bulletin: str, day: str, slug: str) -> Response:
    with desk.office() as office:
        look = _look(office, edition_of(office, bulletin, day), slug)
        before = _sent(office, look.one)
        return desk.go("report", name=before.name) if before else _page(desk, office, look, slug)


def _look(office: Office, edition: Edition, slug: str) -> Look:
    try:
        return Look(edition, at_once.alone(office, edition, slug))
    except CannotSend as error:
        if all(item.slug != slug for item in edition.items):
            abort(404)
        return Look(edition, None, (Told("acts", str(error)),))
    except BuilderError as error:
        return Look(edition, None, tuple(Told("acts", str(finding)) for finding in error.findings))


def _sent(office: Office, one: Alone | None) -> Sending | None:
    if one is None:
        return None
    with db.reading(office.engine) as connection:
        return books.mailing(connection, one.name)


def _page(desk: Desk, office: Office, look: Look, slug: str, problems: Problems = (), status: int = 200) -> Response:
    one = look.one
    reach = at_once.reach(office, one) if one else None
    findings, unapproved = _in_the_way(office, one) if one else ((), False)
    return desk.page(
        "send-action",
        status=status,
        edition=look.edition,
        slug=slug,
        item=next(item for item in look.edition.items if item.slug == slug),
        one=one,
        reach=reach,
        why_not=[problem.said for problem in look.problems],
        findings=findings,
        unapproved=unapproved,
        asks_approval=office.delivering.approval,
        has_left=sending.sent_before(office, look.edition) is not None,
        name=office.press.house.bulletins[look.edition.bulletin].name,
        tags={tag.id: tag.name for tag in office.press.house.audiences.tags},
        transport=office.delivering.transport,
        number=request.form.get("number", ""),
        problems=problems,
    )


def _in_the_way(office: Office, one: Alone) -> tuple[tuple[str, ...], bool]:
    findings: tuple[str, ...] = ()
    try:
        at_once.refuse_unless_ready(office, one)
    except CannotSend as error:
        findings = tuple(finding.message for finding in error.findings) or (str(error),)
    try:
        at_once.refuse_unapproved(office, one)
    except CannotSend:
        return findings, True
    return findings, False


def letter(desk: Desk, bulletin: str, day: str, slug: str) -> Response:
    """For the frame of the page: as it would leave."""
    with desk.office() as office:
        look = _look(office, edition_of(office, bulletin, day), slug)
        if look.one is None:
            abort(404)
        view = request.args.get("view", "desktop")
        made = look.one.letter
        text, html = with_examples(made.text, office.press), with_examples(made.html, office.press)
    if view == "text":
        return shown_alone(text, "text/plain; charset=utf-8", view)
    return shown_alone(as_scheme(html, "dark" if view == "dark" else "light"), "text/html; charset=utf-8", view)


def approve(desk: Desk, bulletin: str, day: str, slug: str) -> Response:
    """As it stands now: an edit takes it back."""
    with desk.office() as office:
        look = _look(office, edition_of(office, bulletin, day), slug)
        if look.one is None:
            return _page(desk, office, look, slug, look.problems, 422)
        try:
            planning.approve_alone(office, look.one, session.staff().actor)
        except CannotSend as error:
            return _page(desk, office, look, slug, (Told("acts", str(error)),), 422)
        desk.record("action-approved", about=str(look.one.item.key))
    return desk.go("send-action", bulletin=bulletin, day=day, slug=slug, done="action-approved")


def now(desk: Desk, bulletin: str, day: str, slug: str) -> Response:
    """Frozen at this moment for whoever it is for; whoever watches over sendings begins it within seconds, once."""
    with desk.office() as office:
        look = _look(office, edition_of(office, bulletin, day), slug)
        if look.one is None:
            return _page(desk, office, look, slug, look.problems, 422)
        if before := _sent(office, look.one):
            return desk.go("report", name=before.name)
        problems = _send(desk, office, look.one)
        if problems:
            return _page(desk, office, look, slug, problems, 422)
        name = look.one.name
    return desk.go("report", name=name, done="send-now")


def _send(desk: Desk, office: Office, one: Alone) -> Problems:
    readers = at_once.count(office, one)
    if not confirmed(readers):
        return (Problem("number", "number-wrong"),)
    try:
        mailings.send_alone_now(office, one)
    except CannotSend as error:
        return (Told("acts", str(error)), *(Told("acts", str(finding)) for finding in error.findings))
    except (DeliveryError, SettingsError) as error:
        return (Told("acts", str(error)),)
    desk.record("action-sent", about=str(one.item.key), readers=readers)
    return ()


HERE = "/desk/send/<bulletin>/<day>/<slug>"
ROUTES = (
    Route(HERE, "send-action", page, READ, "editor"),
    Route(f"{HERE}/letter", "action-letter", letter, READ, "editor"),
    Route(f"{HERE}/approve", "action-approve", approve, WRITE, "editor"),
    Route(f"{HERE}/now", "action-now", now, WRITE, "sender"),
)
