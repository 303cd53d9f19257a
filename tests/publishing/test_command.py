"""`bulletin publish`, as somebody at the command line uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.addresses import read_register
from desk.publishing.settings import open_target
from desk.settings import SettingsError, load
from tests.desk.sending_house import Desk, make_house
from tests.publishing.conftest import make_bucket
from tests.publishing.servers import PASSWORD, sftp_host


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_house(tmp_path_factory.mktemp("publishing") / "house")


def settle(house: Path, *lines: str) -> None:
    file = house / "bulletin.toml"
    text = file.read_text().partition("\n[publish.")[0]
    file.write_text("\n".join([text, *lines, ""]))


def files(top: Path) -> dict[str, bytes]:
    return {p.relative_to(top).as_posix(): p.read_bytes() for p in top.rglob("*") if p.is_file()}


def test_the_house_is_published_to_a_folder_and_its_addresses_are_kept(house: Path, tmp_path: Path) -> None:
    settle(house, "[publish.web]", 'to = "folder"', f'path = "{tmp_path}/www"')
    register = house / "content" / "permalinks.txt"
    register.write_text("")
    told = Desk(house).ok("publish", "--dry-run")
    assert "would be sent" in told.output and not (tmp_path / "www").exists() and register.read_text() == ""
    done = Desk(house).json("publish")
    assert files(tmp_path / "www") == files(house / "site") and done["whole"] and len(done["new"]) > 50
    assert "items/breakfast-club/" in read_register(register.read_text())[0].first
    assert Desk(house).json("publish", "web")["new"] == []
    Desk(house).ok("publish", str(tmp_path / "copy"))
    assert files(tmp_path / "copy") == files(house / "site")


def test_an_address_that_would_vanish_stops_the_publishing(house: Path, tmp_path: Path) -> None:
    settle(house, "[publish.web]", 'to = "folder"', f'path = "{tmp_path}/www"')
    Desk(house).ok("publish")
    item = house / "content/weekly/2025-01-21/breakfast-club.md"
    if not item.exists():
        (item,) = (house / "content").rglob("breakfast-club.md")
    item.rename(item.with_name("club-at-breakfast.md"))
    try:
        stopped = Desk(house).run("publish")
        assert stopped.exit_code == 1 and "formerly: breakfast-club" in stopped.output
        assert (tmp_path / "www/items/breakfast-club/index.html").exists()
    finally:
        item.with_name("club-at-breakfast.md").rename(item)


def test_the_house_is_published_over_sftp_and_to_storage(house: Path, tmp_path: Path, storage: str) -> None:
    place = make_bucket(storage)
    (tmp_path / "secret").write_text(PASSWORD + "\n")
    (tmp_path / "host").mkdir()
    with sftp_host(tmp_path / "host") as host:
        settle(
            house,
            *(
                "[publish.host]",
                'to = "sftp"',
                'host = "127.0.0.1"',
                f"port = {host.port}",
                'user = "council"',
                'path = "/www"',
            ),
            *(f'password-file = "{tmp_path}/secret"', f'host-key = "{host.key.fingerprint}"'),
            *(
                "[publish.storage]",
                'to = "s3"',
                f'bucket = "{place.bucket}"',
                f'endpoint = "{storage}"',
                'region = "us-east-1"',
            ),
            *('access-key-id = "a"', f'secret-key-file = "{tmp_path}/secret"', 'prefix = "news"'),
        )
        Desk(house).ok("publish", "host")
        Desk(house).ok("publish", "storage")
    assert files(tmp_path / "host/www") == files(house / "site") == place.files()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (['to = "ftp"'], 'publish.web.to must be one of folder, sftp, rsync, s3, and is "ftp"'),
        (['to = "folder"'], "publish.web.path is missing"),
        (['to = "folder"', 'path = "site/inside"'], "is part of the house"),
        (['to = "folder"', 'path = "."'], "is part of the house"),
        (['to = "sftp"', 'host = "h"', 'user = "u"', 'path = "/"'], "not its top"),
        (['to = "s3"', 'bucket = "b"'], "secret-key-file is missing"),
        (['to = "s3"', 'bucket = "b"', 'secret-key = "x"'], "is not a setting"),
        (['to = "s3"', 'bucket = "b"', 'secret-key-file = "/nowhere"'], "cannot be read"),
    ],
)
def test_mistakes_in_a_target_are_told_before_anything_is_sent(house: Path, lines: list[str], words: str) -> None:
    settle(house, "[publish.web]", *lines)
    with pytest.raises(SettingsError, match=words.replace(".", r"\.")):
        open_target(load(house, None, {}), "web", {})


def test_a_name_that_is_no_target_is_told_with_what_is_near(house: Path) -> None:
    settle(house, "[publish.website]", 'to = "folder"', 'path = "/srv/www"')
    told = Desk(house).run("publish", "web-site")
    assert told.exit_code == 1 and "website" in told.output
    assert "Say where to publish" in Desk(make_bare(house)).run("publish").output


def make_bare(house: Path) -> Path:
    settle(house)
    return house


def test_a_secret_is_never_shown(house: Path, storage: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("do-not-show-me\n")
    lines = ('to = "s3"', 'bucket = "no-such"', f'endpoint = "{storage}"', 'access-key-id = "a"')
    settle(house, "[publish.web]", *lines, f'secret-key-file = "{tmp_path}/secret"')
    told = Desk(house).run("publish", "web")
    assert told.exit_code == 1 and "do-not-show-me" not in told.output
    assert "do-not-show-me" not in repr(open_target(load(house, None, {}), "web", {}))
