"""A school that uses nothing but the pages: sends stories with photos, and follows their links."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import TestResponse

from desk.goodnews.newsroom import Newsroom
from tests.goodnews.pictures import jpeg
from tests.web.place import Place, Reader

WORDS = {
    "school": "Example Primary School",
    "title": "A garden of our own",
    "summary": "Year 4 grow beans for the kitchen.",
    "text": "In September it was a car park.\n\nNow there are six beds.",
    "name": "Example Person",
    "role": "Office manager",
    "address": "office@example-primary.example",
}
CONSENT = {
    "alt-1": "Two children plant beans in a raised bed.",
    "people-1": "people",
    "channels-1": ["email", "web"],
    "by-1": "Headteacher",
    "on-1": "2025-01-08",
}
LINK = re.compile(r"/send-good-news/([A-Za-z0-9_-]{32})")


@dataclass
class School:
    place: Place
    words: dict[str, Any] = field(default_factory=lambda: dict(WORDS))
    _reader: Reader | None = None

    @property
    def reader(self) -> Reader:
        self._reader = self._reader or self.place.reader()
        return self._reader

    def step(self, at: str, data: dict[str, Any], files: list[tuple[bytes, str]] | None = None) -> TestResponse:
        sent = [(io.BytesIO(raw), name) for raw, name in files or []]
        more = {"photos": sent} if sent else {}
        return self.reader.post(
            "/good-news", {**self.words, "at": at, **data, **more}, content_type="multipart/form-data"
        )

    def upload(self, *files: tuple[bytes, str], **data: Any) -> TestResponse:
        return self.step("words", data, list(files))

    def send(self, *photos: bytes, **data: Any) -> str:
        """All the way; the link of the story."""
        answer = self.upload(*((raw, "photo.jpg") for raw in photos))
        kept, draft = hidden(answer, "kept"), hidden(answer, "draft")[0]
        details = {**CONSENT, "kept": kept, "draft": draft, **data} if kept else {"draft": draft, **data}
        answer = self.step("check", {**details, "go": "send"})
        assert answer.status_code == 303, problems(answer)
        found = LINK.match(answer.location)
        assert found, answer.location
        return found[0]

    def send_one(self, title: str = "", photo: bool = True) -> str:
        self.words["title"] = title or self.words["title"]
        return self.send(*([jpeg(400, 300)] if photo else []))


def hidden(answer: TestResponse, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]*)"', answer.text)


def heading(answer: TestResponse) -> str:
    found = re.search(r"<h1>(.*?)</h1>", answer.text)
    return found[1] if found else ""


def problems(answer: TestResponse) -> list[str]:
    """The fields in the error summary."""
    return re.findall(r'<li><a href="#([\w-]+)">', answer.text)


def room_of(place: Place) -> Newsroom:
    """The acts of the desk on this place's stories."""
    return place.app.extensions["newsroom"]  # type: ignore[no-any-return]
