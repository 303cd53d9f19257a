"""What is taken back is gone everywhere, and the command says so only when it has looked."""

from __future__ import annotations

import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from desk.mailing.office import open_office
from desk.rounds import freeze, publish_archive
from desk.settings import load
from desk.takedown import history
from tests.desk.editing.houses import git, put_under_git
from tests.desk.sending_house import NOW, Desk, Inbox, make_house, over_smtp, text

STORY = "weekly/2025-01-14/reading-den"
TITLE = "A tent, three cushions and a queue for books"
FILE = "content/weekly/2025-01-14/good-news/reading-den.md"
GONE = ("content/permalinks.txt", "site/_redirects", "var/reports/takedowns.txt", "var/cache/archive/state")


@pytest.fixture(scope="module")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    house = make_house(tmp_path_factory.mktemp("built") / "house")
    Desk(house).ok("build", "--now", "2025-01-22T09:00")
    return house


@pytest.fixture
def desk(tmp_path: Path, built_once: Path, server: tuple[Inbox, int]) -> Desk:
    shutil.copytree(built_once, tmp_path / "house")
    return Desk(tmp_path / "house", over_smtp(server[1]))


def traces(house: Path, *words: bytes) -> list[str]:
    """By other means than the command's own: the plain bytes of every file."""
    files = [p for p in house.rglob("*") if p.is_file() and "var/outbox" not in str(p)]
    names = [str(p.relative_to(house)) for p in files if any(word in p.read_bytes() for word in words)]
    return sorted(name for name in names if not name.startswith(GONE))


def pictures(house: Path) -> set[str]:
    return {p.name for p in (house / "site/images").iterdir()}


def take(desk: Desk, what: str = STORY) -> dict[str, object]:
    return desk.json("takedown", what, "--reason", "A parent asked", "--yes")


def add_target(desk: Desk, name: str, folder: Path) -> None:
    with (desk.house / "bulletin.toml").open("a") as out:
        out.write(f'\n[publish.{name}]\nto = "folder"\npath = "{folder}"\n')


def test_a_story_is_gone_from_every_file_and_every_target_and_a_page_says_so(desk: Desk, tmp_path: Path) -> None:
    house, www = desk.house, tmp_path / "www"
    add_target(desk, "web", www)
    desk.ok("publish", "web")
    before = pictures(house)
    assert len(traces(house, TITLE.encode(), b"reading-den")) > 10 and traces(www, TITLE.encode())
    done = take(desk, "https://together.norfolk.example/items/reading-den/")
    assert done["complete"] and done["found"] == [] and done["targets"] == {"web": ""}
    assert not traces(house, TITLE.encode(), b"whisper", b"reading-den") and not traces(www, TITLE.encode(), b"whisper")
    gone = before - pictures(house)
    assert len(gone) == 1 and not any(p.name in gone for p in tmp_path.rglob("*"))
    assert "taken down" in (www / "items/reading-den/index.html").read_text()
    assert "items/reading-den/ gone" in (house / "content/permalinks.txt").read_text()
    assert "A parent asked" in (house / "var/reports/takedowns.txt").read_text()
    assert not (house / "var/takedowns").exists()


def test_a_dry_run_tells_all_and_changes_nothing(desk: Desk) -> None:
    house = desk.house
    before = {
        p: p.read_bytes() for folder in ("content", "site", "out") for p in (house / folder).rglob("*") if p.is_file()
    }
    told = desk.ok("takedown", STORY, "--reason", "x", "--dry-run").output
    assert FILE in told and "world-book-day.md" in told and "/items/reading-den/" in told
    excerpted = desk.ok("takedown", "send/2024-12-09/strategy-action-planning", "--reason", "x", "--dry-run").output
    assert (
        "/send/items/strategy-action-planning/" in excerpted
        and "/together/items/strategy-action-planning/" in excerpted
    )
    assert all(p.read_bytes() == content for p, content in before.items())
    assert not (house / "var/takedowns").exists()


