"""What somebody asked for on a public page, until they confirm it by a link that went to their address.

Nobody becomes a subscriber by asking. A request keeps the address for a week at most; its tokens are kept as hashes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from db.schema import subscribers as tables
from subscribers import rules, store
from subscribers.address import Address
from subscribers.model import Basis, Choices, Proof, Subscriber, SubscribersError
from subscribers.tokens import CONFIRMATION_LIFE, Keys, confirmation_hash, new_confirmation

Random = Callable[[int], bytes]
Kind = Literal["subscribe", "change-address"]


class NotConfirmable(SubscribersError):  # the one answer for unknown, used and expired tokens
    """This link cannot be used: it is unknown, has been used, or is older than a week."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a sign-up form says. `wanted`: bulletin → choices."""

    address: Address
    wanted: Mapping[str, Choices]
    name: str = ""
    wording: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """Something that waits for confirmation, as the page with the button shows it."""

    kind: Kind
    address: str
    wanted: Mapping[str, Choices]
    part: str  # "address"; for a change of address "old" or "new", or "address" when staff asked for them


@dataclass(frozen=True, slots=True)
class Confirmed:
    """`waiting`: a change of address whose other half has not been confirmed yet; `person` is None until then."""

    kind: Kind
    person: Subscriber | None
    waiting: bool = False


def ask(connection: Connection, keys: Keys, wish: Wish, now: datetime, random: Random) -> str | None:
    """Keep the wish; the token for the letter, or None when no letter may be sent.

    The page answers the same in every case (C4). To None belongs no letter at all: the address had three today, or its owner
    has complained about us (W14).
    """
    noes = [no.reason for no in store.noes(connection, keys, wish.address.key)]
    allowed = rules.may_send_confirmation(_asked_lately(connection, wish.address.key, now), noes)
    token = new_confirmation(random)  # made in any case, so that both answers take the same time
    if not allowed:
        return None
    number = _keep(connection, "subscribe", wish.address, now, None, _as_json(wish), wish.wording)
    _keep_token(connection, number, token, "address")
    return token


def ask_new_address(
    connection: Connection, keys: Keys, person: Subscriber, new: Address, now: datetime, random: Random
) -> tuple[str, str] | None:
    """Keep a change of address; the tokens for the letters to the old and to the new one. Both must be confirmed."""
    noes = [no.reason for no in store.noes(connection, keys, new.key)]
    if not rules.may_send_confirmation(_asked_lately(connection, new.key, now), noes):
        return None
    number = _keep(connection, "change-address", new, now, person.id)
    old_token, new_token = new_confirmation(random), new_confirmation(random)
    _keep_token(connection, number, old_token, "old")
    _keep_token(connection, number, new_token, "new")
    return old_token, new_token


def ask_for_reader(
    connection: Connection, keys: Keys, person: Subscriber, new: Address, asked: str, proof: Proof, random: Random
) -> str | None:
    """Staff note that a reader asked for another address; the token for the letter there, or None when none may be sent.

    Only the new address must confirm: who asked is known, and the old mailbox is often gone. An earlier one waits no longer:
    it may have been a slip, and its link would still work. `asked`: how they asked.
    """
    noes = [no.reason for no in store.noes(connection, keys, new.key)]
    if not rules.may_send_confirmation(_asked_lately(connection, new.key, proof.at), noes):
        return None
    stop_moving(connection, person.id, proof.at)
    wish = json.loads(_as_json(Wish(new, rules.lost_with_the_mailbox(person)))) | {"asked": asked, "by": proof.actor}
    wanted = json.dumps(wish, ensure_ascii=False)
    number = _keep(connection, "change-address", new, proof.at, person.id, wanted)
    token = new_confirmation(random)
    _keep_token(connection, number, token, "address")
    store.note(connection, person.id, None, "move-asked", proof, json.dumps({"asked": asked}, ensure_ascii=False))
    return token


def stop_moving(connection: Connection, number: int, now: datetime) -> int:
    """Their open changes of address can be confirmed no more; how many there were."""
    ended = update(tables.request).where(*_moving(number, now)).values(expires_at=now)
    return connection.execute(ended).rowcount


def moving_to(connection: Connection, number: int, now: datetime) -> tuple[str, datetime] | None:
    """The address that a reader is to confirm, and since when."""
    query = select(tables.request.c.address, tables.request.c.created_at).where(*_moving(number, now))
    row = connection.execute(query.order_by(tables.request.c.id.desc())).first()
    return (row.address, row.created_at) if row else None


def _moving(number: int, now: datetime) -> tuple[ColumnElement[bool], ...]:
    request = tables.request.c
    is_open = (request.kind == "change-address", request.done_at.is_(None), request.expires_at > now)
    return (request.subscriber_id == number, *is_open)


def look(connection: Connection, token: str, now: datetime) -> Request:
    """What the token would confirm; changes nothing, however often it is opened. Raises NotConfirmable."""
    row = _open_request(connection, token, now)
    return Request(row.kind, row.address, _wanted(row.wanted), row.part)


