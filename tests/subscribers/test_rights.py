"""See everything, take it along, be erased to the last byte; and what is forgotten by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, NullPool, create_engine

import db
from subscribers import retention, rights, store
from subscribers.address import parse
from subscribers.model import SubscribersError
from subscribers.retention import Retention
from tests.subscribers.conftest import KEYS, Room
from tests.subscribers.test_requests import asked, confirmed, moving, signed_up

SECRET = "penelope.featherstonehaugh@rare-domain.org"


def everywhere(room: Room) -> None:
    """The person is in every table that can hold a person."""
    room.take(f"Email,Name,Status\n{SECRET},Penelope Featherstonehaugh,subscribed\nothers@x.org,Others,perhaps\n")
    room.take(f"Email,Status\n{SECRET},perhaps\n", bulletin="send")
    asked(room, SECRET, "send")
    moving(room, SECRET, "new@x.org")
    room.take("Email\n" + "".join(f"r{number}@x.org\n" for number in range(300)))


def test_all_that_is_held_is_shown(room: Room) -> None:
    everywhere(room)
    room.leave(SECRET)
    seen = room.look(rights.everything, KEYS, parse(SECRET.upper()))
    assert seen["subscriber"]["name"] == "Penelope Featherstonehaugh"
    assert [held["ended_reason"] for held in seen["subscriptions"]] == ["unsubscribed"]
    assert [event["what"] for event in seen["history"]] == ["imported", "ended"]
    assert [each["kind"] for each in seen["requests"]] == ["subscribe", "change-address"]
    assert [each["why"] for each in seen["waiting_for_a_decision"]] == ['status "perhaps"']
    assert [(no["bulletin"], no["reason"]) for no in seen["refusals"]] == [("weekly", "unsubscribed")]


def test_of_a_stranger_nothing_is_shown(room: Room) -> None:
    seen = room.look(rights.everything, KEYS, parse(SECRET))
    assert seen == {
        "address": SECRET, "subscriber": None, "subscriptions": [], "history": [], "requests": [],
        "waiting_for_a_decision": [], "refusals": [],
    }  # fmt: skip


def erase(room: Room, address: str) -> rights.Erased:
    with room.writing() as connection:
        return rights.erase(connection, KEYS, parse(address), room.proof())


def test_erased_means_not_one_byte_in_any_file_of_the_database(room: Room) -> None:
    everywhere(room)
    files = database_files(room)
    assert traces(files()), "the control: before, the address is in the files"
    assert erase(room, SECRET).found
    rights.scrub(room.engine, "recipient", "came_back")
    assert traces(files()) == []
    assert room.reads("r7@x.org")


@pytest.fixture
def another_database(room: Room) -> Iterator[Connection]:
    """A transaction under way in another database of the same PostgreSQL server."""
    engine = create_engine(room.engine.url.set(database="postgres"), poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT pg_current_xact_id()")
        yield connection


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_neighbour_on_the_server_is_waited_for_or_told_of(
    room: Room, another_database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    everywhere(room)
    erase(room, SECRET)
    monkeypatch.setattr(rights, "WAIT_SECONDS", 0.4)
    with pytest.raises(SubscribersError, match="Run this again"):
        rights.scrub(room.engine)
    another_database.rollback()
    rights.scrub(room.engine)
    assert traces(database_files(room)()) == []


def database_files(room: Room):  # type: ignore[no-untyped-def]
    """What yields the database's files: on SQLite with the log, on PostgreSQL without the server's own."""
    if room.engine.dialect.name == "sqlite":
        folder = Path(room.engine.url.database or "").parent
        return lambda: [path for path in folder.glob("bulletin.db*") if path.is_file()]
    with room.engine.connect() as connection:
        number = connection.exec_driver_sql("SELECT oid FROM pg_database WHERE datname = current_database()").scalar()
        folder = Path(str(connection.exec_driver_sql("SHOW data_directory").scalar()))

    def flushed() -> list[Path]:
        with room.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("CHECKPOINT")
        return [path for path in (folder / "base" / str(number)).iterdir() if path.is_file()]

    return flushed


def traces(files: list[Path]) -> list[str]:
    return [
        path.name
        for path in files
        if any(word in path.read_bytes().lower() for word in (b"featherstone", b"rare-domain"))
    ]


def test_who_was_erased_is_not_brought_back_by_an_old_list(room: Room) -> None:
    room.add(SECRET)
    erase(room, SECRET)
    assert room.take(f"Email\n{SECRET}\n") == {"suppressed": 1}
    assert room.person(SECRET) is None


def test_who_was_erased_can_sign_up_again(room: Room) -> None:
    room.add(SECRET)
    erase(room, SECRET)
    signed_up(room, SECRET)
    assert room.reads(SECRET)


def test_erasing_a_stranger_is_no_error(room: Room) -> None:
    assert erase(room, SECRET) == rights.Erased(found=False, numbers=())


def test_erasing_tells_every_number_that_the_person_had(room: Room) -> None:
    old = room.add("old@x.org")
    new = room.add("new@x.org")
    for token in moving(room, "old@x.org", "new@x.org"):
        confirmed(room, token)
    assert erase(room, "new@x.org").numbers == (new.id, old.id)
    assert room.look(store.by_id, old.id) is None


def forget(room: Room, **days: int) -> retention.Forgotten:
    with room.writing() as connection:
        return retention.run(connection, Retention(**days), room.now)


def test_a_request_that_nobody_confirmed_is_forgotten_after_its_week(room: Room) -> None:
    asked(room, SECRET)
    assert forget(room).requests == 0
    room.now += timedelta(days=8)
    assert forget(room).requests == 1
    assert room.look(rights.everything, KEYS, parse(SECRET))["requests"] == []


def test_held_rows_that_nobody_decided_are_forgotten(room: Room) -> None:
    room.take("Email,Status\na@x.org,perhaps\n")
    room.now += timedelta(days=89)
    assert forget(room).held == 0
    room.now += timedelta(days=2)
    assert forget(room).held == 1


def test_who_left_long_ago_is_forgotten_and_the_no_is_not(room: Room) -> None:
    room.add("gone@x.org")
    room.leave("gone@x.org")
    room.add("here@x.org")
    room.now += timedelta(days=729)
    assert forget(room).people == 0
    room.now += timedelta(days=2)
    assert forget(room).people == 1
    assert room.person("gone@x.org") is None
    assert room.reads("here@x.org")
    assert room.take("Email\ngone@x.org\n") == {"suppressed": 1}
    assert room.look(retention.last_run) is not None


def test_the_history_of_who_reads_is_never_forgotten(room: Room) -> None:
    room.add("here@x.org")
    room.now += timedelta(days=5000)
    assert forget(room).people == 0
    assert room.events("here@x.org") == ["began"]


def test_a_scrub_that_others_hinder_says_so(room: Room) -> None:
    if room.engine.dialect.name != "sqlite":
        return  # PostgreSQL waits for the others by itself
    room.add(SECRET)
    other = db.open_database(str(room.engine.url))
    with db.reading(other) as connection:
        connection.exec_driver_sql("SELECT * FROM subscriber").fetchone()
        impatient = db.open_database(str(room.engine.url), busy_seconds=0.1)
        with pytest.raises(Exception, match=r"in use|using the database|locked"):
            rights.scrub(impatient)
    other.dispose()
    impatient.dispose()
