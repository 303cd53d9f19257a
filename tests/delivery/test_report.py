"""Numbers that add up and point at nobody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Engine

from delivery import farewells, report, useful
from delivery.ledger import books
from delivery.letter import verp
from delivery.model import Counts, State
from delivery.returning import bounces, returns
from tests.delivery.house import NOW, deliver
from tests.delivery.servers import MailServer


def test_a_report_adds_up_and_hides_what_is_small(
    database: Engine, server: MailServer, listed: Callable[[int], int]
) -> None:
    mailing = listed(30)
    server.script = lambda stage, s: (
        "550 5.1.1 no such person" if stage == "RCPT" and s.recipient.endswith("school2.example") else None
    )
    deliver(database, mailing, server.port)
    with database.begin() as connection:
        returns.take(
            connection, [bounces.Report("hard", verp.Named("weekly-2025-01-14", "1"), "", "5.1.1", "")], now=NOW
        )
        sending = books.mailing(connection, "weekly-2025-01-14")
        assert sending
        found = report.of(connection, sending)
        shown = found.as_dict()
        assert shown["recipients"] == 30
        assert sum(found.counts.as_dict().values()) == 60
        assert shown["bounced"] == {"hard": None, "soft": 0, "policy": 0} and shown["complained"] == 0
        assert found.as_dict(hide_small=False)["bounced"] == {"hard": 1, "soft": 0, "policy": 0}
        assert found.reasons == (("550 5.1.1 RCPT", 4),)
        lines = list(report.as_csv(books.fates(connection, mailing, State.FAILED)))
    assert len(lines) == 5 and lines[0].startswith("subscriber,address,state") and "no such person" in lines[1]


def test_a_cell_that_a_spreadsheet_would_run_is_text() -> None:
    assert [report.cell(value) for value in ("=1+1", "@x", "-2", "fine", None)] == ["'=1+1", "'@x", "'-2", "fine", ""]


def test_a_bar_is_as_long_as_its_number_and_what_occurred_can_be_seen() -> None:
    found = report.widths(Counts(accepted=1200, deferred=600, failed=3))
    assert (found["accepted"], found["deferred"], found["failed"], found["queued"]) == (100, 50, 1, 0)
    assert set(report.widths(Counts()).values()) == {0}


def test_answers_and_farewells_are_counted_on_both_databases(database: Engine, listed: Callable[[int], int]) -> None:
    mailing = listed(3)
    with database.begin() as connection:
        for given in ("yes", "yes", "no"):
            useful.count(connection, "weekly", "2025-01-14", "census", given)  # type: ignore[arg-type]
        assert useful.totals(connection, "weekly", "2025-01-14") == {"census": (2, 1)}
        for number, hours in ((1, 1), (1, 2), (-1, 2), (1, 24 * 8)):  # the last one left a week later
            farewells.count(connection, "weekly", NOW + timedelta(hours=hours), number)
        farewells.count(connection, "another", NOW + timedelta(hours=1))
        assert farewells.of(connection, mailing) == 1
        kept = books.letter_of(connection, "weekly-2025-01-14", "1")
        assert kept and kept.address and kept.frame
        books.forget(connection, "1")
        assert books.letter_of(connection, "weekly-2025-01-14", "1") is None