def test_whatever_is_still_there_fails_the_command_until_it_is_mended(desk: Desk, tmp_path: Path) -> None:
    """Its title in another item, its picture where nobody expects it, a target that is away."""
    house, away = desk.house, tmp_path / "away" / "www"
    add_target(desk, "away", away)
    other = house / "content/weekly/2025-01-21/world-book-day.md"
    quoted = "\nLast week you read of *A tent, three cushions* and a queue for **books**.\n"
    other.write_text(other.read_text() + quoted)
    copy = house / "var/cache/templates/kept-by-mistake"
    copy.write_bytes((house / "content/weekly/2025-01-14/good-news/images/reading-den.png").read_bytes())
    stopped = desk.run("takedown", STORY, "--reason", "x", "--yes")
    assert stopped.exit_code == 1 and "Is the disk there" in stopped.output
    assert "STILL THERE  content/weekly/2025-01-21/world-book-day.md" in stopped.output
    assert "STILL THERE  site/items/world-book-day/index.html" in stopped.output
    assert "STILL THERE  var/cache/templates/kept-by-mistake: the picture itself" in stopped.output
    other.write_text(other.read_text().replace(quoted, ""))
    copy.unlink()
    away.parent.mkdir()
    assert take(desk, "/items/reading-den/")["complete"]
    assert not traces(house, TITLE.encode()) and not traces(away, TITLE.encode()) and (away / "index.html").exists()


def test_letters_that_have_not_left_are_made_without_it_and_wait_for_a_person(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe({"one@primary.norfolk-schools.co.uk": "primary,head", "all@home.co.uk": ""})
    settings = load(desk.house, None, {})
    at = datetime.fromisoformat(f"{NOW}+00:00")
    with open_office(settings, at) as office:
        edition = office.press.content.edition("weekly", at.date())
        assert edition is not None
        publish_archive(office.press)
        freeze(office, edition)
    done = take(desk)
    assert done["complete"] and done["paused"] == ["weekly-2025-01-14"]
    assert (
        desk.json("send", "weekly", "2025-01-14", "--now", NOW, "--yes").get("accepted", 0) == 0 and not inbox.letters
    )
    desk.ok("resume", "weekly-2025-01-14")
    assert inbox.addresses == ["all@home.co.uk", "one@primary.norfolk-schools.co.uk"]
    for address in inbox.addresses:
        assert TITLE not in text(inbox.letter(address)) and "wind turbines" in text(inbox.letter(address)).lower()


def test_what_was_never_there_is_told_with_what_is_near(desk: Desk) -> None:
    told = desk.run("takedown", "/items/reading-dan/", "--reason", "x", "--yes")
    assert told.exit_code == 1 and 'Did you mean "items/reading-den/"' in told.output
    assert desk.run("takedown", "../../etc/passwd", "--reason", "x", "--yes").exit_code == 1


def test_what_git_keeps_of_it_is_told_with_the_way_out(tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.parent.mkdir(parents=True)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    for words in ("One", "Two"):
        file.write_text(words)
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-qm", words], check=True)
    found = history.holding(tmp_path, (FILE, "content/it's.png"))
    told = "\n".join(history.lines(found))
    assert len(found.commits) == 2 and "in 2 commits" in told
    assert f"git filter-repo --invert-paths --path {FILE} --path 'content/it'" in told
    assert (
        history.holding(tmp_path, ("content/other.md",))
        == history.holding(tmp_path / "content", ())
        == history.History()
    )
    assert list(history.lines(history.History())) == []


def test_a_takedown_is_a_commit_and_a_git_that_refuses_stops_nothing(desk: Desk) -> None:
    (desk.house / ".gitignore").write_text("*site*/\nout/\n")
    put_under_git(desk.house)
    linked = next(
        f for f in (desk.house / "content").rglob("*.md") if "reading-den" in f.read_text() and f.stem != "reading-den"
    )
    (desk.house / "staged.txt").write_text("of somebody else")
    git(desk.house, "add", "staged.txt")
    assert take(desk)["complete"] is True
    changed = git(desk.house, "show", "--name-status", "--format=%s", "HEAD")
    assert changed.startswith("Take down /items/reading-den/\n") and f"D\t{FILE}\n" in changed
    assert "content/permalinks.txt\n" in changed and f"M\t{linked.relative_to(desk.house)}\n" in changed
    assert git(desk.house, "status", "--porcelain", "content", "staged.txt") == "A  staged.txt\n"
    (desk.house / ".git" / "index.lock").touch()
    done = take(desk, "weekly/2025-01-14/calm-starts")
    assert done["complete"] is True
    assert "content/weekly/2025-01-14/calm-starts.md" in done["history"]["uncommitted"]  # type: ignore[index]
