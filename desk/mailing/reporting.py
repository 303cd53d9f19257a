"""A mailing → its report: a page with charts, a CSV of every recipient, numbers for machines. Nobody is watched."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

import db
from builder.dates import say, say_clock
from builder.templates import environment
from db.schema.delivery import letter
from delivery import farewells, report, useful
from delivery.ledger import books
from delivery.ledger.books import Sending
from desk.house import template_folders
from desk.mailing.office import Office

TEMPLATE = "desk/report.html"


@dataclass(frozen=True, slots=True)
class Answered:
    """What readers said of one item. `title`: its slug, when the item has gone."""

    slug: str
    title: str
    yes: int
    no: int

    def as_dict(self) -> dict[str, Any]:
        """Both are hidden while the two together could point at a person (C14)."""
        few = report.hidden(self.yes + self.no) is None
        yes, no = (None, None) if few else (report.hidden(self.yes), report.hidden(self.no))
        return {"item": self.slug, "title": self.title, "yes": yes, "no": no}


@dataclass(frozen=True, slots=True)
class Reported:
    """`left`: how many unsubscribed from the freeze until the next edition, a week at most."""

    report: report.Report
    letters: int
    left: int
    answers: tuple[Answered, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {
            **self.report.as_dict(),
            "letters": self.letters,
            "unsubscribed": report.hidden(self.left),
            "useful": [one.as_dict() for one in self.answers],
        }


def reported(office: Office, sending: Sending) -> Reported:
    with db.reading(office.engine) as connection:
        letters = select(func.count()).select_from(letter).where(letter.c.mailing_id == sending.id)
        number = int(connection.execute(letters).scalar_one())
        left = farewells.of(connection, sending.id)
        return Reported(report.of(connection, sending), number, left, _answers(connection, office, sending))


def _answers(connection: Connection, office: Office, sending: Sending) -> tuple[Answered, ...]:
    """In the order of the edition; what is no longer in it comes last."""
    if sending.kind != "edition":
        return ()
    given = useful.totals(connection, sending.bulletin, sending.edition)
    edition = office.press.content.edition(sending.bulletin, date.fromisoformat(sending.edition)) if given else None
    titles = {item.slug: item.title for item in office.press.items(edition)} if edition else {}
    order = [*(slug for slug in titles if slug in given), *(slug for slug in given if slug not in titles)]
    return tuple(Answered(slug, titles.get(slug, slug), *given[slug]) for slug in order)


def write_report(office: Office, sending: Sending, found: Reported) -> tuple[Path, Path, Path]:
    """The page, and as CSV every recipient and every item's answers, in var/reports; they name people, so for this user only."""
    folder = office.register.reports
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    page, people, items = (folder / f"{sending.name}{end}" for end in (".html", ".csv", "-useful.csv"))
    with _private(page) as file:
        file.write(as_page(office, sending, found))
    with _private(people) as file, db.reading(office.engine) as connection:
        file.writelines(report.as_csv(books.fates(connection, sending.id)))
    with _private(items) as file:
        file.writelines(answers_as_csv(found))
    return page, people, items


def answers_as_csv(found: Reported) -> list[str]:
    rows = [one.as_dict() for one in found.answers]
    columns = ("item", "title", "yes", "no")
    return [report.line(columns), *(report.line([report.cell(row[name]) for name in columns]) for row in rows)]


def _private(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline="")


def as_page(office: Office, sending: Sending, found: Reported) -> str:
    template = environment(template_folders(office.register.settings), None).get_template(TEMPLATE)
    return template.render(sending=sending, **values(office, sending, found))


def values(office: Office, sending: Sending, found: Reported) -> dict[str, Any]:
    """What a page of the report shows, in a file or at the desk."""
    bulletin = office.press.house.bulletins.get(sending.bulletin)
    return {
        "name": bulletin.name if bulletin else sending.bulletin,
        "day": say(date.fromisoformat(sending.edition)),
        "about": _about(office, sending),
        "frozen": _spoken(office, sending.frozen_at),
        "finished": _spoken(office, sending.finished_at) if sending.finished_at else "",
        "numbers": found.as_dict(),
        "widths": report.widths(found.report.counts),
    }


def _about(office: Office, sending: Sending) -> str:
    """The title of the one item that this mailing is about; nothing for an edition, and for an item that has gone."""
    from desk.mailing.at_once import kind_of

    edition = office.press.content.edition(sending.bulletin, date.fromisoformat(sending.edition))
    items = edition.items if edition and sending.kind != "edition" else ()
    return next((item.title for item in items if kind_of(item.slug) == sending.kind), "")


def _spoken(office: Office, moment: datetime) -> str:
    there = moment.astimezone(office.press.house.calendar.zone)
    return f"{say(there.date())}, {say_clock(there.time())}"
