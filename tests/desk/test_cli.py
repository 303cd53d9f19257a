"""The command line as a person uses it: real files, real exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from desk.cli import main

NOW = "2026-11-23T10:00"
DAY = "2026-11-17"
Run = Callable[..., Result]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    result = CliRunner().invoke(main, ["init", str(tmp_path / "house"), "--now", NOW])
    assert result.exit_code == 0, result.output
    return tmp_path / "house"


@pytest.fixture
def run(house: Path) -> Run:
    def invoke(*words: str) -> Result:
        return CliRunner().invoke(main, ["--directory", str(house), *words], catch_exceptions=False)

    return invoke


def edition(house: Path) -> Path:
    return house / "content" / "weekly" / DAY


def index(house: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((house / "out" / "weekly" / DAY / "index.json").read_text())
    return found


# --- init and new ---


def test_a_new_house_builds_at_once(run: Run, house: Path) -> None:
    result = run("build", "--now", NOW)
    assert result.exit_code == 0, result.output
    assert (house / "out" / "weekly" / DAY / "all.html").exists()
    assert (house / "site" / "editions" / DAY / "index.html").exists()
    assert (house / "site" / "items" / "governors-open-evening" / "index.html").exists()


def test_a_new_house_has_nothing_that_blocks(run: Run) -> None:
    result = run("check", "--now", NOW)
    assert result.exit_code == 0, result.output


def test_init_does_not_write_into_a_folder_that_holds_something(house: Path) -> None:
    result = CliRunner().invoke(main, ["init", str(house)])
    assert result.exit_code == 1
    assert "is not empty" in result.output


def test_the_examples_dates_move_with_the_calendar(house: Path) -> None:
    event = (edition(house) / "governors-open-evening.md").read_text()
    assert "starts: Wednesday 16 December 2026, 6pm" in event


def test_a_new_item_goes_into_the_next_edition_that_is_open(run: Run, house: Path) -> None:
    result = run("--json", "new", "weekly", "2026-12-01", "School meals: what's new", "--kind", "event", "--now", NOW)
    assert json.loads(result.output) == {"file": "content/weekly/2026-12-01/school-meals-whats-new.md"}
    assert "title: School meals: what's new" in (house / json.loads(result.output)["file"]).read_text()
    assert (house / "content/weekly/2026-12-01/edition.md").exists()


def test_a_title_that_was_used_before_gets_an_address_of_its_own(run: Run) -> None:
    run("new", "weekly", "2026-12-01", "Summit", "--now", NOW)
    result = run("new", "weekly", "2026-12-08", "Summit", "--now", NOW)
    assert "content/weekly/2026-12-08/summit-2.md" in result.output


def test_new_without_a_date_begins_the_next_edition_whose_copy_is_open(run: Run) -> None:
    result = run("new", "weekly", "--now", NOW)
    assert "content/weekly/2026-12-01/edition.md" in result.output


def test_new_never_overwrites(run: Run) -> None:
    assert run("new", "weekly", DAY, "--now", NOW).exit_code == 1


# --- build ---


def test_the_index_lists_every_variant_with_its_items_size_and_an_example_of_its_readers(run: Run, house: Path) -> None:
    run("build", "--now", NOW, "--as", "governor,head")
    found = index(house)
    assert found["number"] == 1
    assert found["audiences"]["governor"] == 5
    assert found["variants"][0]["id"] == "all"
    assert found["variants"][0]["items"][0] == "welcome-to-the-weekly-update"
    assert all(variant["bytes"] > 10_000 for variant in found["variants"])
    assert ["head", "governor"] in [variant["readers"] for variant in found["variants"]]


def test_a_variant_holds_the_items_that_reach_its_readers(run: Run, house: Path) -> None:
    run("build", "--now", NOW, "--as", "early-years,teacher")
    variant = next(v for v in index(house)["variants"] if v["readers"] == ["early-years", "teacher"])
    assert "governors-open-evening" not in variant["items"]
    assert "new-guidance-on-school-trips" in variant["items"]


def test_every_letter_has_its_html_text_and_mail(run: Run, house: Path) -> None:
    run("build", "--now", NOW)
    folder = house / "out" / "weekly" / DAY
    for variant in index(house)["variants"]:
        for form in ("html", "txt", "eml"):
            assert b"[[unsubscribe]]" in (folder / f"{variant['id']}.{form}").read_bytes()


def test_building_twice_gives_the_same_bytes(run: Run, house: Path) -> None:
    def everything() -> dict[str, bytes]:
        files = (f for part in ("out", "site") for f in (house / part).rglob("*") if f.is_file())
        return {str(f.relative_to(house)): f.read_bytes() for f in files}

    run("build", "--now", NOW)
    first = everything()
    run("build", "--now", NOW)
    assert everything() == first


def test_a_fault_is_told_with_its_line_and_the_last_good_letters_stay(run: Run, house: Path) -> None:
    run("build", "--now", NOW)
    before = {f.name: f.read_bytes() for f in (house / "out" / "weekly" / DAY).iterdir()}
    item = edition(house) / "new-guidance-on-school-trips.md"
    item.write_text(item.read_text().replace("audience: schools", "audience: Primry"))
    result = run("build", "--now", NOW)
    assert result.exit_code == 1
    place = f"content/weekly/{DAY}/new-guidance-on-school-trips.md, line 3"
    assert f'{place}: "Primry" is not an audience. Did you mean "primary"?' in result.output
    assert {f.name: f.read_bytes() for f in (house / "out" / "weekly" / DAY).iterdir()} == before


def test_all_faults_are_told_in_one_pass(run: Run, house: Path) -> None:
    (edition(house) / "a.md").write_text("---\ntitel: One\nkind: evnt\n---\nText.\n")
    (edition(house) / "b.md").write_text("---\ntitle: Two\nimage: images/none.png\nalt: A bench\n---\nText.\n")
    result = run("build", "--now", NOW)
    for told in ('"titel" is not a header', '"evnt" is not a kind', "There is no title", "images/none.png"):
        assert told in result.output


def test_an_item_held_back_is_in_no_letter_until_its_moment(run: Run, house: Path) -> None:
    item = edition(house) / "new-guidance-on-school-trips.md"
    item.write_text(item.read_text().replace("summary:", "release: 2026-12-24 09:00\nsummary:", 1))
    run("build", "--now", NOW)
    assert "new-guidance-on-school-trips" not in index(house)["variants"][0]["items"]
    assert not (house / "site/items/new-guidance-on-school-trips").exists()


def test_a_draft_is_in_no_letter(run: Run, house: Path) -> None:
    item = edition(house) / "new-guidance-on-school-trips.md"
    item.write_text(item.read_text().replace("summary:", "draft: yes\nsummary:", 1))
    run("build", "--now", NOW)
    assert "new-guidance-on-school-trips" not in index(house)["variants"][0]["items"]


def test_a_subscribers_item_is_in_the_letter_and_not_in_the_archive(run: Run, house: Path) -> None:
    item = edition(house) / "new-guidance-on-school-trips.md"
    item.write_text(item.read_text().replace("summary:", "visibility: subscribers\nsummary:", 1))
    run("build", "--now", "2026-12-24")
    assert "new-guidance-on-school-trips" in index(house)["variants"][0]["items"]
    assert not (house / "site/items/new-guidance-on-school-trips").exists()


def test_a_house_may_change_a_template_and_its_words(run: Run, house: Path) -> None:
    (house / "templates").mkdir()
    (house / "templates/words.toml").write_text('[letter]\ncontents = "Inside this week"\n')
    run("build", "--now", NOW)
    assert "Inside this week" in (house / "out" / "weekly" / DAY / "all.html").read_text()


def test_a_fault_in_a_template_is_told_with_its_file_and_line(run: Run, house: Path) -> None:
    (house / "templates/text").mkdir(parents=True)
    (house / "templates/text/edition.txt").write_text("{{ edition.name }}\n{{ edition.nonsense }}\n")
    result = run("build", "--now", NOW)
    assert result.exit_code == 1
    assert "templates/text/edition.txt, line 2" in result.output


def test_a_draft_with_gaps_blocks_nothing(run: Run, house: Path) -> None:
    run("new", "weekly", DAY, "Summit", "--kind", "event", "--now", NOW)
    assert run("build", "--now", NOW).exit_code == 0
    assert run("check", "--now", NOW).exit_code == 0
    assert 'needs "starts:"' in run("check", "--now", NOW).output


def test_an_edition_that_is_still_being_written_keeps_no_other_from_the_web(run: Run, house: Path) -> None:
    coming = house / "content" / "weekly" / "2026-12-01"
    coming.mkdir()
    (coming / "a.md").write_text("---\ntitel: One\n---\nText.\n")
    result = run("build", "--now", NOW)
    assert result.exit_code == 1 and '"titel" is not a header' in result.output
    assert (house / "site" / "editions" / DAY / "index.html").exists()


# --- check ---


def test_check_prints_findings_for_machines_and_exits_1_when_one_blocks(run: Run, house: Path) -> None:
    (edition(house) / "a.md").write_text("---\ntitle: One\naudience: Primry\n---\nText.\n")
    result = run("check", "--json", "--now", NOW)
    assert result.exit_code == 1
    findings = json.loads(result.output)["findings"]
    expected = {"code": "unknown-audience", "severity": "block", "file": f"content/weekly/{DAY}/a.md", "line": 3}
    assert any(expected.items() <= finding.items() for finding in findings)


def test_check_can_be_asked_about_one_edition(run: Run, house: Path) -> None:
    (edition(house) / "a.md").write_text("---\ntitle: One\naudience: Primry\n---\nText.\n")
    run("new", "weekly", "2026-12-01", "Fine", "--now", NOW)
    assert "Primry" not in run("check", "weekly", "2026-12-01", "--now", NOW).output


# --- calendar ---


def test_the_calendar_lists_coming_editions_with_their_cut_off(run: Run) -> None:
    rows = json.loads(run("calendar", "--json", "--now", NOW).output)["editions"]
    assert rows[0]["date"] == "2026-11-24"
    assert rows[0]["cut_off"] == "2026-11-19T12:00:00+00:00"
    assert [row["number"] for row in rows] == list(range(2, 12))


# --- wrong words ---


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("build", "wekly"), 'There is no bulletin "wekly"'),
        (("build", "weekly", "2031-01-01"), "There is no edition of weekly on 2031-01-01"),
        (("build", "weekly", "tuesday"), '"tuesday" is not a date'),
        (("build", "--as", "primry"), 'Did you mean "primary"?'),
        (("build", "--now", "soon"), '"soon" is not a date'),
        (("check", "wekly"), 'There is no bulletin "wekly"'),
        (("new", "wekly"), 'There is no bulletin "wekly"'),
        (("new", "weekly", "2026-12-01", "x", "--kind", "evnt"), 'Did you mean "event"?'),
    ],
)
def test_a_wrong_word_gets_a_clear_answer(run: Run, words: tuple[str, ...], told: str) -> None:
    result = run(*words)
    assert result.exit_code != 0
    assert told in result.output


def test_a_wrong_setting_is_told_with_its_line(run: Run, house: Path) -> None:
    file = house / "bulletin.toml"
    file.write_text(file.read_text().replace('weekday = "Tuesday"', 'weekday = "Tusday"\nwekday = 1'))
    result = run("build")
    assert result.exit_code == 1
    line = next(n for n, text in enumerate(file.read_text().split("\n"), 1) if text.startswith("weekday"))
    assert f"bulletin.toml, line {line}: bulletins.weekly.weekday must be a day like Tuesday" in result.output
    assert "bulletins.weekly.wekday is not a setting" in result.output


def test_outside_a_house_the_command_says_how_to_make_one(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--directory", str(tmp_path), "build"])
    assert result.exit_code == 1
    assert "bulletin init" in result.output


def test_settings_can_come_from_the_environment(run: Run, house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BULLETIN__PUBLISHER__URL", "https://elsewhere.example")
    run("build", "--now", NOW)
    assert index(house)["url"].startswith("https://elsewhere.example/")
