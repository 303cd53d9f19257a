"""`make serve`: a house in the middle of a week, with staff of all four roles, readers, and an edition that went out yesterday."""

from __future__ import annotations

import re
import shutil
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path

import click

import db
from builder.model import BuilderError
from db.schema.delivery import mailing, recipient
from delivery.letter.verp import Named
from delivery.returning.bounces import Report
from desk import rounds
from desk.building import chosen_editions
from desk.goodnews import demo
from desk.goodnews.acts import receive_form
from desk.goodnews.newsroom import open_newsroom
from desk.mailing import planning
from desk.mailing.office import Office, open_office
from desk.readers.importing import apply_import, staged_import
from desk.readers.register import Register
from desk.settings import Settings, load
from desk.staff import entrance, record, store
from desk.staff.model import ROLES
from goodnews.form import Filled
from subscribers import acts
from subscribers.address import parse
from subscribers.model import Choices, Proof

ROOT = Path(__file__).parents[2]
PORT = 8010
NOW = "2025-01-15T10:30"  # a Wednesday: an edition went out yesterday, copy for the next one closes tomorrow
SENT = date(2025, 1, 14)
NAMES = {"writer": "Wren Asher", "editor": "Eden Marsh", "sender": "Sandy Fenn", "administrator": "Ada Broad"}
PLACES = ("ashfield", "beeston", "cawston", "drayton", "elmswell", "fakenham", "gresham", "hingham")
WHO = {
    "head": ("head", "primary"),
    "senco": ("senco", "primary", "secondary"),
    "office": ("office",),
    "governor": ("governor", "teacher"),
}
COMING = "2025-01-21"
# One item that nobody has finished, one with a slip in it: 29 January 2025 is a Wednesday.
BEING_WRITTEN = {
    "cycle-training.md": """---
title: Cycle training for Year 6
audience: primary
summary: Free Bikeability places for the spring and summer terms.
draft: yes
---
Places are free. More from the road safety team on Wednesday.
""",
    "governor-briefing.md": """---
title: Briefing for chairs of governors
kind: event
audience: governor
summary: An evening about budgets and admissions, at County Hall.
starts: Tuesday 29 January 2025, 6pm
ends: Tuesday 29 January 2025, 7.30pm
venue: County Hall, Norwich
book: governors@norfolk.example
---
The evening is for chairs and vice-chairs. Bring your questions about next year's budget.
""",
}
WAITING_STORIES = (
    Filled(
        school="Example High School",
        title="Robotics team goes to the regional final",
        summary="Six pupils and one robot travel to the final in March.",
        text="The team won the county round in December. They practise on Thursdays after school.",
        name="Example Teacher",
        role="Teacher",
        address="teacher@example-high.example",
    ),
)
PARENT = ("parent@family.example", "Example Parent", ("parents-carers", "primary"))
OLD_LIST = """email,name,status
head@ashfield.example,Ashfield head,active
clerk@ketteringham.example,Clerk,active
nursery@lyng.example,Lyng nursery,active
trustee@martham.example,Trustee,unsubscribed
it@narborough.example,IT desk,snoozed
not an address,Somebody,active
"""


def make_house(folder: Path, url: str) -> Settings:
    """A copy of the shipped house, so that whatever is pressed there, nothing of it ends in the repository."""
    folder.mkdir(parents=True)
    shutil.copytree(ROOT / "content", folder / "content")
    written = (ROOT / "bulletin.toml").read_text("utf-8")
    (folder / "bulletin.toml").write_text(
        f'{written}\n[goodnews]\nmailbox = "{demo.MAILBOX}"\n\n[delivery]\napproval = true\n', "utf-8"
    )
    for name, text in BEING_WRITTEN.items():
        (folder / "content" / "weekly" / COMING / name).write_text(text, "utf-8")
    return settings_of(folder, url)


def settings_of(folder: Path, url: str) -> Settings:
    """Its links lead to this server, whatever port it has today."""
    file = folder / "bulletin.toml"
    file.write_text(re.sub(r'^url = "[^"]*"', f'url = "{url}"', file.read_text("utf-8"), count=1, flags=re.M), "utf-8")
    return load(folder)


def fill(settings: Settings, now: datetime) -> None:
    """Everything that a desk shows in the middle of a week."""
    before = datetime(2025, 1, 6, 9, tzinfo=UTC)
    with open_office(settings, now.replace(day=14, hour=9, minute=5)) as office:
        staff(office.register, before)
        readers(office.register, before)
        old_list(office.register, settings.root / "var" / "old-list.csv", before + timedelta(hours=2))
        send_last_edition(office)
        happen(office, now)
        stories(office, now - timedelta(hours=1))


def staff(register: Register, now: datetime) -> None:
    with db.writing(register.engine) as connection:
        for role in ROLES:
            who = store.add(connection, parse(f"{role}@norfolk.example"), role, now, name=NAMES[role])
            record.record(connection, "console:demo", "staff-added", now, about=who.address, role=role)


