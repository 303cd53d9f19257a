"""Actions at once: one item by itself, to those who chose that and are meant by it, each once, and never too early."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from desk.mailing.at_once import alone
from desk.mailing.office import open_office
from desk.settings import load
from subscribers import acts
from subscribers.model import Choices, Proof
from tests.desk.sending_house import DAY, NOW, Desk, Inbox, text, titles

ITEM = "spring-school-census"
BEFORE = "2025-01-10T11:00"
READERS = {
    "head@primary.norfolk-schools.co.uk": ("primary,head", True),
    "governor@norfolk-schools.co.uk": ("governor", True),
    "parent@home.co.uk": ("parents-carers,post-16", True),
    "weekly@home.co.uk": ("primary,head", False),
}
SEND = ("send", "weekly", DAY, "--action", ITEM, "--yes", "--now", BEFORE)


@pytest.fixture
def chosen(desk: Desk) -> Desk:
    """Readers, some of whom chose actions at once on their page."""
    desk.subscribe({address: audience for address, (audience, _) in READERS.items()})
    with open_office(load(desk.house, None, desk.environ)) as office, office.engine.begin() as connection:
        for address, (audience, is_at_once) in READERS.items():
            number = acts.found(connection, address).id
            frequency = "actions-at-once" if is_at_once else "weekly"
            wanted = Choices(frozenset(audience.split(",")), "selection", frequency)  # type: ignore[arg-type]
            acts.change(connection, office.register.keys, number, "weekly", wanted, Proof(datetime.now(UTC), "page"))
    return desk


def name(desk: Desk) -> str:
    with open_office(load(desk.house, None, desk.environ), datetime(2025, 1, 10, 11, tzinfo=UTC)) as office:
        edition = next(e for e in office.press.content.of("weekly") if str(e.day) == DAY)
        return alone(office, edition, ITEM).name


def test_an_action_goes_before_its_edition_to_those_who_chose_that_and_are_meant(chosen: Desk, inbox: Inbox) -> None:
    told = chosen.json("send", "weekly", DAY, "--action", ITEM, "--dry-run", "--now", BEFORE)
    assert told["recipients"] == 1 and not inbox.letters
    for _ in range(2):
        chosen.ok(*SEND)
    assert inbox.addresses == ["head@primary.norfolk-schools.co.uk"]
    letter = inbox.letter("head@primary.norfolk-schools.co.uk")
    assert letter["Subject"] == "Action by Friday 17 January 2025: Spring school census: submit your return"
    assert titles(letter) == {"Spring school census: submit your return"}
    assert "you chose to get actions at once" in " ".join(text(letter).split())
    assert f"/items/{ITEM}/" not in text(letter) and "/useful/" not in text(letter)
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert chosen.status(name(chosen))["accepted"] == 1


def test_the_edition_still_goes_to_everybody(chosen: Desk, inbox: Inbox) -> None:
    chosen.ok(*SEND)
    chosen.ok("send", "weekly", DAY, "--yes", "--now", NOW)
    assert sorted(set(inbox.addresses)) == sorted(READERS)
    assert inbox.addresses.count("head@primary.norfolk-schools.co.uk") == 2
    assert ITEM not in chosen.json("report", name(chosen))["useful"]


def test_whoever_left_or_said_no_gets_nothing(chosen: Desk, inbox: Inbox) -> None:
    chosen.ok("suppressions", "add", "head@primary.norfolk-schools.co.uk")
    said = chosen.run(*SEND)
    assert said.exit_code == 1 and "0 readers" in said.stderr
    assert not inbox.letters


def write(desk: Desk, slug: str, lines: str) -> None:
    folder: Path = desk.house / "content" / "weekly" / DAY
    (folder / f"{slug}.md").write_text(f"---\ntitle: A thing to do\nsummary: Do it soon.\n{lines}---\nPlease do it.\n")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("kind: news\n", "Only actions"),
        ("kind: action\naction-by: 17 January 2025\ndraft: yes\n", "a draft"),
        ("kind: action\naction-by: 17 January 2025\nrelease: 2025-01-12 10:00\n", "held back"),
        ("kind: action\naction-by: 9 January 2025\n", "too late"),
        ("kind: action\naction-by: 17 January 2025\nimage: images/x.png\nalt: A field\n", "a picture"),
    ],
)
def test_what_may_not_go_by_itself_is_refused(chosen: Desk, inbox: Inbox, lines: str, words: str) -> None:
    write(chosen, "thing", lines)
    said = chosen.run("send", "weekly", DAY, "--action", "thing", "--yes", "--now", BEFORE)
    assert said.exit_code == 1 and words in said.stderr
    assert not inbox.letters
    assert "Did you mean" in chosen.run("send", "weekly", DAY, "--action", "thin", "--yes", "--now", BEFORE).stderr


def test_an_edit_voids_the_approval_of_one_item(chosen: Desk, inbox: Inbox) -> None:
    needed = {"BULLETIN__DELIVERY__APPROVAL": "true"}
    assert "not approved" in chosen.run(*SEND, **needed).stderr
    chosen.ok("approve", "weekly", DAY, "--action", ITEM, "--now", BEFORE)
    chosen.edit(f"{ITEM}.md")
    assert "not approved" in chosen.run(*SEND, **needed).stderr
    chosen.ok("approve", "weekly", DAY, "--action", ITEM, "--now", BEFORE)
    chosen.ok(*SEND, **needed)
    assert len(inbox.letters) == 1
