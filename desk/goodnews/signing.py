"""What git says of the acts on stories."""

from __future__ import annotations

from desk.editing.signing import Signed, signed_by
from desk.goodnews.newsroom import Newsroom

# A story is named by its reference: its title may name a child, and what git keeps it keeps.
SAID = {
    "accepted": "Accept the story {reference}",
    "consented": "Take down the photos of the story {reference}",
    "withdrawn": "Withdraw the story {reference}",
}


def signed(room: Newsroom, actor: str, act: str, reference: str) -> Signed:
    """`actor`: as records name them; `act`: accepted, consented or withdrawn."""
    what = SAID[act].format(reference=reference)
    return signed_by(room.root, room.house.publisher, actor, what, room.now, room.engine)
