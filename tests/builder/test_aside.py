"""Work in another process: the same outcome wherever it is done, and whatever becomes of that process."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest

from builder.aside import WORTH, Aside, shared
from builder.walk import Walking, walk


def test_the_outcome_comes_back_from_another_process() -> None:
    process, words = Aside(lambda: (os.getpid(), ("a", b"b", 1.5, None)))()
    assert process != os.getpid() and words == ("a", b"b", 1.5, None)


def test_what_fails_there_fails_here_where_it_can_be_told() -> None:
    def work() -> object:
        raise ValueError(os.getpid())

    with pytest.raises(ValueError, match=str(os.getpid())):
        Aside(work)()


@pytest.mark.parametrize("end", [lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: os._exit(0)])
def test_what_is_killed_there_is_done_here(end: Callable[[], None]) -> None:
    here = os.getpid()

    def work() -> int:
        if os.getpid() != here:
            end()
        return 7

    assert Aside(work)() == 7


def test_a_process_with_other_threads_is_not_forked() -> None:
    """One of them may hold a lock that nobody would ever open."""
    done = Event()
    thread = Thread(target=done.wait)
    thread.start()
    try:
        assert Aside(os.getpid)() == os.getpid()
    finally:
        done.set()
        thread.join()


def test_tasks_are_shared_and_their_outcomes_stand_in_order() -> None:
    def task(number: int) -> tuple[int, int]:
        return number, os.getpid()

    count = 40 * WORTH
    found = shared([partial(task, n) for n in range(count)], 2)
    assert [number for number, _ in found] == list(range(count))
    assert len({process for _, process in shared([partial(task, n) for n in range(count)], 1)}) == 1


def test_tasks_of_a_process_that_was_killed_are_done_all_the_same() -> None:
    here = os.getpid()

    def task(number: int) -> int:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    assert shared([partial(task, n) for n in range(3 * WORTH)], 3) == list(range(3 * WORTH))


# --- the walk --------------------------------------------------------------------------------------------------------


@pytest.fixture
def content(tmp_path: Path) -> Path:
    files = (
        "weekly/2025-01-14/one.md",
        "weekly/2025-01-14/images/a.png",
        "weekly/words.md",
        "documents/plan.md",
        ".git/x",
    )
    for name in files:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
        os.utime(file, (1_700_000_000, 1_700_000_000))
    return tmp_path


def test_a_walk_in_another_process_sees_the_same(content: Path) -> None:
    seen = walk(str(content))
    assert list(seen.folders) == ["weekly/2025-01-14"] and all(seen.folders.values()) and seen.others
    assert Walking(str(content)).seen() == seen


def test_an_edition_and_all_else_have_signatures_of_their_own(content: Path) -> None:
    before = walk(str(content))
    os.utime(content / "weekly/2025-01-14/images/a.png", (1_700_000_001, 1_700_000_001))
    after = walk(str(content))
    assert before.folders != after.folders and before.others == after.others
    (content / "documents/plan.md").unlink()
    assert walk(str(content)).others != after.others
    os.utime(content / ".git/x")
    assert walk(str(content)).folders == after.folders


def test_what_is_too_new_has_no_signature(content: Path) -> None:
    (content / "weekly/2025-01-14/one.md").write_text("It may change again within the same tick of the clock.")
    seen = walk(str(content))
    assert seen.folders == {"weekly/2025-01-14": b""} and seen.others


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert walk(str(tmp_path / "nowhere")).folders == {}
