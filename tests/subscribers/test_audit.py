"""What leaves the room on paper: the audit of an import, and the whole list."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import db
from subscribers import audit, exporting, imports
from subscribers.sheets import safe_cell
from tests.subscribers.conftest import Room

TEMPLATES = Path(__file__).parents[2] / "templates"


def environment() -> Environment:
    return Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)


TOGETHER = "Email,Name\nann@x.org,Ann\nbo@x.org,Bo\nleft@x.org,Cy\nnobody\n"
ECOURIER = (
    "Email;Status;Phase\r\nANN@X.org;subscribed;primary\r\nleft@x.org;unsubscribed;\r\n"
    "<script>alert(1)</script>;subscribed;\r\ndi@x.org;p\xe9rhaps;\r\n"
)


def test_two_lists_with_an_overlap_a_no_and_a_wrong_encoding_are_merged_and_audited(room: Room) -> None:
    room.take(TOGETHER, "together.csv")
    with room.staged(
        [room.file(ECOURIER.encode("cp1252"), "ecourier.csv")], source="ecourier", maps=("Phase=phase",)
    ) as staged:
        plan = imports.make_plan(staged)
        report = audit.audit(staged, plan, "office", room.now)
        page = audit.page(report, environment())
        table = list(csv.reader(io.StringIO("".join(audit.csv_report(staged)).removeprefix("\ufeff"))))
        imports.apply(staged, plan, room.proof("import", "office"))
    assert {name: plan.counts[name] for name in ("new", "joined", "suppressed", "held", "unreadable")} == {
        "new": 0, "joined": 1, "suppressed": 1, "held": 1, "unreadable": 1,
    }  # fmt: skip
    assert "This is a plan. Nothing has been changed." in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "status &#34;pérhaps&#34;" in page
    assert table[0] == list(audit.CSV_HEADERS)
    assert [row[:4] for row in table[1:]] == [
        ["joined", "ann@x.org", "ecourier.csv", "2"],
        ["suppressed", "left@x.org", "ecourier.csv", "3"],
        ["held", "di@x.org", "ecourier.csv", "5"],
        ["unreadable", "", "ecourier.csv", "4"],
    ]
    assert not room.reads("left@x.org")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


def test_the_list_comes_out_and_goes_in_again_without_bringing_anybody_back(room: Room) -> None:
    room.add("a@x.org", audiences=frozenset({"head", "primary"}))
    room.add("=cmd@x.org")
    room.add("gone@x.org")
    room.leave("gone@x.org")
    with db.reading(room.engine) as connection:
        text = "".join(exporting.as_csv(connection))
        lines = [json.loads(line) for line in exporting.as_json(connection, "weekly")]
    assert "'=cmd@x.org" in text
    assert [(row["email"], row["status"], row["audiences"]) for row in lines][1] == (
        "a@x.org",
        "subscribed",
        "head, primary",
    )
    assert room.take(text, source="export") == {"joined": 2, "suppressed": 1}
    assert not room.reads("gone@x.org")
