"""Mailings: all of them, one with its report, its shelves by name, and the acts of whoever may send."""

from __future__ import annotations

from flask import Response, abort, request

import db
from delivery import report
from delivery.ledger import books
from delivery.ledger.books import Sending
from delivery.model import DeliveryError
from desk.mailing import mailings
from desk.mailing.office import Office
from desk.mailing.reporting import reported, values
from desk.web.public import Problem
from desk.web.staff import session
from desk.web.staff.desk import Desk
from desk.web.staff.route import READ, WRITE, Route


def overview(desk: Desk) -> Response:
    with desk.office() as office:
        return desk.page("reports", mailings=mailings.listed(office))


def one(desk: Desk, name: str, problems: tuple[Problem, ...] = (), status: int = 200) -> Response:
    with desk.office() as office:
        found = _found(office, name)
        with db.reading(office.engine) as connection:
            standing = mailings.standing(connection, found)
        shown = values(office, found, reported(office, found))
        return desk.page(
            "mailing", "report", status=status, standing=standing, sending=found, problems=problems, **shown
        )


def _found(office: Office, name: str) -> Sending:
    with db.reading(office.engine) as connection:
        return books.mailing(connection, name) or abort(404)


def act(desk: Desk, name: str) -> Response:
    what = request.form.get("what", "")
    if what not in mailings.ACTS:
        abort(400)
    with desk.office() as office:
        found = _found(office, name)
        try:
            with db.writing(office.engine) as connection:
                mailings.act(connection, office, found, what)
                desk.record(f"mailing-{what}", about=name, connection=connection)
        except DeliveryError:
            return one(desk, name, (Problem("acts", "mailing-over"),), 409)
    return desk.go("report", name=name, done=f"mailing-{what}")


def shelf(desk: Desk, name: str, shelf: str) -> Response:
    if shelf not in mailings.SHELVES:
        abort(404)
    with desk.office() as office:
        found = _found(office, name)
        fates = mailings.shelf(office, found, shelf)
        shown = values(office, found, reported(office, found))
        return desk.page("shelf", f"shelf-{shelf}", shelf=shelf, fates=fates, sending=found, **shown)


def decide(desk: Desk, name: str, shelf: str) -> Response:
    """Readers are named by their number in the record."""
    what, reader = request.form.get("what", ""), request.form.get("reader", "")
    if what not in ("again", "have") or shelf not in mailings.SHELVES:
        abort(400)
    with desk.office() as office:
        found = _found(office, name)
        with db.writing(office.engine) as connection:
            mailings.decide(connection, office, found, reader, what)
            desk.record(f"letter-{what}", about=name, connection=connection, reader=reader)
    return desk.go("shelf", name=name, shelf=shelf, done=f"letter-{what}")


def people(desk: Desk, name: str) -> Response:
    """Every recipient by name, as a file for a spreadsheet."""
    with desk.office() as office:
        found = _found(office, name)
        with db.reading(office.engine) as connection:
            sheet = "".join(report.as_csv(books.fates(connection, found.id)))
    desk.record("report-downloaded", about=name)
    response = Response(sheet, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{found.name}.csv"'
    return response


def send(desk: Desk) -> Response:
    """What waits for a sender's word: what is under way, what was set aside, and what could leave."""
    with desk.office() as office:
        every = mailings.listed(office)
        names = {each.sending.name for each in every}
        ready = [
            edition
            for edition in office.press.content.editions
            if edition.day >= desk.today and f"{edition.bulletin}-{edition.day}" not in names
        ]
        return desk.page(
            "send",
            live=[each for each in every if each.sending.finished_at is None and each.sending.control != "cancelled"],
            aside=[each for each in every if each.counts.in_doubt or each.counts.failed],
            ready=sorted(ready, key=lambda edition: edition.day),
            may_send=session.may("sender"),
        )


ROUTES = (
    Route("/desk/reports", "reports", overview, READ, "writer"),
    Route("/desk/reports/<name>", "report", one, READ, "writer"),
    Route("/desk/reports/<name>/act", "mailing-act", act, WRITE, "sender"),
    Route("/desk/reports/<name>/recipients.csv", "report-people", people, READ, "sender"),
    Route("/desk/reports/<name>/<shelf>", "shelf", shelf, READ, "sender"),
    Route("/desk/reports/<name>/<shelf>/decide", "shelf-decide", decide, WRITE, "sender"),
    Route("/desk/send", "send", send, READ, "sender"),
)
