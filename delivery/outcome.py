"""What a mail server said, or failed to say → an `Outcome`, and when to try again."""

from datetime import datetime, timedelta

from delivery.model import Outcome, State
from delivery.smtp.reply import Reply

# RFC 5321 4.5.4.1: the first retry after minutes, later ones rarer, and an end that the reader's office can live with.
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (5, 10, 20, 30, 60, 120, 240))
GIVE_UP_AFTER = timedelta(hours=72)

SERVICE_CLOSING = 421
STORAGE_SHORT = 452


def is_about_the_server(reply: Reply) -> bool:
    """It is closing, or short of something, for every letter. A 452 whose status is 4.2.x is about one mailbox: it is full."""
    return reply.code == SERVICE_CLOSING or (reply.code == STORAGE_SHORT and not reply.status.startswith("4.2."))


def of_reply(reply: Reply, stage: str) -> Outcome:
    """2xx to the message is accepted, 5xx is for ever, anything else may be tried again."""
    if reply.is_good:
        state = State.ACCEPTED
    else:
        state = State.FAILED if reply.is_lasting else State.DEFERRED
    return Outcome(state, reply.code, reply.status, reply.words, stage)


def lost(stage: str, why: str, *, dot_sent: bool) -> Outcome:
    """The line broke. After the final dot nobody can know whether the letter was taken."""
    return Outcome(State.IN_DOUBT if dot_sent else State.DEFERRED, words=why, stage=stage)


def refused_here(why: str) -> Outcome:
    """We do not even offer this letter: it cannot be made, or this server cannot carry it."""
    return Outcome(State.FAILED, words=why, stage="letter")


def retry_at(attempts: int, now: datetime, since: datetime, luck: float) -> datetime | None:
    """After `attempts` tries; None when 72 hours have passed. `luck` (0..1) spreads retries over a fifth of the wait."""
    wait = BACK_OFF[min(attempts, len(BACK_OFF)) - 1] * (1 + luck / 5)
    return None if now + wait > since + GIVE_UP_AFTER else now + wait


def gave_up(outcome: Outcome) -> Outcome:
    """The last of many deferrals."""
    return Outcome(
        State.FAILED, outcome.code, outcome.status, f"gave up after 72 hours: {outcome.words}", outcome.stage
    )
