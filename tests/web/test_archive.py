"""The static archive under the same roof."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.web.place import Place, make_house

TYPES = {
    "/": "text/html; charset=utf-8",
    "/editions/": "text/html; charset=utf-8",
    "/style.css": "text/css; charset=utf-8",
    "/feed.xml": "application/atom+xml; charset=utf-8",
    "/sitemap.xml": "application/xml; charset=utf-8",
    "/robots.txt": "text/plain; charset=utf-8",
    "/icon.svg": "image/svg+xml",
}


@pytest.mark.parametrize("path", TYPES)
def test_files_have_their_types_and_are_asked_about_once(place: Place, path: str) -> None:
    client = place.app.test_client()
    first = client.get(path, buffered=True)
    assert first.status_code == 200
    assert first.headers["Content-Type"] == TYPES[path]
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]}, buffered=True)
    assert again.status_code == 304
    assert again.data == b""


def test_pictures_keep_for_good_because_their_names_change(place: Place, house_folder: Path) -> None:
    picture = next((house_folder / "site" / "images").iterdir()).name
    answer = place.app.test_client().get(f"/images/{picture}", buffered=True)
    assert answer.mimetype.startswith("image/")
    assert "immutable" in answer.headers["Cache-Control"]


def test_what_is_not_there_gets_the_archives_own_page(place: Place, house_folder: Path) -> None:
    answer = place.app.test_client().get("/items/none/")
    assert answer.status_code == 404
    assert answer.data == (house_folder / "site" / "404.html").read_bytes()


@pytest.mark.parametrize("path", ["/editions", "//editions", "/editions//", "/%2f%2fevil.example/editions"])
def test_a_folder_gets_its_slash_and_no_path_leads_to_another_host(place: Place, path: str) -> None:
    answer = place.app.test_client().get("/", environ_overrides={"PATH_INFO": unquote(path)}, buffered=True)
    assert answer.status_code in (200, 308, 404)
    assert answer.headers.get("Location", "/editions/") == "/editions/"


@pytest.mark.parametrize(
    "path",
    [
        *("/../bulletin.toml", "/..%2fbulletin.toml", "/%2e%2e/bulletin.toml", "/editions/../../bulletin.toml"),
        *("/..\\bulletin.toml", "/.git/config", "/./.env", "/var/bulletin.db", "//etc/passwd", "/%00", "/a" * 3000),
    ],
)
def test_nothing_outside_of_the_site_can_be_had(place: Place, path: str) -> None:
    answer = place.app.test_client().get(path, buffered=True)
    assert answer.status_code == 404
    assert b"publisher" not in answer.data


def test_a_link_out_of_the_site_is_not_followed(open_place: Callable[..., Place], tmp_path: Path) -> None:
    settings = make_house(tmp_path / "house")
    site = tmp_path / "house" / "site"
    site.mkdir()
    (site / "leak.txt").symlink_to("/etc/hostname")
    assert open_place(settings).app.test_client().get("/leak.txt").status_code == 404


def test_before_the_archive_is_built_the_pages_have_their_look_all_the_same(
    open_place: Callable[..., Place], tmp_path: Path
) -> None:
    client = open_place(make_house(tmp_path / "house")).app.test_client()
    assert client.get("/subscribe").status_code == 200
    assert client.get("/style.css").mimetype == "text/css"
    assert client.get("/").status_code == 404


def test_what_moved_leads_on_and_what_was_taken_down_says_so(place: Place, house_folder: Path) -> None:
    site = house_folder / "site"
    told = {"top": "", "gone": ["/items/gone/"], "moved": {"/items/old/": "/editions/"}}
    (site / "items" / "gone").mkdir(parents=True)
    (site / "items" / "gone" / "index.html").write_text("Taken down")
    (site / "_redirects.json").write_text(json.dumps(told))
    client = place.app.test_client()
    try:
        gone, moved = client.get("/items/gone/", buffered=True), client.get("/items/old/")
        assert (gone.status_code, gone.data) == (410, b"Taken down")
        assert (moved.status_code, moved.headers["Location"]) == (301, "/editions/")
    finally:
        (site / "_redirects.json").unlink()
        (site / "items" / "gone" / "index.html").unlink()
    assert client.get("/items/old/").status_code == 404
