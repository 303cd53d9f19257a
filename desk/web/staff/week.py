"""The week at a glance: the first page of everybody's day."""

from __future__ import annotations

from datetime import date, datetime

from flask import Response

from desk.staff.model import Staff
from desk.web.staff import session
from desk.web.staff.desk import Desk
from desk.web.staff.route import READ, Route
from desk.week.glance import Task, week


def this_week(desk: Desk) -> Response:
    who = session.staff()
    with desk.office() as office:
        found = week(office)
        return desk.page(
            "week",
            week=found,
            mine=[task for task in found.tasks if is_mine(task, who)],
            others=[task for task in found.tasks if not is_mine(task, who)],
            routes=desk.routes,
            days_to=lambda moment: days_to(moment, desk),
        )


def is_mine(task: Task, who: Staff) -> bool:
    """What one can do oneself. An administrator looks after people and settings, and sees the rest as anybody's."""
    return who.may(task.role)


def days_to(moment: datetime | date, desk: Desk) -> int:
    """Days from today, on the publisher's calendar; less than 0: past."""
    day = moment.astimezone(desk.house.calendar.zone).date() if isinstance(moment, datetime) else moment
    return (day - desk.today).days


ROUTES = (Route("/desk", "week", this_week, READ, "writer"),)