def readers(register: Register, now: datetime) -> None:
    """Each place's head, SENCO, office and governor; a parent; a few of everything that can become of a reader."""
    bases, proof = register.bases, Proof(now, "sign-up form", wording="2025-01")
    with db.writing(register.engine) as connection:
        for place, (who, tags) in product(PLACES, WHO.items()):
            choices, name = Choices(frozenset(tags)), f"{place.title()} {who}"
            address = parse(f"{who}@{place}.example")
            acts.add(connection, register.keys, address, "weekly", choices, bases, proof, name=name)
            if who == "senco":
                acts.add(connection, register.keys, address, "send", Choices(), bases, proof)
        parent, name, tags = PARENT
        chosen = Choices(frozenset(tags))
        acts.add(connection, register.keys, parse(parent), "weekly", chosen, bases, proof, name=name)
        some = {place: acts.found(connection, f"office@{place}.example").id for place in PLACES}
        until, today = date(2025, 2, 24), date(2025, 1, 6)
        acts.pause(connection, register.keys, some["drayton"], None, until, today, proof)
        acts.leave(connection, register.keys, some["hingham"], None, "unsubscribed", proof)
        acts.say_why(connection, some["hingham"], None, "I have left the school.", proof)
        acts.change(connection, register.keys, some["cawston"], "weekly", Choices(amount="everything"), proof)


def old_list(register: Register, file: Path, now: datetime) -> None:
    """One old list, merged; one of its rows waits for a person."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(OLD_LIST, "utf-8")
    with staged_import(register, [file], source="ecourier", bulletin="weekly", maps=()) as (staged, plan):
        proof = Proof(now, "import", actor="staff:sender@norfolk.example", source="ecourier")
        apply_import(register, staged, plan, proof)


def stories(office: Office, now: datetime) -> None:
    """Two by the form, one by mail that is not complete, one that a feed suggests; nobody has said yes or no yet."""
    room = open_newsroom(office.register, lambda: now)
    demo.fill(room)
    for number, filled in enumerate(WAITING_STORIES):
        receive_form(room, filled, f"demo {number}", write_back=False)


def send_last_edition(office: Office) -> None:
    """Approved, published, frozen and posted into the folder, as it is done for real."""
    (edition,) = chosen_editions(office.press, "weekly", SENT)
    planning.approve(office, edition)
    rounds.post(office, edition)
    with db.writing(office.engine) as connection:  # deliveries go by the real clock
        connection.execute(mailing.update().values(finished_at=office.now))
        connection.execute(recipient.update().values(since=office.now, at=office.now))


def happen(office: Office, now: datetime) -> None:
    """One mailbox was full, one is gone."""
    with db.reading(office.engine) as connection:
        gone, full = (acts.found(connection, f"governor@{place}.example") for place in ("elmswell", "gresham"))
    name = f"weekly-{SENT}"
    reports = [
        Report("hard", Named(name, str(gone.id)), gone.address, "5.1.1", "550 5.1.1 No such user here"),
        Report("soft", Named(name, str(full.id)), full.address, "4.2.2", "452 4.2.2 Mailbox full"),
    ]
    rounds.take_outcomes(office.engine, office.register.keys, reports, now)


def links(settings: Settings, now: datetime) -> dict[str, str]:
    """A sign-in link for each role, good for LINK_LIFE."""
    engine = db.open_database("sqlite:///var/bulletin.db", root=settings.root)
    with closing(engine.raw_connection()), db.writing(engine) as connection:
        found = {role: store.by_key(connection, f"{role}@norfolk.example") for role in ROLES}
        made = {role: entrance.make_link(connection, who, now) for role, who in found.items() if who}
    engine.dispose()
    return {role: f"{settings.house.publisher.url}/desk/sign-in/{token}" for role, token in made.items()}


@click.command()
@click.option("--port", default=PORT, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), default=ROOT / "var" / "demo", show_default=True)
@click.option("--only-fill", is_flag=True, help="Make the house and end.")
def main(port: int, folder: Path, only_fill: bool) -> None:
    """Open a desk with a living week in it. Delete the folder to begin anew."""
    from desk.commands.common import moment
    from desk.web.serving import serve

    url = f"http://127.0.0.1:{port}"
    settings = settings_of(folder, url) if folder.exists() else None
    fresh = settings is None
    settings = settings or make_house(folder, url)
    now = moment(NOW, settings)
    if fresh:
        click.echo("Filling a house with a living week …")
        try:
            fill(settings, now)
        except BuilderError as error:
            raise click.ClickException(str(error)) from error

    if only_fill:
        return

    def ready() -> None:
        click.echo(f"\nIt is {now:%A %d %B %Y, %H:%M} there. Sign in, within 15 minutes, as")
        for role, link in links(settings, now + timedelta(minutes=1)).items():
            click.echo(f"  {role:14} {link}")
        click.echo(f"\nThe public pages: {url}/   Letters: {folder}/var/outbox   Another link:")
        click.echo(f"  bulletin -C {folder} staff link sender@norfolk.example")
        click.echo(f"Delete {folder} to begin anew. Ctrl-C ends it.")

    serve(settings, "127.0.0.1", port, now, ready)


if __name__ == "__main__":
    main()
