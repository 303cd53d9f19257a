"""The letters of the relationship, from confirm to goodbye: who gets which, in whose words, through one small sending seam."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from builder.letter.letters import compose, fill
from builder.model import Audiences, House, Letter
from builder.press import Press
from subscribers.model import Choices
from subscribers.tokens import Keys, signed_link

NAMES = (
    "confirm",
    "already",
    "welcome",
    "changed",
    "goodbye",
    "new-address",
    "old-address",
    "old-address-told",
    "sign-in",
)
ABOUT_STORIES = tuple(
    f"story-{name}" for name in ("received", "needed", "asked", "accepted", "published", "declined", "withdrawn")
)
Words = Mapping[str, str]  # the [public] table of words.toml


class Sending(Protocol):
    """Where letters go. Nothing here waits for any mail server (C4)."""

    def keep(self, connection: Connection, kind: str, address: str, letter: Letter, leave: str = "") -> None:
        """Takes over one letter in the caller's transaction: it leaves if and only if what it is about was done.

        `leave`: the link that ends the reader's subscription in one press.
        """

    def hurry(self) -> None:
        """After the transaction: what was kept may leave now."""


def composed(press: Press) -> dict[str, Letter]:
    """Every letter, its [[tokens]] still in it. Raises BuilderError when one is missing or wrong."""
    return {name: compose(press.renderer, press.root, name) for name in (*NAMES, *ABOUT_STORIES)}


@dataclass(frozen=True, slots=True)
class Stationery:
    """What letters are written with, as it was read from the house: blanks, words, and the newest edition's address."""

    blanks: Mapping[str, Letter]
    words: Words
    latest: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Writer:
    """Fills in a letter for one reader and hands it over, in the transaction of the act that it is about."""

    house: House
    keys: Keys
    sending: Sending
    stationery: Callable[[], Stationery]

    def confirm(self, connection: Connection, address: str, token: str, wanted: Mapping[str, Choices]) -> None:
        """Somebody, we think the owner of the address, asked for this: nothing is sent until they say yes."""
        values = self._about(wanted) | {"confirm": self._url("confirm", token)}
        self._keep(connection, "confirm", address, values)

    def already(self, connection: Connection, address: str, number: int, wanted: Iterable[str]) -> None:
        self._keep(connection, "already", address, self._reader(number, wanted))

    def welcome(self, connection: Connection, address: str, number: int, wanted: Mapping[str, Choices]) -> None:
        values = self._reader(number, wanted) | self._about(wanted)
        self._keep(connection, "welcome", address, values, leave=self._leave(number, wanted))

    def changed(self, connection: Connection, address: str, number: int, bulletins: Iterable[str], said: str) -> None:
        """`said`: what the reader gets from now on, in plain words."""
        about = tuple(bulletins)
        self._keep(
            connection,
            "changed",
            address,
            self._reader(number, about) | {"choices": said},
            leave=self._leave(number, about),
        )

    def goodbye(self, connection: Connection, address: str, number: int, bulletins: Iterable[str]) -> None:
        self._keep(connection, "goodbye", address, self._reader(number, bulletins))

    def moving(self, connection: Connection, old: str, new: str, old_token: str, new_token: str) -> None:
        """One letter to each of the two addresses: both must say yes."""
        self._keep(connection, "old-address", old, {"confirm": self._url("confirm", old_token)})
        self._keep(connection, "new-address", new, {"confirm": self._url("confirm", new_token)})

    def moving_by_staff(self, connection: Connection, old: str | None, new: str, token: str) -> None:
        """The link goes to the new address; the old one, unless it must not be written to, is told, and not where they go."""
        self._keep(connection, "new-address", new, {"confirm": self._url("confirm", token)})
        if old is not None:
            self._keep(connection, "old-address-told", old, {})

    def story(self, connection: Connection, name: str, address: str, values: Mapping[str, str]) -> None:
        """To a school, about its story: `story-<name>`."""
        self._keep(connection, f"story-{name}", address, values)

    def sign_in(self, connection: Connection, address: str, name: str, token: str) -> None:
        """To somebody who works at the desk and wants to come in."""
        url = f"{self.house.publisher.url}/desk/sign-in/{token}"
        self._keep(connection, "sign-in", address, {"name": name, "sign-in": url})

    def _about(self, wanted: Mapping[str, Choices]) -> dict[str, str]:
        words = self.stationery().words
        choices = next(iter(wanted.values()), Choices())
        return {"bulletin": self._named(wanted), "choices": say_choices(choices, self.house.audiences, words)}

    def _reader(self, number: int, bulletins: Iterable[str]) -> dict[str, str]:
        """What may stand in any letter to somebody who is, or was, a subscriber."""
        about = tuple(bulletins)
        latest = self.stationery().latest
        return {
            "bulletin": self._named(about),
            "preferences": self._url("preferences", signed_link(self.keys, "preferences", number)),
            "unsubscribe": self._leave(number, about),
            "archive": f"{self.house.publisher.url}/",
            "latest": next((latest[each] for each in about if each in latest), f"{self.house.publisher.url}/"),
        }

    def _leave(self, number: int, bulletins: Iterable[str]) -> str:
        """One bulletin when the letter is about one, else all of them."""
        about = tuple(bulletins)
        scope = about[0] if len(about) == 1 else ""
        return self._url("unsubscribe", signed_link(self.keys, "unsubscribe", number, scope))

    def _named(self, bulletins: Iterable[str]) -> str:
        return listed([name_of(self.house, each) for each in bulletins], self.stationery().words)

    def _url(self, page: str, token: str) -> str:
        return f"{self.house.publisher.url}/{page}/{token}"

    def _keep(
        self, connection: Connection, name: str, address: str, values: Mapping[str, str], *, leave: str = ""
    ) -> None:
        self.sending.keep(connection, name, address, fill(self.stationery().blanks[name], values), leave)


def name_of(house: House, bulletin: str) -> str:
    """A bulletin's name; its id when it has left the settings, because old links must go on speaking."""
    return house.bulletins[bulletin].name if bulletin in house.bulletins else bulletin


def say_choices(choices: Choices, audiences: Audiences, words: Words) -> str:
    """ "Primary, SENCO, and what is for everyone; everything else left out.", and whether actions come at once."""
    names = [tag.name for tag in audiences.tags if tag.id in choices.audiences]
    if choices.amount == "everything" or not names:
        said = words["get-everything"]
    else:
        said = words["get-some"].format(names=", ".join(names))
    return f"{said} {words['get-at-once']}" if choices.frequency == "actions-at-once" else said


def listed(names: Sequence[str], words: Words) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = names or [words["all-bulletins"]]
    return words["last-of-several"].format(first=", ".join(first), last=last) if first else last
