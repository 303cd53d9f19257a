"""Item 8: only what changed is rendered and written, and the bytes are those of a full build, whatever was done before."""

from __future__ import annotations

import gzip
import json
import random
import shutil
import signal
import subprocess
import sys
from datetime import date, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from msgspec.structs import replace

from builder.archive import archive, build
from builder.archive.manifest import digest, manifest
from builder.model import BuilderError
from tests.builder.changing import Changing
from tests.builder.written import ZONE, item, open_written, picture, write_house
from tests.editions import ROOT

WEEK = "weekly/2025-01-14"


def held(site: Path) -> dict[str, bytes]:
    return {file.relative_to(site).as_posix(): file.read_bytes() for file in site.rglob("*") if file.is_file()}


def make(root: Path, now: datetime = datetime(2025, 1, 22, 9, tzinfo=ZONE), **more: object) -> object:
    press = open_written(root, now=now)
    try:
        return build(press, root / "site", **more)  # type: ignore[arg-type]
    finally:
        press.close()


@pytest.fixture
def house(tmp_path: Path) -> Path:
    files: dict[str, str | bytes] = {
        f"{WEEK}/{name}.md": item(name, f"About {name}.") for name in ("one", "two", "three")
    }
    files |= {"weekly/2025-01-07/before.md": item("Before"), "weekly/2025-01-21/after.md": item("After")}
    return write_house(tmp_path / "house", files)


def walk(folder: Path, seed: int, steps: int) -> tuple[int, int]:
    """Builds after every change and compares with a full build; how often it did, and how often content was refused."""
    changing = Changing(folder / "house", random.Random(seed))
    changing.begin()
    changing.remember()
    compared = refused = 0
    for _ in range(steps):
        changing.step()
        whole = open_written(changing.root, now=changing.now, kept=folder / "whole")
        try:
            wanted: dict[str, bytes] | None = dict(archive(whole, strict=True))
        except BuilderError:
            wanted = None
        whole.close()
        before = held(changing.root / "site")
        try:
            make(changing.root, changing.now)
        except BuilderError:
            assert wanted is None, (seed, changing.moves)
            assert held(changing.root / "site") == before
            refused += 1
            if changing.chance.random() < 0.8:
                changing.take_back()
            continue
        found = held(changing.root / "site")
        differ = sorted(path for path in {*found, *(wanted or {})} if found.get(path) != (wanted or {}).get(path))
        assert wanted is not None and not differ, (seed, changing.moves, differ)
        changing.remember()
        compared += 1
    return compared, refused


@pytest.mark.parametrize("seed", range(2))
def test_any_chain_of_builds_gives_the_bytes_of_a_full_one(tmp_path: Path, seed: int) -> None:
    compared, _ = walk(tmp_path, seed, 16)
    assert compared > 5


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(100, 125))
def test_a_thousand_edits_and_more_give_the_bytes_of_a_full_build(tmp_path: Path, seed: int) -> None:
    compared, refused = walk(tmp_path, seed, 60)
    assert compared + refused == 60 and compared > 25


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(4))
def test_editions_of_years_added_edited_and_taken_away_give_the_bytes_of_a_full_build(
    tmp_path: Path, seed: int
) -> None:
    """Over the ends of months, half-years and years, when the words of the search move from file to file."""
    chance, day = random.Random(seed), date(2022, 9, 6)
    root, days = tmp_path / "house", []
    vocabulary = [f"{chance.choice('abcdefghijklmnoprstuvw')}{n}th" for n in range(600)]
    for _ in range(110):
        day += timedelta(weeks=chance.choice((1, 1, 1, 1, 2, 5)))
        days.append(day)
        write_house(root, {f"weekly/{day}/x-{day}.md": item(f"Of {day}", " ".join(chance.choices(vocabulary, k=60)))})
        if chance.random() < 0.3:
            old = chance.choice(days)
            write_house(root, {f"weekly/{old}/x-{old}.md": item("Again", " ".join(chance.choices(vocabulary, k=60)))})
        if chance.random() < 0.1:
            shutil.rmtree(root / "content" / "weekly" / str(days.pop(chance.randrange(len(days)))))
        now = datetime(day.year, day.month, day.day, 20, tzinfo=ZONE)
        make(root, now)
        if chance.random() < 0.2 or day.month in (1, 2, 7):
            press = open_written(root, now=now, kept=tmp_path / "whole")
            assert dict(archive(press)) == held(root / "site"), (seed, day)
            press.close()
    assert all(files_of_search(root / "site")[name] for name in ("old", "month"))


def test_nothing_is_written_when_nothing_has_changed(house: Path) -> None:
    first = make(house)
    assert first.written == first.files > 20  # type: ignore[attr-defined]
    stood = {path: (house / "site" / path).stat().st_ino for path in held(house / "site")}
    again = make(house)
    assert (again.rendered, again.written) == (0, 0)  # type: ignore[attr-defined]
    assert stood == {path: (house / "site" / path).stat().st_ino for path in held(house / "site")}


