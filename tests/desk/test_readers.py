"""The register at the command line: two old lists are merged, and no "no" becomes a "yes"."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from desk.cli import main
from desk.starting import make_house

Run = Callable[..., Result]
TOGETHER = "TOPIC_ID,TOPIC_NAME,TOPIC_CODE,TOPIC_VISIBILITY,SUBSCRIBER_ID,DESTINATION\n" + "".join(
    f"1,Together,TOG,Listed,{n},{address}\n"
    for n, address in enumerate(("Anna@School.example", "bob@nursery.example", "nobody", "zoë@college.example"))
)
ECOURIER = """uuid,email,name,attributes,status,created_at,updated_at
1,anna@SCHOOL.example,Anna,{},enabled,2024-01-01,2024-01-01
2,cat@school.example,Cat,{},weird,2024-01-01,2024-01-01
3,BOB@nursery.example,Bob,{},blocklisted,2024-01-01,2024-01-01
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    make_house(tmp_path / "house")

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(main, ["--directory", str(tmp_path / "house"), *words], catch_exceptions=False)

    return invoke


@pytest.fixture
def lists(tmp_path: Path) -> tuple[str, str]:
    together, ecourier = tmp_path / "together.csv", tmp_path / "ecourier.csv"
    together.write_bytes(TOGETHER.encode("cp1252"))
    ecourier.write_text(ECOURIER)
    return str(together), str(ecourier)


def merged(run: Run, lists: tuple[str, str], *words: str) -> dict[str, int]:
    result = run("subscribers", "import", "--source", "old", *lists, "--json", *words)
    assert result.exit_code == 0, result.output
    counts: dict[str, int] = json.loads(result.output)
    return counts


def readers(run: Run) -> set[str]:
    lines = run("subscribers", "export", "--format", "json").output.splitlines()
    return {row["email"].lower() for row in map(json.loads, lines) if row["status"] == "subscribed"}


def test_two_old_lists_become_one_and_the_strictest_wins(run: Run, lists: tuple[str, str]) -> None:
    first = json.loads(run("subscribers", "import", "--source", "together", lists[0], "--json").output)
    assert (first["new"], first["unreadable"]) == (3, 1)
    second = json.loads(run("subscribers", "import", "--source", "ecourier", lists[1], "--json").output)
    assert (second["new"], second["joined"], second["suppressed"], second["held"]) == (0, 1, 1, 1)
    assert readers(run) == {"anna@school.example", "zoë@college.example"}


def test_the_order_of_two_lists_makes_no_difference(run: Run, lists: tuple[str, str]) -> None:
    run("subscribers", "import", "--source", "ecourier", lists[1])
    run("subscribers", "import", "--source", "together", lists[0])
    assert readers(run) == {"anna@school.example", "zoë@college.example"}


def test_a_dry_run_shows_the_same_and_changes_nothing(run: Run, lists: tuple[str, str]) -> None:
    planned = merged(run, lists, "--dry-run")
    assert readers(run) == set()
    assert merged(run, lists) == planned


def test_importing_twice_changes_nothing(run: Run, lists: tuple[str, str]) -> None:
    merged(run, lists)
    before = readers(run)
    assert merged(run, lists)["new"] == 0
    assert readers(run) == before


def test_an_import_can_be_taken_back_and_its_noes_stay(run: Run, lists: tuple[str, str]) -> None:
    merged(run, lists)
    assert run("subscribers", "undo", "1").exit_code == 0
    assert readers(run) == set()
    assert run("subscribers", "add", "bob@nursery.example").exit_code == 1


def test_rows_are_listed_with_their_file_and_line(run: Run, lists: tuple[str, str]) -> None:
    result = run("subscribers", "import", "--source", "old", *lists, "--dry-run", "--list", "unreadable")
    assert "together.csv, line 4" in result.output


def test_listing_people_does_not_keep_the_plan_from_being_applied(run: Run, lists: tuple[str, str]) -> None:
    result = run("subscribers", "import", "--source", "old", *lists, "--yes", "--list", "new", "--list", "held")
    assert result.exit_code == 0, result.output
    assert "import-1.html" in result.output


def test_the_audit_is_written_for_the_record(run: Run, lists: tuple[str, str], tmp_path: Path) -> None:
    merged(run, lists)
    report = (tmp_path / "house" / "var" / "reports" / "import-1.html").read_text()
    assert "old" in report and "weird" in report
    assert (tmp_path / "house" / "var" / "reports" / "import-1.csv").stat().st_size > 100


def test_a_held_row_waits_for_a_person(run: Run, lists: tuple[str, str]) -> None:
    merged(run, lists)
    held = json.loads(run("subscribers", "held", "--json").output)["held"]
    assert [row["address"] for row in held] == ["cat@school.example"]
    run("subscribers", "held", "--accept", str(held[0]["id"]))
    assert "cat@school.example" in readers(run)


def test_a_person_is_added_shown_removed_and_erased(run: Run, tmp_path: Path) -> None:
    assert run("subscribers", "add", "dee@school.example", "--audience", "primary,senco").exit_code == 0
    shown = json.loads(run("subscribers", "show", "DEE@school.example").output)
    assert shown["subscriber"]["address"] == "dee@school.example"
    assert run("subscribers", "remove", "dee@school.example").exit_code == 0
    assert readers(run) == set()
    assert run("subscribers", "erase", "dee@school.example", "--yes").exit_code == 0
    bytes_on_disk = b"".join(f.read_bytes() for f in (tmp_path / "house" / "var").glob("bulletin.db*"))
    assert b"dee@school" not in bytes_on_disk


def test_a_suppressed_address_stays_out_of_every_import_until_it_is_dropped(run: Run, lists: tuple[str, str]) -> None:
    run("suppressions", "add", "anna@school.example")
    merged(run, lists)
    assert "anna@school.example" not in readers(run)
    assert len(json.loads(run("suppressions", "list", "--json").output)["suppressions"]) == 2
    run("suppressions", "remove", "anna@school.example")
    merged(run, lists)
    assert "anna@school.example" in readers(run)


def test_counts_tell_how_many_each_item_reaches(run: Run, tmp_path: Path) -> None:
    run("subscribers", "add", "gov@school.example", "--audience", "governor")
    run("subscribers", "add", "tea@school.example", "--audience", "teacher")
    day = next((tmp_path / "house" / "content" / "weekly").iterdir()).name
    numbers = json.loads(run("subscribers", "counts", "--edition", day, "--json").output)
    assert numbers["readers"] == 2
    assert numbers["items"]["governors-open-evening"] == 1
    assert numbers["items"]["welcome-to-the-weekly-update"] == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("subscribers", "add", "not an address"), "address"),
        (("subscribers", "show", "x"), "address"),
        (("subscribers", "remove", "who@school.example"), "Nobody with the address"),
        (("subscribers", "undo", "99"), "99"),
        (("subscribers", "add", "a@school.example", "--audience", "primry"), 'Did you mean "primary"?'),
        (("subscribers", "add", "a@school.example", "--bulletin", "wekly"), 'There is no bulletin "wekly"'),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(run: Run, words: tuple[str, ...], told: str) -> None:
    result = run(*words)
    assert result.exit_code != 0 and told in result.output and "Traceback" not in result.output


def test_a_file_that_is_no_list_is_refused_and_nothing_is_applied(
    run: Run, lists: tuple[str, str], tmp_path: Path
) -> None:
    (tmp_path / "photo.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    result = run("subscribers", "import", "--source", "old", lists[0], str(tmp_path / "photo.csv"))
    assert result.exit_code == 1 and "photo.csv" in result.output
    assert readers(run) == set()
