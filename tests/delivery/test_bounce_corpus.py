"""M14 on the labelled corpus: recipients found ≥ 0.98, no other mail taken for a bounce, hard, soft and policy told apart."""

from __future__ import annotations

import random

import pytest

from delivery.letter import verp
from delivery.returning import bounces
from tests.delivery.corpus_reader import FOLDER, Sample, samples
from tests.delivery.house import SECRET

NAMED = verp.Named("weekly-2025-01-14", "5")
SAMPLES = samples(SECRET, NAMED)
LEFT_FOR_PEOPLE = ("person", "unreadable")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_each_sample_is_what_the_truth_beside_it_says(sample: Sample) -> None:
    found = bounces.read(sample.raw, SECRET)
    assert {(one.kind, one.address) for one in found.reports} == sample.reports
    assert found.nature == sample.nature or (sample.nature == "nothing" and not found.reports)
    assert all(one.named == NAMED for one in found.reports)


def test_every_sample_has_its_truth_and_the_corpus_is_wide() -> None:
    assert {sample.name for sample in SAMPLES} == {file.stem for file in FOLDER.glob("*.eml")}
    natures = [sample.nature for sample in SAMPLES]
    assert natures.count("bounce") >= 85
    assert all(natures.count(nature) >= 5 for nature in ("complaint", "delay", "automatic", "person"))


def _recall(secret: bytes, *, endings: bytes = b"\n") -> float:
    wanted = found = 0
    for sample in SAMPLES:
        got = {one.address for one in bounces.read(sample.raw.replace(b"\n", endings), secret).reports}
        there = {address for _, address in sample.reports if address}
        wanted, found = wanted + len(there), found + len(there & got)
        assert sample.is_about_a_reader or not got, sample.name
    return found / wanted


@pytest.mark.parametrize("endings", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_recipients_are_found_also_where_nothing_proves_that_the_letter_was_ours(endings: bytes) -> None:
    assert _recall(b"another secret", endings=endings) >= 0.98


def test_of_a_persons_mail_nothing_is_ticked_off_whatever_proves_to_be_quoted_in_it() -> None:
    token = verp.token(SECRET, NAMED.mailing, NAMED.subscriber).encode()
    for sample in SAMPLES:
        if sample.nature == "person":
            quoting = sample.raw + b"\n> Message-ID: <" + token + b"@bulletin.example>\n"
            assert bounces.read(quoting, SECRET).nature in LEFT_FOR_PEOPLE, sample.name


def _spoilt(raw: bytes, chance: random.Random) -> bytes:
    """As mail is spoilt on its way: cut, lines lost or swapped, bytes changed, parts run together."""
    lines = raw.splitlines(keepends=True)
    how = chance.randrange(5)
    if how == 0:
        return raw[: chance.randrange(len(raw) + 1)]
    if how == 1:
        return b"".join(line for line in lines if chance.random() > 0.1)
    if how == 2:
        chance.shuffle(lines)
        return b"".join(lines)
    if how == 3:
        noisy = bytearray(raw)
        for _ in range(len(noisy) // 40):
            noisy[chance.randrange(len(noisy))] = chance.randrange(256)
        return bytes(noisy)
    return raw.replace(b"\n\n", b"\n")


@pytest.mark.parametrize("seed", range(3))
def test_spoilt_in_any_way_the_corpus_is_read_without_an_exception(seed: int) -> None:
    chance = random.Random(seed)
    for sample in SAMPLES:
        if sample.raw.strip():
            assert bounces.read(_spoilt(sample.raw, chance), SECRET).nature != "unreadable", sample.name
