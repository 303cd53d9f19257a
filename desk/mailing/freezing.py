"""An edition, its selections and its readers → the mailing, letters and recipients that the ledger keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from sqlalchemy import Connection, select, text

from builder.model import Edition, Variant
from builder.press import Press
from db.schema.subscribers import suppression
from delivery.model import Letter, Mailing, Recipient
from desk.mailing.office import Office
from desk.mailing.selecting import Selections, everything
from desk.readers.register import Register
from subscribers import choices
from subscribers.address import parse
from subscribers.model import EVERY_BULLETIN, BadAddress
from subscribers.tokens import Keys, address_hash, signed_link

CHUNK = 2_000  # readers in memory at once
SAID_NO = "has said no"
NOTHING = "nothing in this edition is for them"


def mailing_of(office: Office, edition: Edition, kind: str = "edition") -> Mailing:
    """The links that are the same for everybody but for their last part are written once."""
    house = office.press.house
    bulletin, publisher = house.bulletins[edition.bulletin], house.publisher
    mail = office.delivering.unsubscribe
    return Mailing(
        bulletin=edition.bulletin,
        edition=str(edition.day),
        kind=kind,
        sender_name=bulletin.sender or bulletin.name,
        sender=publisher.email,
        date=office.press.now,
        bounces=office.delivering.bounces,
        reply_to=publisher.reply_to,
        list_id=f"{edition.bulletin}.{publisher.email.rpartition('@')[2]}",
        list_name=bulletin.name,
        archive=f"{publisher.url}/{bulletin.path}editions/",
        help=f"mailto:{publisher.reply_to}",
        unsubscribe=f"{publisher.url}/unsubscribe/[[leave]]",
        unsubscribe_mail=f"{mail}?subject=unsubscribe%20[[leave]]" if mail else "",
        shared={
            "unsubscribe": f"{publisher.url}/unsubscribe/[[leave]]",
            "preferences": f"{publisher.url}/preferences/[[choose]]",
            "browser": _browser(office, edition, kind),
        },
    )


def _browser(office: Office, edition: Edition, kind: str) -> str:
    """The reader's own letter, where the pages are served; a test has none, and shows the public edition."""
    if not kind.startswith("test") and office.delivering.browser == "letter":
        return f"{office.press.house.publisher.url}/read/[[letter]]"
    return office.press.viewer.edition_url(edition)


def hold_still(connection: Connection) -> None:
    """Until this transaction ends nobody subscribes, leaves or changes: whoever leaves meanwhile finds their letter to withdraw.

    SQLite has one writer anyway. On PostgreSQL a "no" would else slip through between our reading and our commit.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE subscriber, subscription, suppression IN SHARE MODE"))


def letters_of(press: Press, edition: Edition, variants: Mapping[str, Variant]) -> Iterator[Letter]:
    """Rendered one at a time: there may be thousands. The one with everything is always there, for those who come late."""
    for variant in {**variants, (every := everything(press, edition)).id: every}.values():
        made = press.letter(edition, variant)
        yield Letter(variant.id, made.subject, made.html, made.text)


def recipients_of(
    connection: Connection, register: Register, edition: Edition, chosen: Selections, every: Variant, today: date
) -> Iterator[Recipient]:
    """Every reader of the bulletin, streamed; those who must not or need not get it are listed with the reason."""
    query = choices.readers_of(connection, edition.bulletin, chosen.used, register.axes, today)
    with connection.execute(query.execution_options(yield_per=CHUNK)) as rows:
        for chunk in rows.partitions():
            no = said_no(connection, register.keys, edition.bulletin, [row.address for row in chunk])
            for row in chunk:
                variant = chosen.of[row.group_key]
                words = SAID_NO if row.address in no else "" if variant else NOTHING
                yield reader(register.keys, edition.bulletin, row.subscriber_id, row.address, variant or every, words)


def reader(keys: Keys, bulletin: str, number: int, address: str, variant: Variant, words: str = "") -> Recipient:
    """With the two links that only they have. `words`: why they get nothing."""
    tokens = {} if words else tokens_of(keys, bulletin, number)
    return Recipient(str(number), address, variant.id, tokens, suppressed=bool(words), words=words)


def tokens_of(keys: Keys, bulletin: str, number: int) -> dict[str, str]:
    return {
        "leave": signed_link(keys, "unsubscribe", number, bulletin),
        "choose": signed_link(keys, "preferences", number),
    }


def said_no(connection: Connection, keys: Keys, bulletin: str, addresses: list[str]) -> set[str]:
    """Whoever has an open subscription and a "no" all the same: an old backup, a hand in the database. The "no" wins."""
    hashes = {}
    for address in addresses:
        try:
            hashes[address_hash(keys, parse(address).key)] = address
        except BadAddress:
            continue  # the run tells it, and sets it aside
    query = select(suppression.c.address_hash).where(
        suppression.c.address_hash.in_(list(hashes)), suppression.c.bulletin.in_((EVERY_BULLETIN, bulletin))
    )
    return {hashes[found] for found in connection.execute(query).scalars()}
