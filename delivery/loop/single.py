"""A few letters at once, without a ledger: a test to oneself, a seed list, a confirmation, a welcome.

Whoever asked hears at once what became of each; nothing is tried again by itself, so nothing can go twice.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from delivery import outcome
from delivery.engine import Engine
from delivery.letter import message
from delivery.letter.parcels import Maker, Sign
from delivery.loop.handful import Handful
from delivery.model import DeliveryError, Letter, Mailing, Outcome, Recipient

SECONDS = 60.0  # a person waits for the answer


@dataclass(frozen=True)
class Posted:
    recipient: Recipient
    outcome: Outcome


def post(
    mailing: Mailing,
    letter: Letter,
    recipients: Sequence[Recipient],
    engine: Engine,
    *,
    secret: bytes,
    sign: Sign | None = None,
    seconds: float = SECONDS,
) -> list[Posted]:
    """One letter to each, in their order. Never raises for what a server or an address does: see each outcome."""
    frame = message.Frame.load(message.serialise(mailing, letter))
    maker = Maker(mailing, secret, sign)
    handful = Handful()
    for row, recipient in enumerate(recipients):
        try:
            handful.add(maker.make(row, frame, recipient.subscriber, recipient.address, recipient.tokens))
        except DeliveryError as error:
            handful.outcomes[row] = outcome.refused_here(str(error))
    problem = asyncio.run(_carry(handful, engine, seconds))
    unsent = outcome.lost("connect", problem or "the mail server did not answer in time", dot_sent=False)
    return [Posted(recipient, handful.outcomes.get(row, unsent)) for row, recipient in enumerate(recipients)]


async def _carry(handful: Handful, engine: Engine, seconds: float) -> str:
    """What was wrong with the engine, or nothing."""
    try:
        async with asyncio.timeout(seconds):
            await engine.carry(handful)
    except TimeoutError:
        return ""
    except DeliveryError as error:
        return str(error)
    return ""
