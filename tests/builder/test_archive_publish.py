"""R12: a crawler sees the old or the new site, never a mixture; a kill at any instant leaves the old or the new."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from builder import publish as publishing
from builder.publish import UnsafePath, publish

ROOT = Path(__file__).parents[2]
FILES = 40


def edition(name: str) -> list[tuple[str, bytes]]:
    return [(f"pages/{n}/index.html", f"{name} {n}".encode()) for n in range(FILES)]


def names_in(site: Path) -> set[str]:
    return {file.read_text().split()[0] for file in site.rglob("index.html")}


def everything(site: Path) -> dict[str, bytes]:
    return {str(file.relative_to(site)): file.read_bytes() for file in site.rglob("*") if file.is_file()}


@pytest.fixture(params=["exchange", "two renames"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The kernel's exchange, and what is done where there is none."""
    if request.param == "two renames":
        monkeypatch.setattr(publishing, "_exchange", lambda *_: False)
    return str(request.param)


@pytest.mark.usefixtures("either_way")
def test_the_site_holds_exactly_what_was_published(tmp_path: Path) -> None:
    site = tmp_path / "site"
    assert publish(edition("old"), site) == FILES
    assert publish([*edition("new")[1:], ("a.txt", b"a")], site) == FILES
    assert everything(site) == dict([*edition("new")[1:], ("a.txt", b"a")])
    assert [found.name for found in tmp_path.iterdir()] == ["site"]


def test_a_file_with_the_same_bytes_stays_the_same_file(tmp_path: Path) -> None:
    site = tmp_path / "site"
    publish([("same", b"1"), ("other", b"1")], site)
    before = (site / "same").stat()
    publish([("same", b"1"), ("other", b"2")], site)
    assert (site / "same").stat().st_ino == before.st_ino and (site / "other").read_bytes() == b"2"


@pytest.mark.parametrize("path", ["../out", "/etc/out", "a/../../out", "a\\..\\out", "", "a\0b"])
def test_no_path_leads_out_of_the_site(tmp_path: Path, path: str) -> None:
    site = tmp_path / "in" / "site"
    publish([("here", b"old")], site)
    with pytest.raises(UnsafePath):
        publish([("here", b"new"), (path, b"x")], site)
    assert everything(tmp_path) == {"in/site/here": b"old"}


@pytest.mark.usefixtures("either_way")
def test_what_goes_wrong_midway_leaves_the_old_site(tmp_path: Path) -> None:
    def failing() -> object:
        yield "here", b"new"
        raise OSError(28, "No space left on device")

    site = tmp_path / "site"
    publish([("here", b"old")], site)
    with pytest.raises(OSError, match="No space"):
        publish(failing(), site)  # type: ignore[arg-type]
    assert everything(tmp_path) == {"site/here": b"old"}


def test_a_failed_second_rename_brings_the_old_site_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    publish([("here", b"old")], site)
    monkeypatch.setattr(publishing, "_exchange", lambda *_: False)
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.name == ".site.new":
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="Input/output"):
        publish([("here", b"new")], site)
    assert everything(tmp_path) == {"site/here": b"old"}


def test_a_reader_never_meets_half_a_site(tmp_path: Path) -> None:
    """A folder held open shows one edition from its first file to its last, however often the site is swapped."""
    site = tmp_path / "site"
    publish(edition("0"), site)
    done, mixed, visits = threading.Event(), [], []

    def read() -> None:
        while not done.is_set():
            folder = os.open(site, os.O_RDONLY)
            try:
                pages = [_read_in(folder, f"pages/{n}/index.html") for n in range(FILES)]
            except FileNotFoundError:  # the old folder was swept while it was read: not a page of the wrong edition
                pages = []
            finally:
                os.close(folder)
            visits.append(len(pages))
            if len({page.split()[0] for page in pages}) > 1:
                mixed.append(pages)

    reader = threading.Thread(target=read)
    reader.start()
    for round_ in range(1, 30):
        publish(edition(str(round_)), site)
        assert (site / "pages/0/index.html").is_file()
    done.set()
    reader.join()
    assert not mixed and FILES in visits


def _read_in(folder: int, path: str) -> str:
    handle = os.open(path, os.O_RDONLY, dir_fd=folder)
    try:
        return os.read(handle, 100).decode()
    finally:
        os.close(handle)


KILLED = """
import os, signal, sys
from pathlib import Path
from builder import publish as publishing
site, when, plain = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "plain"
if plain:
    publishing._exchange = lambda *_: False
WATCHED = {"os.mkdir", "open", "os.rename", "os.link", "os.rmdir", "os.remove", "ctypes.call_function"}
calls = 0
def watch(event, arguments):
    global calls
    if event in WATCHED and ".site." in str(arguments):
        calls += 1
        if calls == when:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
publishing.publish([(f"pages/{n}/index.html", f"new {n}".encode()) for n in range(4)], site)
"""


@pytest.mark.parametrize("way", ["exchange", "plain"])
def test_killed_at_any_call_the_old_or_the_new_site_stands_and_the_next_run_sweeps(tmp_path: Path, way: str) -> None:
    site, killed, gone = tmp_path / "site", 0, 0
    for when in range(1, 60):
        publish([(f"pages/{n}/index.html", f"old {n}".encode()) for n in range(4)], site)
        run = subprocess.run([sys.executable, "-c", KILLED, str(site), str(when), way], cwd=ROOT, check=False)
        if run.returncode == 0:
            break
        assert run.returncode == -signal.SIGKILL
        killed += 1
        gone += not site.exists()
        if site.exists():
            assert names_in(site) in ({"old"}, {"new"}) and len(list(site.rglob("index.html"))) == 4
    assert run.returncode == 0 and killed > 10
    assert names_in(site) == {"new"} and [found.name for found in tmp_path.iterdir()] == ["site"]
    # Where nothing can exchange two names, the site is away between the two renames; the next run puts it back.
    assert gone == (way == "plain")


def test_a_site_that_was_away_comes_back_before_anything_else(tmp_path: Path) -> None:
    site = tmp_path / "site"
    publish([("here", b"old")], site)
    site.rename(tmp_path / ".site.old")
    with pytest.raises(UnsafePath):
        publish([("..", b"")], site)
    assert everything(tmp_path) == {"site/here": b"old"}


def test_two_publishers_take_turns(tmp_path: Path) -> None:
    site = tmp_path / "site"

    def slowly(name: str) -> object:
        for file in edition(name):
            time.sleep(0.002)
            yield file

    threads = [threading.Thread(target=publish, args=(slowly(str(n)), site)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names_in(site)) == 1 and len(everything(site)) == FILES
    assert [found.name for found in tmp_path.iterdir()] == ["site"]
