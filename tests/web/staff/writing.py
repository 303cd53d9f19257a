"""A desk whose content may be written, and somebody who fills in its forms as a browser does: every field, as shown."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import lxml.html
from sqlalchemy import text
from werkzeug.test import TestResponse

import db
from desk.settings import load
from desk.web.app import create_app
from subscribers.tokens import Keys
from tests.desk.editing.houses import copy_house
from tests.editions import ROOT
from tests.web.place import URL, Clock, Place, Reader

KEYS = Keys(b"l" * 32, b"a" * 32)
MONDAY = datetime(2025, 1, 13, 9, tzinfo=UTC)
BOARD = "/desk/editions/weekly/2025-01-14"
FOLDER = "content/weekly/2025-01-14"


def open_desk(folder: Path, migrated_file: Path, url: str = URL) -> Place:
    """`migrated_file`: a database with the current schema, to be copied."""
    settings = load(copy_house(folder), None, {"BULLETIN__PUBLISHER__URL": url})
    (folder / "var").mkdir()
    shutil.copy(migrated_file, folder / "var" / "bulletin.db")
    engine = db.open_database(f"sqlite:///{folder}/var/bulletin.db")
    clock, outbox = Clock(MONDAY), folder / "var" / "outbox"
    app = create_app(settings, engine=engine, keys=KEYS, clock=clock, outbox=outbox)
    return Place(app, engine, settings, outbox, clock)


def as_new(place: Place) -> None:
    """The shipped content again, and nothing that anybody did with it."""
    root = place.settings.root
    for folder in (root / "content", root / "var" / "history", root / "var" / "shelf"):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "content", root / "content")
    with db.writing(place.engine) as connection:
        for table in ("open_item", "remark", "edition_step", "approval", "planned_sending"):
            connection.execute(text(f"DELETE FROM {table}"))
    place.clock.at = MONDAY


@dataclass
class Writer:
    """Somebody at the desk without a script in their browser."""

    reader: Reader

    @property
    def root(self) -> Path:
        return self.reader.place.settings.root

    def get(self, path: str) -> TestResponse:
        return self.reader.get(path)

    def read(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text

    def press(
        self, page: str, button: str = "", changes: Mapping[str, Any] | None = None, *, form: str = "", **more: Any
    ) -> TestResponse:
        """Opens `page`, changes some fields, and presses the button that says so (else the form's first).

        `form`: part of its action, where a page has several.
        """
        return self.press_on(self.get(page), page, button, changes, form=form, **more)

    def press_on(
        self, answer: TestResponse, page: str, button: str = "", changes: Mapping[str, Any] | None = None,
        *, form: str = "", follow: bool = True, headers: Mapping[str, str] | None = None,
    ) -> TestResponse:  # fmt: skip
        shown = lxml.html.fromstring(answer.get_data())
        filled, action = _form(shown, button, form)
        action = urljoin(f"http://localhost{page}", action or page)
        values = {**filled, **(changes or {})}
        answer = self.reader.client.post(action, data=values, headers=dict(headers or {}), follow_redirects=follow)
        assert answer.status_code < 500, answer.text
        return answer


def _form(page: lxml.html.HtmlElement, button: str, action: str) -> tuple[dict[str, Any], str]:
    forms = [one for one in page.forms if one.method == "POST" and "sign-out" not in (one.get("action") or "")]
    if action:
        forms = [one for one in forms if action in (one.get("action") or "")]
    pressed = None
    if button:
        every = [one for one in page.iter("button") if " ".join(one.text_content().split()) == button]
        assert every, f"no button {button!r}"
        pressed = every[0]
        holder = pressed.get("form")
        forms = [page.get_element_by_id(holder)] if holder else [next(pressed.iterancestors("form"))]
    form = forms[0]
    values: dict[str, list[str]] = {}
    outside = [one for one in page.xpath("//*[@form]") if one.get("form") == form.get("id") and one.get("name")]
    for element in (*form.iter("input", "textarea", "select"), *(o for o in outside if o.tag != "button")):
        for value in _values(element):
            values.setdefault(element.get("name"), []).append(value)
    if pressed is not None and pressed.get("name"):
        values[pressed.get("name")] = [pressed.get("value") or ""]
    there = (pressed.get("formaction") if pressed is not None else None) or form.get("action") or ""
    return dict(values), there


def _values(element: Any) -> list[str]:
    """What a browser sends: ticks only when ticked, ends of line as CR LF, the first newline of an area is markup."""
    if not element.get("name") or element.get("type") == "file":
        return []
    if element.tag == "textarea":
        text = element.text or ""
        return [text.removeprefix("\n").replace("\n", "\r\n")]
    if element.tag == "select":
        chosen = element.xpath(".//option[@selected]") or element.xpath(".//option")[:1]
        return [one.get("value") if one.get("value") is not None else one.text_content() for one in chosen]
    if element.get("type") in ("checkbox", "radio") and element.get("checked") is None:
        return []
    return [element.get("value") or ""]