def test_an_edited_item_touches_little(house: Path) -> None:
    make(house)
    before = held(house / "site")
    path = house / "content" / WEEK / "two.md"
    path.write_text(path.read_text() + "\nA second paragraph.\n")
    outcome = make(house)
    after = held(house / "site")
    changed = {name for name in after if after[name] != before.get(name)}
    assert outcome.written == len(changed)  # type: ignore[attr-defined]
    assert {"items/two/index.html", "editions/2025-01-14/index.html", "feed.xml"} <= changed
    assert not {"items/one/index.html", "items/before/index.html", "editions/index.html", "style.css"} & changed


def test_what_was_announced_years_ago_and_is_still_ahead_is_told_as_it_is_now(house: Path) -> None:
    event = item("Far ahead", kind="event", starts="14 July 2025", audience="primary")
    write_house(house, {"weekly/2022-01-11/far.md": event})
    make(house)
    write_house(house, {"weekly/2022-01-11/far.md": event.replace("Far ahead", "Nearer now")})
    make(house)
    for page in ("events", "for/primary"):
        text = (house / "site" / page / "index.html").read_text()
        assert "Nearer now" in text and "Far ahead" not in text


def test_a_line_in_the_register_changes_the_site_when_nothing_else_did(house: Path) -> None:
    register = house / "content" / "permalinks.txt"
    register.write_text("2025-01-01 items/old/ -> items/one/\n")
    make(house)
    register.write_text("2025-01-01 items/old/ -> items/two/\n")
    make(house)
    assert b"items/two/" in (house / "site" / "items" / "old" / "index.html").read_bytes()


@pytest.mark.parametrize("gone", [f"{WEEK}/two.md", WEEK])
def test_what_is_deleted_is_gone_from_every_file(house: Path, gone: str) -> None:
    path = house / "content" / WEEK / "two.md"
    path.write_text(
        item("Zanzibar", "Zanzibar", kind="event", starts="1 March 2025", school="").replace("school: \n", "")
    )
    make(house)
    assert b"Zanzibar" in b"".join(held(house / "site").values())
    target = house / "content" / gone
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    make(house)
    site = held(house / "site")
    assert b"zanzibar" not in b"".join([*site.values(), *(path.encode() for path in site)]).lower()
    assert not (house / "site" / "items" / "two").exists()


def test_a_lost_cache_a_lost_site_and_a_strange_site_are_mended(house: Path) -> None:
    make(house)
    wanted = held(house / "site")
    shutil.rmtree(house / "var")
    make(house)
    assert held(house / "site") == wanted
    shutil.rmtree(house / "site")
    make(house)
    assert held(house / "site") == wanted
    shutil.copytree(house / "site", house / "copy")
    shutil.rmtree(house / "site")
    (house / "copy" / "items" / "one" / "index.html").write_text("Something else")
    (house / "copy").rename(house / "site")
    make(house)
    assert held(house / "site") == wanted


def test_a_full_build_mends_what_somebody_did_to_the_site(house: Path) -> None:
    make(house)
    wanted = held(house / "site")
    (house / "site" / "items" / "one" / "index.html").unlink()
    (house / "site" / "stray.txt").write_text("x")
    make(house, full=True)
    assert held(house / "site") == wanted


def test_the_manifest_names_every_file_with_its_hash(house: Path) -> None:
    make(house)
    told = manifest(house / "site", house / "var" / "cache")
    assert told == {path: digest(content) for path, content in held(house / "site").items()}
    path = house / "content" / WEEK / "two.md"
    path.write_text(path.read_text() + "\nMore.\n")
    make(house)
    told = manifest(house / "site", house / "var" / "cache")
    assert told == {path: digest(content) for path, content in held(house / "site").items()}
    shutil.rmtree(house / "var")
    assert manifest(house / "site", house / "var" / "cache") == told


@pytest.mark.parametrize("jobs", [1, 3])
def test_an_address_that_two_pages_ask_for_belongs_to_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    """A page of the house's own may ask for a list's; whichever process makes which, the list stands there."""
    from builder import aside

    monkeypatch.setattr(aside, "WORTH", 1)
    document = "---\ntitle: {}\nsummary: A sentence about it.\n---\nWords.\n"
    files = {"documents/plan.md": document.format("The plan"), "pages/documents.md": document.format("Not the list")}
    root = write_house(tmp_path / "house", {"weekly/2025-01-14/one.md": item("One"), **files})
    make(root, jobs=jobs)
    shown = (root / "site" / "documents" / "index.html").read_text("utf-8")
    assert "The plan" in shown and "<h1>Not the list" not in shown
    assert dict(archive(open_written(root, kept=tmp_path / "whole"))) == held(root / "site")


def test_several_processes_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from builder.archive import workers

    files: dict[str, str | bytes] = {"weekly/2025-01-07/a.png": picture()}
    for day in ("01", "02", "03", "07"):
        files |= {
            f"weekly/2025-01-{day}/x-{day}-{n}.md": item(f"Item {n}", "![x](a.png)" if day == "07" else "")
            for n in range(3)
        }
    root = write_house(tmp_path / "house", files)
    make(root, jobs=1)
    alone = held(root / "site")
    shutil.rmtree(root / "site")
    shutil.rmtree(root / "var")
    monkeypatch.setattr(workers, "WORTH", 1)
    make(root, jobs=3)
    assert held(root / "site") == alone


