"""[subscribers], [desk] and [db]: what they may say, and how their mistakes are told before anything is done."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from desk.cli import main
from desk.keeping import Keeping, read_keeping
from desk.settings import SettingsError, load
from desk.starting import make_house

WRONG = """
[subscribers]
bassis = 1
[subscribers.basis]
wekly = "consent"
weekly = "hope"
[subscribers.retention]
ended-days = 0
held-days = "long"
log-day = 5
[desk]
trusted-proxys = 1
[db]
urls = "x"
"""


def kept(folder: Path, more: str = "", **environ: str) -> Keeping:
    make_house(folder)
    file = folder / "bulletin.toml"
    file.write_text(f"{file.read_text()}\n{more}")
    return read_keeping(load(folder, environ=environ), environ)


def test_without_a_word_the_database_is_a_file_and_everything_rests_on_consent(tmp_path: Path) -> None:
    found = kept(tmp_path / "house")
    assert (found.database, found.trusted_proxies) == ("sqlite:///var/bulletin.db", 0)
    assert found.bases == {"weekly": "consent"}
    assert (found.retention.ended_days, found.files.letter_days) == (730, 30)


def test_what_is_said_counts_and_the_environment_before_the_file(tmp_path: Path) -> None:
    said = '[subscribers.basis]\nweekly = "public-task"\n[subscribers.retention]\nletter-days = 7\n[db]\nurl = "sqlite:///a"'
    found = kept(tmp_path / "house", said, BULLETIN__DB__URL="sqlite:///b", BULLETIN__DESK__TRUSTED_PROXIES="1")
    assert (found.database, found.trusted_proxies) == ("sqlite:///b", 1)
    assert found.bases == {"weekly": "public-task"}
    assert found.files.letter_days == 7
    assert kept(tmp_path / "other", DATABASE_URL="sqlite:///c").database == "sqlite:///c"


def test_every_mistake_is_told_in_one_pass_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as told:
        kept(tmp_path / "house", WRONG)
    lines = str(told.value).splitlines()
    assert len(lines) == 8
    assert all(line.startswith("bulletin.toml, line ") or "bulletin.toml:" in line for line in lines), lines
    assert 'subscribers.bassis is not a setting. Did you mean "basis"?' in str(told.value)
    assert 'subscribers.basis.wekly is not a bulletin. Did you mean "weekly"?' in str(told.value)
    assert 'desk.trusted-proxys is not a setting. Did you mean "trusted-proxies"?' in str(told.value)


@pytest.mark.parametrize("words", [("subscribers", "counts"), ("subscribers", "retention"), ("serve", "--port", "0")])
def test_no_command_starts_with_a_mistyped_setting(tmp_path: Path, words: tuple[str, ...]) -> None:
    make_house(tmp_path / "house")
    environ = {"BULLETIN__SUBSCRIBERS__RETENTION__ENDED_DAY": "5"}
    result = CliRunner().invoke(main, ["-C", str(tmp_path / "house"), *words], env=environ)
    assert result.exit_code == 1
    assert "BULLETIN__SUBSCRIBERS__RETENTION__ENDED_DAY" in result.output
    assert 'Did you mean "ended-days"?' in result.output
    assert not (tmp_path / "house" / "var" / "bulletin.db").exists()
