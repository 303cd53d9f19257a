"""The suite of the targets against what Debian ships: rsync, and OpenSSH's own SFTP server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path

import pytest

from desk.publishing.rsync import Rsync
from desk.publishing.run import publish
from desk.publishing.sftp import Access, Sftp
from desk.publishing.target import RECORD, Target, TargetError
from tests.publishing.places import OnDisk, no_pause
from tests.publishing.test_targets import FIRST, SECOND, Watched, build, go

pytestmark = pytest.mark.prove


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, f"This proof needs {name}: apt-get install rsync openssh-server"
    return found


@dataclass
class Remote(OnDisk):
    """A folder that is looked into here, and published to as if it were elsewhere."""

    made: str = ""
    port: int = 0
    key_file: Path | None = None
    host_key: str = ""

    def target(self, site: Path) -> Target:
        if self.made == "rsync":
            return Rsync(site, str(self.top), no_pause)
        access = Access(
            host="127.0.0.1",
            port=self.port,
            user=getuser(),
            path=str(self.top),
            key_file=self.key_file,
            host_key=self.host_key,
        )
        return Sftp(site, access, no_pause)


@pytest.fixture
def openssh(tmp_path: Path) -> Iterator[tuple[int, Path, str]]:
    for name in ("host", "mine"):
        subprocess.run([program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)], check=True)
    (tmp_path / "authorized").write_bytes((tmp_path / "mine.pub").read_bytes())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    Path("/run/sshd").mkdir(exist_ok=True)
    settings = [
        f"ListenAddress 127.0.0.1:{port}",
        f"HostKey {tmp_path}/host",
        f"AuthorizedKeysFile {tmp_path}/authorized",
    ]
    settings += ["StrictModes no", "UsePAM no", "PidFile none", "PermitRootLogin yes", "Subsystem sftp internal-sftp"]
    (tmp_path / "sshd_config").write_text("\n".join(settings) + "\n")
    server = subprocess.Popen([program("sshd"), "-D", "-f", str(tmp_path / "sshd_config")], stderr=subprocess.DEVNULL)
    said = subprocess.run(
        [program("ssh-keygen"), "-lf", f"{tmp_path}/host.pub"], text=True, capture_output=True, check=True
    )
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port, tmp_path / "mine", said.stdout.split()[1]
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture(params=["rsync", "openssh"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Remote:
    (tmp_path / "host-of-all").mkdir()
    top = tmp_path / "host-of-all" / "www"
    if request.param == "rsync":
        program("rsync")
        return Remote(top, made="rsync")
    port, key, host_key = request.getfixturevalue("openssh")
    return Remote(top, made="openssh", port=port, key_file=key, host_key=host_key)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    return tmp_path / "site"


def test_what_is_there_is_what_was_built(place: Remote, site: Path) -> None:
    go(place, site, FIRST)
    assert place.files() == FIRST and (place.top.parent / f".www{RECORD}").exists()
    assert go(place, site, FIRST).plan.nothing
    done = go(place, site, SECOND)
    assert place.files() == SECOND and done.plan.sent == 4


def test_new_files_first_deletions_last(place: Remote, site: Path) -> None:
    go(place, site, FIRST)
    watched = Watched(place.target(site))
    publish(build(site, SECOND), watched)
    assert watched.acts == ["+images/y.png", "+items/c/index.html", "+index.html", "+feed.xml", "-items/b/index.html"]


def test_what_was_edited_there_is_mended(place: Remote, site: Path) -> None:
    go(place, site, FIRST)
    place.write("index.html", b"somebody was here, at length")
    place.write("google.html", b"theirs")
    assert go(place, site, FIRST, verify=True).edited == ("index.html",)
    assert place.files() == {**FIRST, "google.html": b"theirs"}


def test_a_target_that_goes_away_is_gone_on_with(place: Remote, site: Path) -> None:
    go(place, site, FIRST)
    with pytest.raises(TargetError, match="2 of 4 files arrived"):
        publish(build(site, SECOND), Watched(place.target(site), patience=2))
    assert place.files().keys() >= FIRST.keys()
    go(place, site, SECOND)
    assert place.files() == SECOND


def test_rsync_that_cannot_reach_its_host_is_told(site: Path) -> None:
    with pytest.raises(TargetError, match="rsync to"):
        publish(build(site, FIRST), Rsync(site, "rsync://127.0.0.1:9/www", no_pause))
