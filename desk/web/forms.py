"""What somebody filled in → plain values, and everything in them that must be mended, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from werkzeug.datastructures import MultiDict

from builder.model import Audiences, Bulletin
from desk.dateboxes import Boxes, Wrong, read_day
from desk.web.public import Problem
from subscribers.address import Address, parse
from subscribers.model import BadAddress, Choices
from subscribers.rules import LONGEST_PAUSE

Form = MultiDict[str, str]
SayWrong = Callable[[str, tuple[Wrong, ...]], tuple[Problem, ...]]
SHOWN_CHARACTERS = 320  # of what was typed in; more is no address, and is not shown back


@dataclass(frozen=True, slots=True)
class SignUp:
    """A sign-up form as it was filled in; shown again, nothing is lost."""

    typed: str
    bulletins: tuple[str, ...]
    choices: Choices
    address: Address | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def wanted(self) -> Mapping[str, Choices]:
        return dict.fromkeys(self.bulletins, self.choices)


def blank(offered: Iterable[Bulletin]) -> SignUp:
    """The main bulletin, and everything in it, until the reader says otherwise."""
    return SignUp("", tuple(bulletin.id for bulletin in offered if bulletin.main), Choices())


def read_sign_up(form: Form, offered: Iterable[Bulletin], audiences: Audiences) -> SignUp:
    typed = form.get("address", "").strip()[:SHOWN_CHARACTERS]
    ticked = frozenset(form.getlist("bulletin"))
    bulletins = tuple(bulletin.id for bulletin in offered if bulletin.id in ticked)
    address, wrong = read_address(typed)
    missing = () if bulletins else (Problem("bulletin", "bulletin-missing"),)
    return SignUp(typed, bulletins, read_choices(form, audiences), address, (*wrong, *missing))


def read_address(typed: str) -> tuple[Address | None, tuple[Problem, ...]]:
    if not typed:
        return None, (Problem("address", "address-missing"),)
    try:
        return parse(typed), ()
    except BadAddress:
        return None, (Problem("address", "address-wrong"),)


def read_choices(form: Form, audiences: Audiences) -> Choices:
    """What is not on the form counts as not chosen."""
    known = frozenset(tag.id for tag in audiences.tags)
    return Choices(
        known & frozenset(form.getlist("audience")),
        "everything" if form.get("amount") == "everything" else "selection",
        "actions-at-once" if form.get("frequency") == "actions-at-once" else "weekly",
    )


def read_pause(
    typed: Boxes, today: date, say: SayWrong, field: str = "until"
) -> tuple[date | None, tuple[Problem, ...]]:
    """The day on which letters start again. `say`: what is wrong with its boxes, in words; `field`: their id."""
    day, wrong = read_day(typed)
    if day is None:
        return None, say(field, wrong) if typed else (Problem(f"{field}-day", "date-missing"),)
    if day <= today:
        return None, (Problem(f"{field}-day", "date-past"),)
    if day - today > LONGEST_PAUSE:
        return None, (Problem(f"{field}-day", "date-far"),)
    return day, ()


def last_day_of_a_pause(today: date) -> date:
    return today + LONGEST_PAUSE


def tomorrow(today: date) -> date:
    return today + timedelta(days=1)
