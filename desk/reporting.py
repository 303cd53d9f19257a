"""A mailing → its report: a page with a chart, a CSV of every recipient, numbers for machines. Nobody is watched."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from markupsafe import Markup
from sqlalchemy import Connection, func, select

import db
from builder.templates import environment
from db.schema.delivery import letter
from db.schema.subscribers import subscription
from delivery import books, report
from delivery.books import Sending
from desk.house import template_folders
from desk.office import Office

TEMPLATE = "desk/report.html"
AFTERWARDS = timedelta(days=7)  # who leaves later leaves because of a later edition


@dataclass(frozen=True, slots=True)
class Reported:
    """`left`: how many unsubscribed from the freeze until the next edition, a week at most."""

    report: report.Report
    letters: int
    left: int

    def as_dict(self) -> dict[str, Any]:
        return {**self.report.as_dict(), "letters": self.letters, "unsubscribed": report.hidden(self.left)}


def reported(office: Office, sending: Sending) -> Reported:
    with db.reading(office.engine) as connection:
        letters = select(func.count()).select_from(letter).where(letter.c.mailing_id == sending.id)
        number = int(connection.execute(letters).scalar_one())
        return Reported(report.of(connection, sending), number, _left(connection, sending))


def _left(connection: Connection, sending: Sending) -> int:
    later = [
        each.frozen_at
        for each in books.mailings(connection)
        if each.bulletin == sending.bulletin and each.frozen_at > sending.frozen_at
    ]
    until = min([*later, sending.frozen_at + AFTERWARDS])
    query = select(func.count()).where(
        subscription.c.bulletin == sending.bulletin,
        subscription.c.ended_reason == "unsubscribed",
        subscription.c.ended_at >= sending.frozen_at,
        subscription.c.ended_at < until,
    )
    return int(connection.execute(query).scalar_one())


def write_report(office: Office, sending: Sending, found: Reported) -> tuple[Path, Path]:
    """The page and the CSV, in var/reports; both hold personal data or may, so they are for this user only."""
    folder = office.register.reports
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    page, sheet = folder / f"{sending.name}.html", folder / f"{sending.name}.csv"
    with _private(page) as file:
        file.write(as_page(office, sending, found))
    with _private(sheet) as file, db.reading(office.engine) as connection:
        file.writelines(report.as_csv(books.fates(connection, sending.id)))
    return page, sheet


def _private(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline="")


def as_page(office: Office, sending: Sending, found: Reported) -> str:
    counts = found.report.counts

    def draw(names: dict[str, str], title: str) -> Markup:
        return Markup(report.chart(counts, names, title=title))  # every text in it was escaped by whoever drew it

    bulletin = office.press.house.bulletins.get(sending.bulletin)
    name = bulletin.name if bulletin else sending.bulletin
    found_template = environment(template_folders(office.register.settings), None).get_template(TEMPLATE)
    return found_template.render(name=name, sending=sending, numbers=found.as_dict(), draw=draw)
