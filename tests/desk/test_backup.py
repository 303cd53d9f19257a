"""R21: a backup made while letters leave, and a restore that sends nothing twice and forgets no refusal."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

import db
from db.schema import goodnews
from delivery.ledger import books, notes
from desk.backup import restoring, sealing
from desk.backup.errors import BackupError
from desk.backup.making import make
from desk.backup.restoring import restore
from desk.backup.sealing import Opener, Sealer
from desk.backup.staging import stage
from desk.mailing.planning import is_due
from desk.readers.register import open_register
from desk.settings import JOURNAL, load
from tests.databases import made_postgresql
from tests.desk.sending_house import NOW, Desk, Inbox, make_house, over_smtp

WHEN = datetime(2025, 1, 14, 12, tzinfo=UTC)
HEAD, OTHER = "head@primary.norfolk-schools.co.uk", "parent@home.co.uk"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A house with readers, and its backup beside it."""
    folder = tmp_path_factory.mktemp("backup")
    desk = Desk(make_house(folder / "house"))
    desk.subscribe({HEAD: "primary,head", OTHER: "parents-carers", "gone@home.co.uk": ""})
    desk.ok("subscribers", "remove", "gone@home.co.uk")
    (desk.house / "var/photos").mkdir()
    (desk.house / "var/photos/waiting.jpg").write_bytes(b"a photo")
    desk.ok("backup", str(folder / "house.backup"))
    return folder


@pytest.fixture
def desk(tmp_path: Path, kept: Path) -> Desk:
    shutil.copytree(kept / "house", tmp_path / "house")
    return Desk(tmp_path / "house")


