"""The labelled corpus: samples in the forms of real mail servers, in our own words, and the truth about each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from delivery.letter import verp

FOLDER = Path(__file__).parent / "corpus"


@dataclass(frozen=True)
class Sample:
    """`reports`: (kind, address) of each recipient; the address is empty where nobody could know it."""

    name: str
    raw: bytes
    nature: str
    reports: frozenset[tuple[str, str]]

    @property
    def is_about_a_reader(self) -> bool:
        return self.nature in ("bounce", "complaint")


def samples(secret: bytes, named: verp.Named) -> list[Sample]:
    token = verp.token(secret, named.mailing, named.subscriber).encode()
    lines = (FOLDER / "truth.txt").read_text("utf-8").splitlines()
    return [_sample(line, token) for line in lines if line and not line.startswith("#")]


def _sample(line: str, token: bytes) -> Sample:
    name, nature, *rest = line.split(maxsplit=2)
    raw = (FOLDER / f"{name}.eml").read_bytes().replace(b"[[token]]", token)
    pairs = [pair.split() for pair in rest[0].split(",")] if rest else []
    return Sample(
        name, raw, nature, frozenset((kind, address.replace("-", "", address == "-")) for kind, address in pairs)
    )
