"""What only a host over SFTP can do to us: go away in the middle, be another one, refuse us."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from desk.publishing.run import publish
from desk.publishing.sftp import Access, Sftp
from desk.publishing.target import TargetError, TargetGone
from tests.publishing.places import OnDisk, no_pause
from tests.publishing.servers import SftpHost, sftp_host
from tests.publishing.test_targets import FIRST, SECOND, build, go


@pytest.fixture
def host(tmp_path: Path) -> Iterator[SftpHost]:
    (tmp_path / "host").mkdir()
    (tmp_path / "site").mkdir()
    with sftp_host(tmp_path / "host") as running:
        yield running


def access(host: SftpHost) -> Access:
    target = OnDisk(host.home / "www", host).target(Path())
    assert isinstance(target, Sftp)
    return target.access


def test_a_connection_that_breaks_is_made_again(host: SftpHost, tmp_path: Path) -> None:
    place = OnDisk(host.home / "www", host)
    go(place, tmp_path / "site", FIRST)
    host.patience = 2

    def wait(_seconds: float) -> None:
        host.patience = 1_000

    publish(build(tmp_path / "site", SECOND), Sftp(tmp_path / "site", access(host), wait))
    assert place.files() == SECOND


@pytest.mark.parametrize("after", [3])
def test_a_host_that_dies_leaves_whole_files_only(host: SftpHost, tmp_path: Path, after: int) -> None:
    place = OnDisk(host.home / "www", host)
    go(place, tmp_path / "site", FIRST)
    host.patience = after
    with pytest.raises(TargetGone, match="went away"):
        go(place, tmp_path / "site", SECOND)
    there = {path: content for path, content in place.files().items() if not path.endswith(".partial")}
    assert all(content in (FIRST.get(path), SECOND.get(path)) for path, content in there.items())
    assert there.keys() >= FIRST.keys()
    host.patience = 1_000
    go(place, tmp_path / "site", SECOND)
    assert place.files() == SECOND


def test_a_host_with_another_key_gets_nothing(host: SftpHost, tmp_path: Path) -> None:
    other = replace(access(host), host_key="SHA256:" + "A" * 43)
    with pytest.raises(TargetError, match="Nothing was sent") as told:
        publish(build(tmp_path / "site", FIRST), Sftp(tmp_path / "site", other, no_pause))
    assert str(host.key.fingerprint) in str(told.value) and not (host.home / "www").exists()


def test_a_host_that_nobody_has_vouched_for_gets_nothing(host: SftpHost, tmp_path: Path) -> None:
    (tmp_path / "known_hosts").write_text("")
    unknown = replace(access(host), host_key="", known_hosts=tmp_path / "known_hosts")
    with pytest.raises(TargetError, match="ssh-keyscan"):
        publish(build(tmp_path / "site", FIRST), Sftp(tmp_path / "site", unknown, no_pause))


def test_a_wrong_password_is_told_and_not_tried_again(host: SftpHost, tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="does not let council in"):
        publish(build(tmp_path / "site", FIRST), Sftp(tmp_path / "site", replace(access(host), password="x"), no_pause))


def test_a_folder_whose_parent_is_not_there_is_told(host: SftpHost, tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no folder /nowhere"):
        publish(
            build(tmp_path / "site", FIRST),
            Sftp(tmp_path / "site", replace(access(host), path="/nowhere/www"), no_pause),
        )
