"""One reader's history, told together: what they asked for, what staff did, which letters they were sent. The newest first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from desk.staff.record import Act
from subscribers.model import ConsentEvent

if TYPE_CHECKING:
    from desk.web.staff.desk import Desk

# Acts that leave no line in the record of consent; the others would say the same thing twice.
ALONE = frozenset({"reader-renamed", "reader-shown", "reader-suppressed", "no-lifted"})


@dataclass(frozen=True, slots=True)
class Line:
    """`kind`: event, act or letter; it says which words `what` has."""

    at: datetime
    kind: str
    what: str
    bulletin: str = ""
    how: str = ""
    actor: str = ""
    source: str = ""
    edition: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)


def told_together(
    desk: Desk, history: Iterable[ConsentEvent], deeds: Iterable[Act], letters: Iterable[Mapping[str, Any]]
) -> Sequence[Line]:
    lines = [
        *(_event(desk, one) for one in history),
        *(_act(desk, one) for one in deeds if one.what in ALONE),
        *_letters(desk, letters),
    ]
    return [line for _, line in sorted(enumerate(lines), key=lambda pair: (pair[1].at, pair[0]), reverse=True)]


def _event(desk: Desk, event: ConsentEvent) -> Line:
    proof, bulletin = event.proof, desk.public.name(event.bulletin) if event.bulletin else ""
    return Line(
        proof.at, "event", event.what, bulletin, proof.how, proof.actor, proof.source, "", _read(proof.evidence)
    )


def _read(text: str) -> dict[str, Any]:
    try:
        kept = json.loads(text) if text else {}
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}


def _act(desk: Desk, act: Act) -> Line:
    bulletin = str(act.details.get("bulletin") or "")
    return Line(act.at, "act", act.what, desk.public.name(bulletin) if bulletin else "", actor=act.actor)


def _letters(desk: Desk, letters: Iterable[Mapping[str, Any]]) -> Iterator[Line]:
    for one in letters:
        if one["at"]:
            at = datetime.fromisoformat(one["at"])
            moment = at if at.tzinfo else at.replace(tzinfo=UTC)
            yield Line(moment, "letter", one["state"], desk.public.name(one["bulletin"]), edition=one["edition"])