def confirm(connection: Connection, keys: Keys, token: str, bases: Mapping[str, Basis], proof: Proof) -> Confirmed:
    """Use the token, once. Raises NotConfirmable. `bases`: the lawful basis of each bulletin there is."""
    row = _open_request(connection, token, proof.at)
    used = (
        update(tables.confirmation)
        .where(tables.confirmation.c.token_hash == confirmation_hash(token), tables.confirmation.c.used_at.is_(None))
        .values(used_at=proof.at)
    )
    if connection.execute(used).rowcount != 1:
        raise NotConfirmable(NotConfirmable.__doc__)
    if row.kind == "subscribe":
        return _subscribe(connection, keys, row, bases, proof)
    return _change_address(connection, keys, row, bases, proof)


def _subscribe(
    connection: Connection, keys: Keys, row: Row[Any], bases: Mapping[str, Basis], proof: Proof
) -> Confirmed:
    wish = json.loads(row.wanted)
    person = store.find(connection, row.address_key)
    changes = rules.confirm(person, _wanted(row.wanted), bases)
    if person is None:
        address = Address(row.address, row.address_key)
        person = store.add_person(connection, address, wish["name"], proof.at)
    asked = json.dumps({"asked": row.created_at.isoformat()})
    stated = Proof(proof.at, proof.how, proof.actor, row.wording, proof.source, proof.basis, asked)
    store.write(connection, keys, person, row.address_key, changes, stated)
    _done(connection, row.request_id, proof.at)
    return Confirmed("subscribe", store.by_id(connection, person.id))


def _change_address(
    connection: Connection, keys: Keys, row: Row[Any], bases: Mapping[str, Basis], proof: Proof
) -> Confirmed:
    missing = select(func.count()).where(
        tables.confirmation.c.request_id == row.request_id, tables.confirmation.c.used_at.is_(None)
    )
    if connection.scalar(missing):
        return Confirmed("change-address", None, waiting=True)
    person = store.by_id(connection, row.subscriber_id)
    if person is None:
        raise NotConfirmable(NotConfirmable.__doc__)
    _done(connection, row.request_id, proof.at)
    from subscribers.moving import move

    moved = move(connection, keys, person, Address(row.address, row.address_key), bases, proof)
    if again := {name: wish for name, wish in _wanted(row.wanted).items() if moved.open_for(name) is None}:
        store.write(connection, keys, moved, row.address_key, rules.confirm(moved, again, bases), proof)
        moved = store.by_id(connection, moved.id) or moved
    return Confirmed("change-address", moved)


def _open_request(connection: Connection, token: str, now: datetime) -> Row[Any]:
    query = (
        select(tables.request, tables.confirmation.c.part, tables.confirmation.c.request_id)
        .join_from(tables.confirmation, tables.request)
        .where(
            tables.confirmation.c.token_hash == confirmation_hash(token),
            tables.confirmation.c.used_at.is_(None),
            tables.request.c.expires_at > now,
        )
    )
    row = connection.execute(query).first()
    if row is None:
        raise NotConfirmable(NotConfirmable.__doc__)
    return row


def _asked_lately(connection: Connection, address_key: str, now: datetime) -> int:
    lately = select(func.count()).where(
        tables.request.c.address_key == address_key, tables.request.c.created_at > now - timedelta(days=1)
    )
    return connection.scalar(lately) or 0


def _keep(
    connection: Connection,
    kind: Kind,
    address: Address,
    now: datetime,
    subscriber_id: int | None,
    wanted: str = "",
    wording: str = "",
) -> int:
    made = insert(tables.request).values(
        kind=kind,
        address=address.written,
        address_key=address.key,
        subscriber_id=subscriber_id,
        wanted=wanted,
        wording=wording,
        created_at=now,
        expires_at=now + CONFIRMATION_LIFE,
    )
    return int(connection.execute(made).inserted_primary_key[0])  # type: ignore[index]


def _keep_token(connection: Connection, number: int, token: str, part: str) -> None:
    row = {"token_hash": confirmation_hash(token), "request_id": number, "part": part}
    connection.execute(insert(tables.confirmation), row)


def _done(connection: Connection, number: int, at: datetime) -> None:
    """The wish has become events; the request keeps only that it was used."""
    done = update(tables.request).where(tables.request.c.id == number).values(done_at=at, wanted="")
    connection.execute(done)


def _as_json(wish: Wish) -> str:
    wanted = {
        bulletin: {**asdict(choices), "audiences": sorted(choices.audiences)}
        for bulletin, choices in wish.wanted.items()
    }
    return json.dumps({"name": wish.name, "wanted": wanted})


def _wanted(text: str) -> Mapping[str, Choices]:
    if not text:
        return {}
    return {
        bulletin: Choices(frozenset(each["audiences"]), each["amount"], each["frequency"])
        for bulletin, each in json.loads(text)["wanted"].items()
    }


def drop_expired(connection: Connection, before: datetime) -> int:
    """Forget every request that ended before then; how many."""
    return connection.execute(delete(tables.request).where(tables.request.c.expires_at < before)).rowcount
