"""The stories' mailbox → stories, answers, and what is set aside with its reason. Each mail counts once, whatever is killed when."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Literal

import db
from delivery.returning import bounces
from delivery.returning.mailboxes import Waiting
from desk.goodnews import acts
from desk.goodnews.newsroom import Newsroom
from desk.goodnews.schools import of_mail
from desk.mailing.sending import return_secret
from desk.notes.letters import listed
from goodnews import arrivals, life, mail, store
from goodnews.mail import Mail
from goodnews.model import Arrival, Changed, Contact, Held, NotNow, Photo, Received, Story
from goodnews.photos import MOST_PHOTOS, PhotoError
from subscribers.address import parse
from subscribers.model import BadAddress

log = logging.getLogger("bulletin.goodnews")
MOST_A_DAY = 10  # mails of one sender that become stories; more is a machine, or a loop
NOT_PEOPLE = frozenset({"bounce", "complaint", "delay", "automatic"})
Became = Literal["story", "answer", "set-aside", "again"]


def take_mail(room: Newsroom, stream: Iterable[Waiting]) -> Counter[str]:
    """A mail is ticked off after all that follows from it is kept: killed in between, it is read again, without harm."""
    taken = Counter[str]()
    for waiting in stream:
        taken[take(room, waiting.raw)] += 1
        waiting.done()
    return taken


def take(room: Newsroom, raw: bytes) -> Became:
    read = mail.read(raw)
    with db.reading(room.engine) as connection:
        if arrivals.known(connection, read.key):
            return "again"
    reason = read.reason or _not_a_persons(room, raw) or _of_sender(room, read)
    if reason:
        return _set_aside(room, read, reason)
    return _answered(room, read) or _story(room, read)


def _not_a_persons(room: Newsroom, raw: bytes) -> str:
    """Bounces in every dialect are known in another room."""
    try:
        nature = bounces.read(raw, return_secret(room.keys)).nature
    except Exception as error:  # it promises not to; a mail is no reason to stop
        log.error("A mail could not be judged: %s", type(error).__name__)
        return "unreadable"
    return nature if nature in NOT_PEOPLE else ""


def _of_sender(room: Newsroom, read: Mail) -> str:
    publisher = room.house.publisher
    if read.sender.lower() in {publisher.email.lower(), publisher.reply_to.lower()}:
        return "loop"
    try:
        parse(read.sender)
    except BadAddress:
        return "no-sender"
    with db.reading(room.engine) as connection:
        count = arrivals.from_sender(connection, read.sender.lower(), room.now - timedelta(days=1))
    return "too-many" if count >= MOST_A_DAY else ""


def _arrival(room: Newsroom, read: Mail, became: Literal["story", "answer", "set-aside"], reason: str = "") -> Arrival:
    return Arrival(read.key, "mail", room.now, became, reason, read.sender.lower(), read.subject)


def _set_aside(room: Newsroom, read: Mail, reason: str) -> Became:
    with db.writing(room.engine) as connection:
        arrivals.note(connection, _arrival(room, read, "set-aside", reason))
    return "set-aside"


# --- answers ---------------------------------------------------------------------------------------------------------


def _answered(room: Newsroom, read: Mail) -> Became | None:
    """A reply to one of our letters, from whom it went to. It never gets an answer by itself, so there is no loop."""
    if not read.reference:
        return None
    with db.reading(room.engine) as connection:
        held = store.by_reference(connection, read.reference)
    if held is None:
        return None
    if held.contact.address.lower() != read.sender.lower():
        return _set_aside(room, read, "not-its-school")
    return _kept_answer(room, read, held)


def _kept_answer(room: Newsroom, read: Mail, held: Held) -> Became:
    arrival = replace(_arrival(room, read, "answer"), story_id=held.id)
    try:
        with db.writing(room.engine) as connection:
            if arrivals.note(connection, arrival):
                store.act(connection, held, "answered", acts.SCHOOL, room.now, words=read.typed)
    except (NotNow, Changed):
        return _set_aside(room, read, "late-answer")
    return "answer"


# --- stories ---------------------------------------------------------------------------------------------------------


def _story(room: Newsroom, read: Mail) -> Became:
    photos, problems = _photos(room, read.pictures)
    school = of_mail(room.schools(), read.sender, f"{read.whole} {read.name}")
    story = Story(school, read.subject, read.text, "", None, read.key)
    contact = Contact(read.name, "", parse(read.sender).written)
    received = Received("mail", story, contact, photos)
    needed = [*life.missing_of(story, photos), *problems]
    acts.receive(
        room,
        received,
        "asked" if life.missing_of(story, photos) else "waiting",
        letter="needed" if needed else "received",
        words=said(room, needed),
        arrival=_arrival(room, read, "story"),
    )
    return "story"


def said(room: Newsroom, needed: Iterable[str]) -> str:
    """ "the name of your school, and for each photo who agreed", in the house's own words."""
    words = room.writer.stationery().words
    return listed([words[f"needed-{code}"] for code in dict.fromkeys(needed)], words) if needed else ""


def _photos(room: Newsroom, pictures: Iterable[bytes]) -> tuple[tuple[Photo, ...], list[str]]:
    """A logo in a signature is no photo, and no problem."""
    photos, problems = dict[str, Photo](), list[str]()
    for raw in pictures:
        try:
            photo = room.shelf.put(room.darkroom().develop(raw))
        except PhotoError as error:
            problems += [str(error)] if str(error) not in ("photo-small", "photo-kind") else []
            continue
        if len(photos) < MOST_PHOTOS:
            photos.setdefault(photo.name, photo)
        else:
            problems.append("photo-many")
    return tuple(photos.values()), problems
