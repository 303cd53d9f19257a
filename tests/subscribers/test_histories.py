"""A "no" survives any order, repetition and mix of imports, merges, undo and re-runs (promise 3, C5)."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

import db
from db.schema import metadata
from subscribers import acts, choices, imports
from subscribers.model import SubscribersError
from tests.databases import open_migrated
from tests.subscribers.conftest import BASES, KEYS, TAGS, Room

PEOPLE = ("a@x.org", "b@x.org", "c@x.org")
WORDS = ("subscribed", "unsubscribed", "cleaned", "perhaps", "")
SPELLINGS = (str.lower, str.upper, str.title)

row = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(WORDS), st.sampled_from(SPELLINGS))
step = st.one_of(
    st.tuples(st.just("import"), st.lists(row, min_size=1, max_size=4), st.sampled_from(["together", "ecourier"]), st.sampled_from(list(BASES))),
    st.tuples(st.just("again"), st.integers(0, 5)),
    st.tuples(st.just("undo"), st.integers(0, 5)),
    st.tuples(st.just("leave"), st.sampled_from(PEOPLE), st.sampled_from([*BASES, None])),
    st.tuples(st.just("sign up"), st.sampled_from(PEOPLE), st.sampled_from(list(BASES))),
    st.tuples(st.just("decide"), st.booleans()),
    st.tuples(st.just("erase"), st.sampled_from(PEOPLE)),
)  # fmt: skip


class History:
    """Plays steps on the real room, and beside it keeps in the simplest way who has said no to what."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.noes: set[tuple[str, str]] = set()
        self.files: list[tuple[str, str, str]] = []
        self.numbers: list[int] = []

    def play(self, step: Any) -> None:
        getattr(self, "do_" + step[0].replace(" ", "_"))(*step[1:])

    def do_import(self, rows: list[Any], source: str, bulletin: str) -> None:
        lines = "Email,Status\n" + "".join(f"{spell(who)},{word}\n" for who, word, spell in rows)
        self.files.append((lines, source, bulletin))
        self.take(lines, source, bulletin)

    def take(self, lines: str, source: str, bulletin: str) -> None:
        self.room.take(lines, source=source, bulletin=bulletin)
        self.numbers.append(self.room.number)
        for line in lines.splitlines()[1:]:
            who, word = line.lower().split(",")
            if word == "unsubscribed":
                self.noes.add((who, bulletin))
            elif word == "cleaned":
                self.noes |= {(who, each) for each in BASES}

    def do_again(self, which: int) -> None:
        if self.files:
            self.take(*self.files[which % len(self.files)])

    def do_undo(self, which: int) -> None:
        if self.numbers:
            try:
                self.room.undo(self.numbers[which % len(self.numbers)])
            except SubscribersError as error:
                assert "was undone" in str(error)

    def do_leave(self, who: str, bulletin: str | None) -> None:
        if self.room.person(who):
            self.room.leave(who, bulletin)
            self.noes |= {(who, each) for each in BASES if bulletin in (None, each)}

    def do_sign_up(self, who: str, bulletin: str) -> None:
        from tests.subscribers.test_requests import signed_up

        self.room.now = self.room.now.replace(year=self.room.now.year + 1)  # past the limit of letters a day
        signed_up(self.room, who, bulletin)
        self.noes.discard((who, bulletin))

    def do_decide(self, accept: bool) -> None:
        from db.schema.subscribers import held

        with db.reading(self.room.engine) as connection:
            rows = connection.execute(held.select().where(held.c.decided_at.is_(None)).order_by(held.c.id)).all()
        for waiting in rows[:1]:
            try:
                with self.room.writing() as connection:
                    acts.decide_held(
                        connection, KEYS, waiting.id, BASES, self.room.proof("desk", "office"), accept=accept
                    )
            except SubscribersError as error:
                assert "has said no" in str(error)
            if not accept:
                self.noes.add((waiting.address_key, waiting.bulletin))

    def do_erase(self, who: str) -> None:
        from subscribers import rights
        from subscribers.address import parse

        with self.room.writing() as connection:
            rights.erase(connection, KEYS, parse(who), self.room.proof())
        self.noes |= {(who, each) for each in BASES}

    def check(self) -> None:
        against = [(who, bulletin) for who, bulletin in self.noes if self.room.reads(who, bulletin)]
        assert not against


def played(room: Room, steps: list[Any]) -> None:
    history = History(room)
    for each in steps:
        history.play(each)
        history.check()


@given(steps=st.lists(step, min_size=1, max_size=9))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_no_survives_any_history(steps: list[Any]) -> None:
    with TemporaryDirectory() as folder:
        engine = open_migrated(Path(folder) / "bulletin.db")
        with db.writing(engine) as connection:
            choices.allot(connection, TAGS)
        played(Room(engine, Path(folder)), steps)
        engine.dispose()


@given(steps=st.lists(step, min_size=1, max_size=7))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
def test_a_no_survives_any_history_on_postgresql_too(room: Room, steps: list[Any]) -> None:
    if room.engine.dialect.name == "sqlite":
        return  # played above, each time from an empty database
    with db.writing(room.engine) as connection:
        tables = ", ".join(table.name for table in metadata.sorted_tables if table.name != "audience_tag")
        connection.execute(text(f"TRUNCATE {tables}"))
    with TemporaryDirectory() as folder:
        played(Room(room.engine, Path(folder)), steps)


def test_the_property_notices_an_import_that_forgets_a_no(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the rule that it stands on, the history above fails."""
    from dataclasses import replace

    from subscribers.imports import planning

    known = planning._known
    monkeypatch.setattr(planning, "_known", lambda row: replace(known(row), suppressed=False))
    steps = [("import", [("a@x.org", word, str.lower)], source, "weekly") for word, source in
             (("unsubscribed", "together"), ("subscribed", "ecourier"))]  # fmt: skip
    with pytest.raises(AssertionError):
        played(room, steps)
    assert imports
