"""Before an edition leaves: who would get what, what is in the way, a test letter, its moment, and sending it now."""

from __future__ import annotations

from datetime import date

from flask import Response, abort, request

from builder.kinds import Action
from builder.model import BuilderError, Edition
from delivery.model import DeliveryError
from desk.mailing import mailings, planning, sending, whom
from desk.mailing.office import CannotSend, Office
from desk.mailing.planning import Row
from desk.mailing.testing import post_test
from desk.settings import SettingsError
from desk.web.forms import read_address
from desk.web.public import Problem
from desk.web.staff import session
from desk.web.staff.desk import Desk
from desk.web.staff.editions.form import Problems, Told
from desk.web.staff.route import BOTH, READ, Route

STEPS = ("test", "plan", "unplan", "now")


def edition(desk: Desk, bulletin: str, day: str) -> Response:
    with desk.office() as office:
        found = edition_of(office, bulletin, day)
        before = sending.sent_before(office, found)
        if before:
            return desk.go("report", name=before.name)
        if request.method != "POST":
            return _page(desk, office, found)
        what = request.form.get("step", "")
        if what not in STEPS:
            abort(400)
        problems = _do(desk, office, found, what)
        if problems:
            return _page(desk, office, found, problems)
    return desk.go("send-edition", bulletin=bulletin, day=day, done=f"send-{what}")


def edition_of(office: Office, bulletin: str, day: str) -> Edition:
    try:
        found = office.press.content.edition(bulletin, date.fromisoformat(day))
    except ValueError:
        found = None
    return found or abort(404)


def _page(desk: Desk, office: Office, found: Edition, problems: Problems = ()) -> Response:
    notes, obstacles = sending.in_the_way(office, found)
    return desk.page(
        "send-edition",
        status=422 if problems else 200,
        edition=found,
        name=office.press.house.bulletins[found.bulletin].name,
        plan=sending.plan(office, found),
        early=bool(notes),
        findings=[finding for obstacle in obstacles for finding in obstacle.findings],
        unapproved=any(not obstacle.findings for obstacle in obstacles),
        planned=_planned(office, found),
        sends=office.press.sends(found),
        transport=office.delivering.transport,
        typed=request.form.get("address", session.staff().address),
        at=request.form.get("at", ""),
        number=request.form.get("number", ""),
        actions=[item for item in found.items if isinstance(item.details, Action)],
        problems=problems,
    )


def readers(desk: Desk, bulletin: str, day: str, which: str) -> Response:
    """Who they are: the readers of one of its letters, or those who get none."""
    with desk.office() as office:
        found = edition_of(office, bulletin, day)
        who = whom.of(office, found, which)
        if who is None:
            abort(404)
        plan = sending.plan(office, found)
        return desk.page(
            "send-readers",
            f"send-readers-{which}" if which in (whom.NOTHING, whom.PAUSED) else "send-readers",
            edition=found,
            name=office.press.house.bulletins[found.bulletin].name,
            which=which,
            whom=who,
            share=next((share for share in plan.shares if share.variant.id == which), None),
            tags=office.press.house.audiences.tags,
        )


def _planned(office: Office, found: Edition) -> Row | None:
    """Its place in the plan, while it has one that still means something."""
    key = (found.bulletin, str(found.day))
    rows = (row for row in planning.listed(office) if (row.planned.bulletin, row.planned.edition) == key)
    return next((row for row in rows if row.state in ("waiting", "missed")), None)


def _do(desk: Desk, office: Office, found: Edition, what: str) -> Problems:
    try:
        match what:
            case "test":
                if problems := _test(office, found):
                    return problems
            case "plan":
                planning.plan(office, found, request.form.get("at", "").strip() or None, desk.proof("planned").actor)
            case "unplan":
                planning.unplan(office, found)
            case "now":
                if not confirmed(sending.plan(office, found).readers):
                    return (Problem("number", "number-wrong"),)
                mailings.send_now(office, found, desk.proof("sent").actor)
    except CannotSend as error:
        return (Told("acts", str(error)), *(Told("acts", str(finding)) for finding in error.findings))
    except (DeliveryError, SettingsError, BuilderError) as error:
        return (Told("acts", str(error)),)
    except ValueError:
        return (Problem("at", "time-wrong"),)
    desk.record(f"send-{what}", about=found.key)
    return ()


def confirmed(readers: int) -> bool:
    """Whoever sends types to how many: nothing leaves by a slip, nor to a list that grew meanwhile."""
    return request.form.get("number", "").replace(",", "").replace(" ", "").strip() == str(readers)


def _test(office: Office, found: Edition) -> Problems:
    address, problems = read_address(request.form.get("address", "").strip()[:320])
    if address is None:
        return problems
    (posted,) = post_test(office, found, None, [address.written])
    said = f"{posted.outcome.code or ''} {posted.outcome.words}".strip()
    return () if posted.outcome.state == "accepted" else (Told("address", f"It was not taken: {said}"),)


ROUTES = (
    Route("/desk/send/<bulletin>/<day>", "send-edition", edition, BOTH, "sender"),
    Route("/desk/send/<bulletin>/<day>/readers/<which>", "send-readers", readers, READ, "sender"),
)
