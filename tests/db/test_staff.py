"""Staff, sessions, the record and the search for readers, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

import db
from desk.staff import entrance, store
from desk.staff.record import acts, record
from subscribers.address import parse
from subscribers.search import search

NOW = datetime(2025, 1, 15, 9, tzinfo=UTC)


def test_a_link_signs_in_once_and_a_session_lives_and_ends(database: Engine) -> None:
    with db.writing(database) as connection:
        who = store.add(connection, parse("Ada@Norfolk.example"), "administrator", NOW, name="Ada")
        links = [entrance.make_link(connection, who, NOW + timedelta(seconds=n), "/desk") for n in range(12)]
        assert entrance.look(connection, links[0], NOW) is None, "only the newest are kept"
        assert entrance.use_link(connection, links[-1], NOW) == entrance.Arrival(who, "/desk")
        assert entrance.use_link(connection, links[-1], NOW) is None
        token = entrance.begin(connection, who, NOW)
    with db.writing_at_once(database) as connection:
        entrance.note(connection, token, NOW + timedelta(hours=3))
    with db.writing(database) as connection:
        found = entrance.find(connection, token, NOW + timedelta(hours=6))
        assert found and found.staff == who and found.seen_at == NOW + timedelta(hours=3)
        store.enable(connection, who)
        store.add(connection, parse("ben@norfolk.example"), "administrator", NOW)
        store.disable(connection, who, NOW)
        assert entrance.find(connection, token, NOW + timedelta(hours=3)) is None
        assert [each.is_disabled for each in store.listed(connection)] == [False, True]


def test_what_was_done_stays_written(database: Engine) -> None:
    with db.writing(database) as connection:
        for number in range(3):
            record(connection, "staff:ada@norfolk.example", "said", NOW, about=str(number), words="“so”")
    for statement in ("UPDATE act SET what = 'unsaid'", "DELETE FROM act"):
        with pytest.raises(DBAPIError, match="stays written"), db.writing(database) as connection:
            connection.execute(text(statement))
    with db.reading(database) as connection:
        assert [act.about for act in acts(connection)] == ["2", "1", "0"]
        assert [act.about for act in acts(connection, before=2)] == ["0"]
        assert acts(connection)[0].details == {"words": "“so”"}


def test_readers_are_found_by_a_beginning_and_by_any_part_and_by_nothing_that_only_looks_like_a_pattern(
    database: Engine,
) -> None:
    with db.writing(database) as connection:
        for address, name in (("ann@a.example", "Ann"), ("zoe@ann.example", "Zoë"), ("b_b@b.example", "100% Ann")):
            values = {"a": address, "n": name, "at": "2025-01-01 00:00:00+00:00"}
            insert = "INSERT INTO subscriber (address, address_key, name, created_at) VALUES (:a, :a, :n, CAST(:at AS TIMESTAMP))"
            if database.dialect.name == "sqlite":
                insert, values["at"] = insert.replace("CAST(:at AS TIMESTAMP)", ":at"), "2025-01-01 00:00:00.000000"
            connection.execute(text(insert), values)

    def found(typed: str) -> list[str]:
        with db.reading(database) as connection:
            return [one.address for one in search(connection, typed)]

    assert found("ann") == ["ann@a.example", "b_b@b.example", "zoe@ann.example"]
    assert found("ANN@a") == ["ann@a.example"]
    assert found("0% a") == ["b_b@b.example"]
    assert found("b_b") == ["b_b@b.example"] and found("a_n") == [] and found("%%") == [] and found("a") == []
