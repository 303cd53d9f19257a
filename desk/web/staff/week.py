"""The week at a glance."""

from __future__ import annotations

from flask import Response

from desk.web.staff.desk import Desk
from desk.web.staff.route import READ, Route


def week(desk: Desk) -> Response:
    return desk.page("week")


ROUTES = (Route("/desk", "week", week, READ, "writer"),)
