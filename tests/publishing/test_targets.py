"""One suite for every kind of target: what is sent, in what order, and what stays whole when things go wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builder.archive.manifest import manifest
from desk.publishing.plan import Record, compare, read_record
from desk.publishing.run import Published, publish
from desk.publishing.target import Seen, Target, TargetError, TargetGone
from desk.publishing.turns import turn_of
from tests.publishing.places import OnDisk, Place, Stored

FIRST = {
    "index.html": b"home 1",
    "items/a/index.html": b"a 1",
    "items/b/index.html": b"b 1",
    "images/x.png": b"png",
    "style.css": b"css",
    "feed.xml": b"feed 1",
}
SECOND = {**FIRST, "index.html": b"home 2", "items/c/index.html": b"c", "images/y.png": b"png 2", "feed.xml": b"feed 2"}
del SECOND["items/b/index.html"]


def build(site: Path, files: Mapping[str, bytes]) -> dict[str, str]:
    for old in [p for p in site.rglob("*") if p.is_file()]:
        old.unlink()
    for path, content in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(content)
    return manifest(site, site.parent / "kept")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    return tmp_path / "site"


def go(place: Place, site: Path, files: Mapping[str, bytes], **how: bool) -> Published:
    return publish(build(site, files), place.target(site), **how)


def test_what_is_there_is_what_was_built_and_only_differences_are_sent(place: Place, site: Path) -> None:
    first = go(place, site, FIRST)
    assert place.files() == FIRST and first.plan.sent == 6
    assert go(place, site, FIRST).plan.nothing
    second = go(place, site, SECOND)
    assert place.files() == SECOND
    assert second.plan.new == ("images/y.png", "items/c/index.html")
    assert second.plan.changed == ("feed.xml", "index.html")
    assert second.plan.gone == ("items/b/index.html",) and second.plan.unchanged == 3


def test_a_dry_run_says_the_same_and_changes_nothing(place: Place, site: Path) -> None:
    go(place, site, FIRST)
    before = place.record()
    dry = go(place, site, SECOND, dry_run=True)
    assert place.files() == FIRST and place.record() == before
    assert dry.plan == go(place, site, SECOND).plan


def test_what_somebody_edited_there_is_mended_and_their_own_files_are_left_alone(place: Place, site: Path) -> None:
    go(place, site, FIRST)
    place.write("index.html", b"somebody was here")
    place.write("google123.html", b"a stranger")
    assert go(place, site, FIRST).plan.nothing
    looked = go(place, site, FIRST, verify=True)
    assert looked.edited == ("index.html",) and looked.strangers == ("google123.html",)
    assert place.files() == {**FIRST, "google123.html": b"a stranger"}
    assert go(place, site, SECOND).plan.sent == 4
    assert place.files() == {**SECOND, "google123.html": b"a stranger"}


@pytest.mark.parametrize("raw", [b"not json", b'{"version": 1, "files": {"../../x": ["", ""]}}'])
def test_a_record_that_cannot_be_read_means_send_everything_and_delete_nothing(
    place: Place, site: Path, raw: bytes
) -> None:
    go(place, site, FIRST)
    place.record(raw)
    done = go(place, site, SECOND)
    assert done.plan.gone == () and done.plan.sent == len(SECOND)
    assert place.files().items() >= SECOND.items()


def test_nothing_is_published_without_a_home_page(place: Place, site: Path) -> None:
    go(place, site, FIRST)
    with pytest.raises(TargetError, match="no home page"):
        go(place, site, {"items/a/index.html": b"a"})
    assert place.files() == FIRST


def test_a_site_that_lost_most_of_its_pages_is_not_published_unasked(tmp_path: Path, site: Path) -> None:
    place = OnDisk(tmp_path / "www")
    many = {**FIRST, **{f"items/n{n}/index.html": b"n" for n in range(40)}}
    go(place, site, many)
    with pytest.raises(TargetError, match="40 of 46 files"):
        go(place, site, FIRST)
    assert place.files() == many
    go(place, site, FIRST, many=True)
    assert place.files() == FIRST


@dataclass
class Watched:
    """A real target whose every act is written down; it goes away after so many files."""

    inner: Target
    patience: int = 1_000_000
    acts: list[str] = field(default_factory=list)

    def record(self) -> bytes | None:
        return self.inner.record()

    def keep_record(self, raw: bytes) -> None:
        self.inner.keep_record(raw)

    def send(self, paths: Sequence[str]) -> Iterator[tuple[str, str]]:
        for path in paths:
            self.patience -= 1
            if self.patience < 0:
                raise TargetGone("The host went away.")
            for done in self.inner.send([path]):
                self.acts.append(f"+{path}")
                yield done

    def drop(self, paths: Sequence[str]) -> None:
        self.inner.drop(paths)
        self.acts += [f"-{path}" for path in paths]

    def look(self, marks: Mapping[str, str]) -> Seen:
        return self.inner.look(marks)

    def close(self) -> None:
        self.inner.close()


def test_new_files_come_before_the_pages_that_lead_to_them_and_deletions_last(place: Place, site: Path) -> None:
    go(place, site, FIRST)
    watched = Watched(place.target(site))
    publish(build(site, SECOND), watched)
    assert watched.acts == ["+images/y.png", "+items/c/index.html", "+index.html", "+feed.xml", "-items/b/index.html"]


@pytest.mark.parametrize("after", [1, 3])
def test_a_target_that_goes_away_is_told_stays_whole_and_the_next_run_goes_on(
    place: Place, site: Path, after: int
) -> None:
    go(place, site, FIRST)
    watched = Watched(place.target(site), patience=after)
    with pytest.raises(TargetGone, match=f"{after} of 4 files arrived"):
        publish(build(site, SECOND), watched)
    there = place.files()
    assert there.keys() >= FIRST.keys()
    assert all(content in (FIRST.get(path), SECOND.get(path)) for path, content in there.items())
    assert go(place, site, SECOND).plan.sent == 4 - after
    assert place.files() == SECOND


def test_going_back_after_a_half_done_publishing_leaves_nothing_of_it(place: Place, site: Path) -> None:
    go(place, site, FIRST)
    with pytest.raises(TargetGone):
        publish(build(site, SECOND), Watched(place.target(site), patience=3))
    go(place, site, FIRST)
    assert place.files() == FIRST


def test_another_machine_is_refused_until_it_is_said_to_take_over(place: Place, site: Path, tmp_path: Path) -> None:
    moment = datetime(2025, 1, 14, 10, tzinfo=UTC)

    def as_(machine: str, files: Mapping[str, bytes], *, take_over: bool = False, dry_run: bool = False) -> Published:
        turn = turn_of(tmp_path / machine, "web", moment, take_over=take_over)
        return publish(build(site, files), place.target(site), turn=turn, dry_run=dry_run)

    as_("first", FIRST)
    assert as_("first", FIRST).plan.nothing
    for how in (False, True):
        with pytest.raises(TargetError, match=r"on 14 January 2025, 10:00, and not by this house.*--take-over"):
            as_("second", SECOND, dry_run=how)
    assert place.files() == FIRST
    as_("first", SECOND)
    as_("second", FIRST, take_over=True)
    assert place.files() == FIRST and as_("second", FIRST).plan.nothing
    with pytest.raises(TargetError, match="--take-over"):
        as_("first", SECOND)


def test_a_publishing_that_was_cut_off_is_gone_on_with_by_the_same_house(
    place: Place, site: Path, tmp_path: Path
) -> None:
    moment = datetime(2025, 1, 14, 10, tzinfo=UTC)
    go(place, site, FIRST)
    with pytest.raises(TargetGone):
        publish(build(site, SECOND), Watched(place.target(site), patience=3), turn=turn_of(tmp_path, "web", moment))
    publish(build(site, SECOND), place.target(site), turn=turn_of(tmp_path, "web", moment))
    assert place.files() == SECOND


def test_a_second_machine_that_began_at_the_same_moment_takes_nothing_away(
    place: Place, site: Path, tmp_path: Path
) -> None:
    if isinstance(place, OnDisk):
        place = replace(place, swaps=False)  # a folder that is swapped in whole has no such moment
    moment = datetime(2025, 1, 14, 10, tzinfo=UTC)
    go(place, site, FIRST)

    class Late(Watched):
        def send(self, paths: Sequence[str]) -> Iterator[tuple[str, str]]:
            yield from super().send(paths)
            self.inner.keep_record(Record(turn="another machine's").to_bytes())

    with pytest.raises(TargetError, match="at the same time"):
        publish(build(site, SECOND), Late(place.target(site)), turn=turn_of(tmp_path, "web", moment))
    assert "items/b/index.html" in place.files() and json.loads(place.record())["turn"] == "another machine's"


def test_the_record_names_nothing_but_public_files(place: Place, site: Path) -> None:
    go(place, site, FIRST)
    assert set(json.loads(place.record())["files"]) == set(FIRST)
    assert compare(build(site, FIRST), read_record(place.record())).nothing


def test_storage_is_told_what_each_file_is_and_how_long_it_may_be_kept(storage: str, site: Path) -> None:
    from tests.publishing.conftest import make_bucket

    place: Stored = make_bucket(storage)
    go(place, site, {**FIRST, "calendar.ics": b"x"})
    assert place.attributes("index.html") == {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache"}
    assert place.attributes("images/x.png")["Cache-Control"] == "public, max-age=31536000, immutable"
    assert place.attributes("feed.xml")["Content-Type"].startswith("application/atom+xml")
    assert place.attributes("calendar.ics")["Content-Type"].startswith("text/calendar")


def test_storage_that_is_not_there_and_storage_that_does_not_answer_are_told(storage: str, site: Path) -> None:
    with pytest.raises(TargetError, match="is not there"):
        go(Stored(storage, "no-such-bucket"), site, FIRST)


def test_a_disk_that_is_not_mounted_is_not_filled(tmp_path: Path, site: Path) -> None:
    with pytest.raises(TargetGone, match="Is the disk there"):
        go(OnDisk(tmp_path / "mnt" / "www"), site, FIRST)
    assert not (tmp_path / "mnt").exists()