def shown(desk: Desk, address: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(desk.ok("subscribers", "show", address).stdout)
    return found


def files(house: Path) -> dict[str, bytes]:
    found = [p for part in ("content", "bulletin.toml", "var") for p in [house / part, *(house / part).rglob("*")]]
    told = {p.relative_to(house).as_posix(): p.read_bytes() for p in found if p.is_file()}
    return {name: raw for name, raw in told.items() if not name.startswith(("var/cache/", "var/bulletin.db"))}


def test_everything_comes_back_in_an_empty_folder(kept: Path, tmp_path: Path) -> None:
    there = Desk(tmp_path / "new")
    there.house.mkdir()
    there.ok("restore", str(kept / "house.backup"))
    assert files(there.house) == files(kept / "house")
    for address in (HEAD, OTHER, "gone@home.co.uk"):
        assert shown(there, address) == shown(Desk(kept / "house"), address)
    assert (kept / "house.backup").stat().st_mode & 0o777 == 0o600
    assert not [p for p in there.house.iterdir() if p.name.startswith((".", "before"))]


def test_over_a_living_house_only_when_asked_and_the_old_one_is_kept(kept: Path, desk: Desk) -> None:
    edited = desk.house / "content/weekly/2025-01-14/calm-starts.md"
    edited.write_text("changed since")
    assert (
        "say --yes" in desk.run("restore", str(kept / "house.backup")).output and edited.read_text() == "changed since"
    )
    done = desk.json("restore", str(kept / "house.backup"), "--yes")
    assert edited.read_bytes() == (kept / "house/content/weekly/2025-01-14/calm-starts.md").read_bytes()
    assert (Path(done["kept"]) / "content/weekly/2025-01-14/calm-starts.md").read_text() == "changed since"


def test_whoever_said_no_since_the_backup_is_not_written_to(kept: Path, desk: Desk) -> None:
    desk.ok("subscribers", "remove", HEAD)
    desk.ok("subscribers", "erase", OTHER, "--yes")
    with (desk.house / "content/permalinks.txt").open("a") as out:
        out.write("2025-01-15 items/taken-down-since/ gone\n")
    done = desk.json("restore", str(kept / "house.backup"), "--yes")
    assert done["noes"] > 0
    head = shown(desk, HEAD)["subscriptions"]
    assert head and all(one["ended_at"] for one in head)
    assert shown(desk, OTHER)["subscriber"] is None
    assert "items/taken-down-since/ gone" in (desk.house / "content/permalinks.txt").read_text()


def test_a_photo_that_a_school_took_back_since_the_backup_stays_gone(desk: Desk, tmp_path: Path) -> None:
    """Of two stories one is withdrawn after the backup."""
    register = open_register(load(desk.house, None, {}))
    for number, name in ((1, "a" * 40), (2, "b" * 40)):
        told = {
            "reference": f"r{number}",
            "token": f"t{number}",
            "origin": f"o{number}",
            "door": "form",
            "state": "waiting",
        }
        about = {"look": "0", "width": 1, "height": 1, "people": "nobody", "place": 1}
        with db.writing(register.engine) as connection:
            connection.execute(insert(goodnews.story).values(id=number, **told, received_at=WHEN, changed_at=WHEN))
            connection.execute(insert(goodnews.story_photo).values(story_id=number, name=name, **about))
        (desk.house / f"var/photos/{name}-web.jpg").write_bytes(b"a photo")
    desk.ok("backup", str(tmp_path / "b"))
    with db.writing(register.engine) as connection:
        connection.execute(update(goodnews.story).where(goodnews.story.c.id == 1).values(state="withdrawn"))
        connection.execute(delete(goodnews.story_photo).where(goodnews.story_photo.c.story_id == 1))
    register.engine.dispose()
    desk.ok("restore", str(tmp_path / "b"), "--yes")
    names = [file.name[0] for file in (desk.house / "var/photos").glob("*-web.jpg")]
    register = open_register(load(desk.house, None, {}))
    with db.reading(register.engine) as connection:
        states = list(connection.execute(select(goodnews.story.c.state).order_by(goodnews.story.c.id)).scalars())
    register.engine.dispose()
    assert (names, states) == (["b"], ["withdrawn", "waiting"])


def test_addresses_are_numbered_on_from_the_living_house(kept: Path, desk: Desk) -> None:
    """A number is in links of letters that have left: nobody else may ever have it."""
    desk.subscribe({"later@home.co.uk": ""})
    number = shown(desk, "later@home.co.uk")["subscriber"]["number"]
    desk.ok("restore", str(kept / "house.backup"), "--yes")
    desk.subscribe({"after@home.co.uk": ""})
    assert shown(desk, "after@home.co.uk")["subscriber"]["number"] > number


def test_a_backup_of_another_house_does_not_replace_readers(kept: Path, tmp_path: Path) -> None:
    other = Desk(make_house(tmp_path / "house"))
    other.subscribe({HEAD: ""})
    before = files(other.house)
    told = other.run("restore", str(kept / "house.backup"), "--yes")
    assert told.exit_code == 1 and "other keys" in told.output and files(other.house) == before


def test_a_house_that_is_in_use_is_not_replaced(kept: Path, desk: Desk) -> None:
    from desk.readers.register import open_register

    register = open_register(load(desk.house, None, {}))
    with register.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        told = desk.run("restore", str(kept / "house.backup"), "--yes")
    register.engine.dispose()
    assert told.exit_code == 1 and "Stop bulletin serve" in told.output


@pytest.mark.parametrize("cut", [0, 5_000, -1])
def test_a_backup_that_was_cut_short_changes_nothing(kept: Path, desk: Desk, tmp_path: Path, cut: int) -> None:
    raw = (kept / "house.backup").read_bytes()
    (tmp_path / "cut").write_bytes(raw[:cut])
    before = files(desk.house)
    told = desk.run("restore", str(tmp_path / "cut"), "--yes")
    assert told.exit_code == 1 and "Nothing was changed" in told.output
    assert files(desk.house) == before and not (desk.house / ".bulletin-restore").exists()


def repack(kept: Path, to: Path, name: str, raw: bytes, kind: bytes = tarfile.REGTYPE) -> Path:
    """The backup with one more or another member."""
    with tarfile.open(kept / "house.backup") as old, tarfile.open(to, "w:gz") as new:
        for entry in old:
            if entry.name != name:
                new.addfile(entry, old.extractfile(entry))
        entry = tarfile.TarInfo(name)
        entry.size, entry.type = len(raw), kind
        new.addfile(entry, io.BytesIO(raw))
    return to


@pytest.mark.parametrize("name", ["house/../../out", "/etc/passwd", "house/site/x", "other", "house/content/../../x"])
def test_nothing_is_unpacked_outside_of_the_house(kept: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(BackupError, match="does not belong"):
        stage(repack(kept, tmp_path / "bad", name, b"x"), tmp_path / "stage")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad"]


def test_a_changed_byte_and_a_newer_version_are_told(kept: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"damaged: house/bulletin\.toml"):
        stage(repack(kept, tmp_path / "bad", "house/bulletin.toml", b"x"), tmp_path / "stage")
    with pytest.raises(BackupError, match="does not belong"):
        stage(repack(kept, tmp_path / "link", "house/content/x", b"", tarfile.SYMTYPE), tmp_path / "stage")
    staged = stage(kept / "house.backup", tmp_path / "stage")
    about = json.loads((staged.folder / "bulletin-backup.json").read_bytes()) | {"schema": "9999"}
    with pytest.raises(BackupError, match=r"damaged|newer version"):
        stage(
            repack(kept, tmp_path / "newer", "bulletin-backup.json", json.dumps(about).encode()), tmp_path / "stage-2"
        )


def test_a_sealed_backup_opens_with_its_passphrase_alone(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "right").write_text("a long passphrase\n")
    (tmp_path / "wrong").write_text("another one\n")
    file = str(tmp_path / "sealed")
    desk.ok("backup", file, "--passphrase-file", str(tmp_path / "right"))
    assert HEAD.encode() not in Path(file).read_bytes()
    assert "Give the file" in desk.run("restore", file, "--yes").output
    assert "another one" in desk.run("restore", file, "--yes", "--passphrase-file", str(tmp_path / "wrong")).output
    desk.ok("restore", file, "--yes", "--passphrase-file", str(tmp_path / "right"))
    assert shown(desk, HEAD)["subscriber"]


def test_a_sealed_file_that_lost_its_end_or_a_piece_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "COST", 16)  # it is dear on purpose
    out = io.BytesIO()
    sealer = Sealer(out, "x")
    sealer.write(bytes(2_500_000))
    sealer.close()
    raw = out.getvalue()
    assert Opener(io.BytesIO(raw), "x").read() == bytes(2_500_000)
    piece = 1024 * 1024 + 16
    for broken in (raw[:-1], raw[: 34 + 2 * piece], raw[:34] + raw[34 + piece :], raw[:-5] + b"\0" + raw[-4:]):
        with pytest.raises(BackupError, match=r"damaged|passphrase"):
            Opener(io.BytesIO(broken), "x").read()


@pytest.mark.parametrize("place", ["var/x.backup", "content/x", "site/x"])
def test_a_backup_is_not_written_into_what_it_holds(desk: Desk, place: str) -> None:
    told = desk.run("backup", str(desk.house / place))
    assert told.exit_code == 1 and not (desk.house / place).exists()


def test_a_backup_made_while_letters_leave_sends_nobody_anything_twice(
    tmp_path: Path, server: tuple[Inbox, int]
) -> None:
    inbox, port = server
    desk = Desk(make_house(tmp_path / "house"), over_smtp(port))
    desk.subscribe({f"reader{n}@home.co.uk": "" for n in range(8)})
    settings = load(desk.house, None, {})
    backups: list[Path] = []
    sent = inbox.letters

    class Midway(list[tuple[str, bytes]]):
        """The server itself makes the backup after some letters: the sending is in the middle of its work."""

        def __iadd__(self, more: object) -> Midway:  # type: ignore[override, misc]
            super().__iadd__(more)  # type: ignore[operator]
            if len(self) == 4 and not backups:
                backups.append(make(settings, tmp_path / "midway.backup", now=WHEN).file)
            return self

    inbox.letters = Midway(sent)
    desk.ok("send", "weekly", "2025-01-14", "--now", NOW, "--yes")
    assert len(inbox.addresses) == 8 and backups
    desk.ok("restore", str(backups[0]), "--yes")
    desk.run("resume", "weekly-2025-01-14")
    assert len(inbox.addresses) == 8
    # The house is lost altogether: what may have left is in doubt, and only a person's word sends it.
    shutil.rmtree(tmp_path / "house")
    done = desk.json("restore", str(backups[0]))
    assert 1 <= done["in_doubt"] <= 8 and done["waiting"] == ["weekly-2025-01-14"]
    desk.run("resume", "weekly-2025-01-14")
    assert len(inbox.addresses) == 8


def test_what_was_cut_off_is_finished_by_the_same_command_and_nothing_else_works_until_then(
    kept: Path, desk: Desk
) -> None:
    (desk.house / JOURNAL).write_text(json.dumps({"stamp": "x", "url": ""}))
    assert "Finish it: bulletin restore" in desk.run("subscribers", "show", HEAD).output
    assert "finished" in desk.ok("restore").output
    assert shown(desk, HEAD)["subscriber"]


@pytest.mark.parametrize("steps", range(5))
def test_cut_off_after_any_step_the_house_is_finished_and_never_half(
    kept: Path, desk: Desk, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk.house / "content/weekly/2025-01-14/calm-starts.md").unlink()
    real, done = restoring._swap, []

    def swap(*where: Path) -> None:
        if len(done) == steps:
            raise KeyboardInterrupt
        done.append(where)
        real(*where)

    monkeypatch.setattr(restoring, "_swap", swap)
    if steps < 4:
        with pytest.raises(KeyboardInterrupt):
            restore(desk.house, kept / "house.backup", now=WHEN, yes=True)
        assert "cut off" in desk.run("subscribers", "show", HEAD).output
        monkeypatch.undo()
    restore(desk.house, kept / "house.backup", now=WHEN, yes=True)
    assert files(desk.house) == files(kept / "house") and shown(desk, HEAD)["subscriptions"]


def test_a_house_moves_from_sqlite_to_postgresql_and_no_refusal_is_lost_there(
    kept: Path, tmp_path: Path, postgresql_server: str
) -> None:
    there = Desk(tmp_path / "new", {"DATABASE_URL": made_postgresql(postgresql_server)})
    there.house.mkdir()
    there.ok("restore", str(kept / "house.backup"))
    assert shown(there, HEAD) == shown(Desk(kept / "house"), HEAD)
    there.subscribe({"later@home.co.uk": ""})
    there.ok("backup", str(tmp_path / "from-postgresql"))
    there.ok("subscribers", "remove", HEAD)
    done = there.json("restore", str(tmp_path / "from-postgresql"), "--yes")
    assert done["noes"] and all(one["ended_at"] for one in shown(there, HEAD)["subscriptions"])
    number = shown(there, "later@home.co.uk")["subscriber"]["number"]
    there.subscribe({"after@home.co.uk": ""})
    assert shown(there, "after@home.co.uk")["subscriber"]["number"] > number
    back = Desk(tmp_path / "back")
    back.house.mkdir()
    back.ok("restore", str(tmp_path / "from-postgresql"))
    assert shown(back, "later@home.co.uk")["subscriber"]["number"] == number


def test_restoring_twice_is_the_same_as_once(kept: Path, desk: Desk) -> None:
    first = restore(desk.house, kept / "house.backup", now=WHEN, yes=True)
    again = restore(desk.house, kept / "house.backup", now=WHEN.replace(minute=1), yes=True)
    assert first.kept and again.kept and first.kept != again.kept
    assert files(desk.house) == files(kept / "house")


def test_no_letter_about_an_act_leaves_again_by_itself_and_nobody_is_late_twice(desk: Desk, tmp_path: Path) -> None:
    register = open_register(load(desk.house, None, {}))
    with db.writing(register.engine) as connection:
        notes.keep(connection, "confirm", HEAD, b"x", now=datetime.now(UTC))
    register.engine.dispose()
    desk.ok("send", "weekly", "2025-01-14", "--yes", "--now", NOW)
    desk.ok("backup", str(tmp_path / "later.backup"))
    fresh = Desk(tmp_path / "fresh")
    restore(fresh.house, tmp_path / "later.backup", now=WHEN)
    counts = fresh.json("notes")
    assert (counts["queued"], counts["in_doubt"]) == (0, 1)
    register = open_register(load(fresh.house, None, {}))
    later = datetime(2025, 1, 14, 15, tzinfo=UTC)
    with db.reading(register.engine) as connection:
        assert [one.control for one in books.mailings(connection)] == ["paused"]
    assert not is_due(register.engine, later, later.date(), late=True)
    register.engine.dispose()
