"""A desk whose content may be written, and somebody who fills in its forms as a browser does: every field, as shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import lxml.html
from werkzeug.test import TestResponse

from desk.settings import load
from tests.desk.editing.houses import copy_house
from tests.web.place import URL, Clock, Place, Reader

MONDAY = datetime(2025, 1, 13, 9, tzinfo=UTC)
BOARD = "/desk/editions/weekly/2025-01-14"
FOLDER = "content/weekly/2025-01-14"


def open_desk(open_place: Callable[..., Place], folder: Path, kept: Path) -> Place:
    """`kept`: a folder for caches that tests share; compiling the letter's template takes most of a second."""
    root = copy_house(folder)
    (root / "var").mkdir()
    (root / "var" / "cache").symlink_to(kept)
    settings = load(root, None, {"BULLETIN__PUBLISHER__URL": URL})
    return open_place(settings, clock=Clock(MONDAY))


@dataclass
class Writer:
    """Somebody at the desk without a script in their browser."""

    reader: Reader

    @property
    def root(self) -> Path:
        return self.reader.place.settings.root

    def get(self, path: str) -> TestResponse:
        return self.reader.get(path)

    def text(self, path: str) -> str:
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
