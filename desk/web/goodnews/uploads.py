"""Photos as a browser sends them → photos made anew and kept, and what is wrong with the others."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from uuid import uuid4

from flask import request
from werkzeug.datastructures import FileStorage

import db
from desk.web.goodnews.place import Place
from desk.web.limits import client
from desk.web.public import Problem
from goodnews import arrivals
from goodnews.model import Arrival, Photo
from goodnews.photos import MOST_BYTES, MOST_PHOTOS, PhotoError

log = logging.getLogger("bulletin.web")
MOST_UPLOAD = 42_000_000  # bytes of one form: several photos from a phone
MOST_WAITING = 5_000_000_000  # bytes of photos that wait; beyond that somebody is filling the disk
FIELD = "photos"


def carried(place: Place) -> list[Photo]:
    """Those that came with an earlier page of the form, each once."""
    found = (place.photo_of(text) for text in request.form.getlist("kept")[: MOST_PHOTOS * 2])
    return list({photo.name: photo for photo in found if photo}.values())[:MOST_PHOTOS]


def uploaded(place: Place, before: Sequence[Photo]) -> tuple[list[Photo], list[Problem]]:
    """All photos there are now, and each reason once. What is wrong with one photo is no harm to the others."""
    try:
        return _all(place, before)
    finally:
        for files in request.files.listvalues():
            for sent in files:
                sent.close()


def _all(place: Place, before: Sequence[Photo]) -> tuple[list[Photo], list[Problem]]:
    photos, problems = list(before), list[Problem]()
    for sent in _sent():
        if len(photos) >= MOST_PHOTOS:
            problems.append(Problem(FIELD, "photo-many"))
            break
        try:
            photo = _taken(place, sent)
        except PhotoError as error:
            problems.append(Problem(FIELD, str(error)))
            set_aside(place, str(error), sent.filename or "")
            continue
        if photo.name not in {other.name for other in photos}:
            photos.append(photo)
    return photos, list(dict.fromkeys(problems))


def _sent() -> list[FileStorage]:
    """Browsers send an empty file where none was chosen."""
    return [sent for sent in request.files.getlist(FIELD) if sent.filename]


def _taken(place: Place, sent: FileStorage) -> Photo:
    if place.room.shelf.size() > MOST_WAITING:
        log.error("So many photos wait that no more are taken.")
        raise PhotoError("photo-later")
    raw = sent.stream.read(MOST_BYTES + 1)
    return place.room.shelf.put(place.room.darkroom().develop(raw))


def set_aside(place: Place, reason: str, name: str) -> None:
    """For staff to see; a robot's thousandth attempt is not worth another line."""
    if not place.public.limits.notices.allows(f"story {client(request.remote_addr)}", place.room.now):
        return
    arrival = Arrival(f"form:{uuid4().hex}", "form", place.room.now, "set-aside", reason, title=name)
    with db.writing(place.room.engine) as connection:
        arrivals.note(connection, arrival)