KILLED = """
import os, signal, sys
from pathlib import Path
from builder.archive import build, workers
from tests.builder.written import open_written

workers.WORTH = 1
workers.Team.render = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
root = Path(sys.argv[1])
build(open_written(root), root / "site", jobs=3)
"""


def test_the_other_processes_of_a_killed_build_end_and_the_next_build_goes_on(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"weekly/2025-01-{day:02}/x-{day}.md": item(f"Item {day}") for day in range(1, 9)}
    root = write_house(tmp_path / "house", files)
    killed = subprocess.run([sys.executable, "-c", KILLED, root], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    again = [sys.executable, "-m", "desk.cli", "-C", root, "build", "--archive", "--now", "2025-01-22T09:00"]
    subprocess.run(again, cwd=ROOT, check=True, timeout=60, stdout=subprocess.DEVNULL)
    assert (root / "site/index.html").is_file()


def test_a_new_week_leaves_the_words_of_earlier_months_alone(tmp_path: Path) -> None:
    weeks = ("2023-12-05", "2024-12-10", "2025-01-07", "2025-02-04")
    files: dict[str, str | bytes] = {f"weekly/{day}/x-{day}.md": item(f"Item of {day}") for day in weeks}
    root = write_house(tmp_path / "house", files)
    make(root, datetime(2025, 3, 3, tzinfo=ZONE))
    before = files_of_search(root / "site")
    assert all(before[name] for name in ("old", "last", "year", "month"))
    write_house(root, {"weekly/2025-02-11/fresh.md": item("A fresh item")})
    make(root, datetime(2025, 3, 3, tzinfo=ZONE))
    after = files_of_search(root / "site")
    assert (after["last"], after["year"]) == (before["last"], before["year"])
    assert not after["month"] & before["month"] and len(after["old"] - before["old"]) <= 1


def files_of_search(site: Path) -> dict[str, set[str]]:
    index = json.loads(gzip.decompress((site / "search/index.bin").read_bytes()))
    return {tier["name"]: {stem for stem, _, _ in tier["f"]} for tier in index["tiers"]}


@pytest.mark.parametrize("fault", ["{{ item.nothing }}", "{{ unfinished"])
def test_a_faulty_template_is_told_with_its_place_whichever_process_meets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    from builder.archive import workers

    monkeypatch.setattr(workers, "WORTH", 1)
    monkeypatch.setattr(workers, "AT_ONCE", 1)
    files: dict[str, str | bytes] = {f"weekly/2025-01-{day:02}/x-{day}.md": item(f"Item {day}") for day in range(1, 9)}
    root = write_house(tmp_path / "house", files)
    (root / "templates/web").mkdir(parents=True)
    (root / "templates/web/item.html").write_text(f"Words\n{fault}\n")
    press = replace(open_written(root), search=(root / "templates", *open_written(root).search))
    with pytest.raises(BuilderError) as told:
        build(press, root / "site", jobs=2)
    assert {(f.file, f.line) for f in told.value.findings} == {("templates/web/item.html", 2)}


def test_what_blocks_is_told_and_the_old_site_stays(house: Path) -> None:
    make(house)
    before = held(house / "site")
    (house / "content" / WEEK / "bad.md").write_text(item("Bad", "![x](none.png)", audience="nobody"))
    with pytest.raises(BuilderError) as told:
        make(house)
    assert {finding.code for finding in told.value.findings} == {"unknown-audience", "bad-image"}
    assert held(house / "site") == before
    (house / "content" / WEEK / "bad.md").unlink()
    make(house)
    assert held(house / "site") == before


def test_a_build_that_dies_leaves_a_state_that_the_next_one_trusts_only_if_it_may(house: Path) -> None:
    """Killed between the swap and the last step: the state that was prepared is the site's."""
    from builder.archive import kept

    make(house)
    path = house / "content" / WEEK / "two.md"
    path.write_text(path.read_text() + "\nMore.\n")
    make(house)
    folder = house / "var" / "cache" / kept.FOLDER
    (folder / kept.STATE).rename(folder / kept.PENDING)
    assert make(house).written == 0  # type: ignore[attr-defined]
    path.write_text(path.read_text() + "\nStill more.\n")
    make(house)
    assert held(house / "site") == dict(archive(open_written(house, kept=house / "other")))


def test_after_a_large_change_the_spare_tree_is_mended_at_once(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("builder.archive.build"), "MANY", 0)
    make(house)
    path = house / "content" / WEEK / "two.md"
    for words in ("More.", "Still more.", "And more."):
        path.write_text(path.read_text() + f"\n{words}\n")
        make(house)
        assert held(house / ".site.spare") == held(house / "site")
        assert held(house / "site") == dict(archive(open_written(house, kept=house / "other")))
