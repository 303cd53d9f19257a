"""Each save is kept: by that person, of that file alone, and nothing that others have begun is touched."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from desk.editing.history import Change, History, make, open_history
from desk.editing.kept import Kept
from desk.editing.versions import Author
from tests.desk.editing.houses import NOW, SAM, copy_house, git, put_under_git

ITEM = "content/weekly/2025-01-14/calm-starts.md"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put_under_git(copy_house(tmp_path_factory.mktemp("git") / "house"))


@pytest.fixture
def in_git(repository: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(repository, tmp_path / "house"))


def write(root: Path, history: History, text: str, what: str = "Edited", author: Author = SAM) -> None:
    make(root, history, Change({root / ITEM: text.encode()}, author, what), NOW)


def test_a_save_is_a_commit_by_whoever_saved(in_git: Path) -> None:
    write(in_git, open_history(in_git), "---\ntitle: New\n---\n", "Edited New")
    told = git(in_git, "log", "-1", "--format=%an <%ae>|%cn|%s|%aI", "--name-only")
    assert told.startswith("Sam Example <sam@example.org>|Sam Example|Edited New|2025-01-13T09:00:00")
    assert told.strip().endswith(f"\n{ITEM}")


def test_what_others_have_staged_stays_staged_and_what_they_changed_stays_theirs(in_git: Path) -> None:
    other, third = in_git / "content/weekly/2025-01-14/edition.md", in_git / "bulletin.toml"
    other.write_text("---\nsubject: staged\n---\n")
    git(in_git, "add", str(other))
    third.write_text(third.read_text() + "\n# changed, not staged\n")
    write(in_git, open_history(in_git), "---\ntitle: New\n---\n")
    assert git(in_git, "show", "--name-only", "--format=", "HEAD").split() == [ITEM]
    assert git(in_git, "diff", "--cached", "--name-only").split() == [other.relative_to(in_git).as_posix()]
    assert git(in_git, "diff", "--name-only").split() == ["bulletin.toml"]


def test_a_text_changed_by_hand_is_kept_before_the_save_and_not_by_the_savers_name(in_git: Path) -> None:
    (in_git / ITEM).write_text("---\ntitle: By hand\n---\n")
    history = open_history(in_git)
    write(in_git, history, "---\ntitle: New\n---\n")
    newest, hand, *_ = history.of(in_git / ITEM)
    assert (newest.by, newest.what, hand.what) == ("Sam Example", "Edited", "")
    assert history.text(in_git / ITEM, hand.id) == b"---\ntitle: By hand\n---\n"


def test_a_new_file_a_renamed_one_and_one_taken_away_are_each_a_commit(in_git: Path) -> None:
    history, old, new = open_history(in_git), in_git / ITEM, in_git / "content/weekly/2025-01-14/calm-days.md"
    raw = old.read_bytes()
    make(in_git, history, Change({old: None, new: raw + b"More.\n"}, SAM, "Renamed"), NOW)
    assert sorted(git(in_git, "show", "--name-status", "--no-renames", "--format=", "HEAD").split()) == sorted(
        ["D", ITEM, "A", new.relative_to(in_git).as_posix()]
    )
    assert [version.what for version in history.of(new)] == ["Renamed", "The house"]
    assert history.text(new, history.of(new)[-1].id) == raw
    make(in_git, history, Change({new: None}, SAM, "Deleted"), NOW)
    assert git(in_git, "status", "--porcelain") == ""


def test_a_repository_that_somebody_holds_loses_no_text(in_git: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.editing.git.PAUSE_SECONDS", 0)
    history = open_history(in_git)
    (in_git / ".git" / "index.lock").touch()
    write(in_git, history, "---\ntitle: First\n---\n")
    assert (in_git / ITEM).read_text() == "---\ntitle: First\n---\n"
    (in_git / ".git" / "index.lock").unlink()
    write(in_git, history, "---\ntitle: Second\n---\n")
    assert [version.what for version in history.of(in_git / ITEM)][:2] == ["Edited", ""]


def test_names_that_mean_something_to_git_are_only_names(in_git: Path) -> None:
    write(in_git, open_history(in_git), "---\ntitle: New\n---\n", "--amend\n\nX", Author("A\n<b> --x", "a>@b\0"))
    assert git(in_git, "log", "-1", "--format=%an|%s|%b").strip() == "A b --x|--amend|X"


def test_content_that_git_ignores_has_its_history_in_var(house: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("house/\n")
    assert isinstance(open_history(house), Kept)


def test_without_git_each_version_is_kept_with_who_and_when(house: Path) -> None:
    history, path = Kept(house), house / ITEM
    before = path.read_bytes()
    write(house, history, "---\ntitle: One\n---\n", "First")
    make(house, history, Change({path: b"---\ntitle: Two\n---\n"}, SAM, "Second"), NOW + timedelta(minutes=1))
    second, first, found = history.of(path)
    assert [(v.by, v.what) for v in (second, first, found)] == [
        ("Sam Example", "Second"),
        ("Sam Example", "First"),
        ("", ""),
    ]
    assert history.text(path, found.id) == before
    assert history.text(path, first.id) == b"---\ntitle: One\n---\n"


@pytest.mark.parametrize("id", ["../../x", "", "000001-zzzzzzzzzz", "/etc/passwd", "HEAD"])
def test_only_versions_of_this_file_can_be_had(in_git: Path, id: str) -> None:
    assert Kept(in_git).text(in_git / ITEM, id) is None
    assert open_history(in_git).text(in_git / ITEM, id) is None
