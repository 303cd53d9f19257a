"""The doctor's findings, with a name server of our own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from delivery import doctor
from delivery.letter.dkim import load_key, new_keys
from tests.delivery.house import relay
from tests.delivery.servers import MailServer

KEY = load_key("bulletin.example", "e2025", new_keys()[1])
GOOD: Mapping[tuple[str, str], Sequence[str]] = {
    ("bulletin.example", "TXT"): ['"v=spf1 ip4:192.0.2.5 -all"'],
    (KEY.host, "TXT"): [f'"{KEY.record[:40]}" "{KEY.record[40:]}"'],
    ("_dmarc.bulletin.example", "TXT"): ['"v=DMARC1; p=reject; rua=mailto:d@bulletin.example"'],
    ("bulletin.example", "MX"): ["10 mail.bulletin.example."],
    ("5.2.0.192.in-addr.arpa", "PTR"): ["mail.bulletin.example."],
    ("mail.bulletin.example", "A"): ["192.0.2.5"],
}


def world(records: Mapping[tuple[str, str], Sequence[str]]) -> doctor.World:
    def resolve(name: str, kind: str) -> Sequence[str]:
        return records[name, kind]  # a KeyError is a LookupError

    return doctor.World(resolve, lambda: datetime.now(UTC))


def found(records: Mapping[tuple[str, str], Sequence[str]], port: int, tmp_path: Path) -> dict[str, doctor.Finding]:
    checked = doctor.Checked("bulletin.example", "bulletin.example", relay(port), [KEY], ["192.0.2.5"], tmp_path)
    return {finding.subject: finding for finding in doctor.examine(checked, world(records))}


def test_a_healthy_sender_is_good_throughout(server: MailServer, tmp_path: Path) -> None:
    findings = found(GOOD, server.port, tmp_path)
    assert {finding.level for finding in findings.values()} == {"good"}
    assert set(findings) == {"SPF", "DKIM e2025", "DMARC", "MX", "reverse DNS", "relay", "TLS", "disk"}


def test_a_sender_with_nothing_published_is_told_what_to_publish(tmp_path: Path) -> None:
    findings = found({}, 1, tmp_path)
    assert findings["SPF"].publish == "bulletin.example TXT v=spf1 ip4:192.0.2.5 mx -all"
    assert findings["DKIM e2025"].publish == f"{KEY.host} TXT {KEY.record}"
    assert findings["DMARC"].publish.startswith("_dmarc.bulletin.example TXT v=DMARC1; p=none")
    assert findings["MX"].level == findings["reverse DNS"].level == findings["relay"].level == "bad"


def test_faults_in_what_is_published_are_named(tmp_path: Path) -> None:
    many = {(f"i{n}.example", "TXT"): ['"v=spf1 a mx -all"'] for n in range(6)}
    includes = " ".join(f"include:i{n}.example" for n in range(6))
    bad = {
        **GOOD,
        **many,
        ("bulletin.example", "TXT"): [f'"v=spf1 {includes} +all"'],
        (KEY.host, "TXT"): ['"v=DKIM1; k=ed25519; p=AAAA"'],
        ("_dmarc.bulletin.example", "TXT"): ['"v=DMARC1; p=none"'],
        ("mail.bulletin.example", "A"): ["192.0.2.9"],
    }
    findings = doctor.examine(
        doctor.Checked("bulletin.example", "other.example", relay(1), [KEY], ["192.0.2.5"], tmp_path), world(bad)
    )
    words = " ".join(finding.words for finding in findings)
    assert "no SPF" in words and "another key" in words and "p=none" in words and "not aligned" in words
    assert "does not lead back" in words
    spf = " ".join(finding.words for finding in doctor.spf("bulletin.example", [], world(bad).resolve))
    assert "18 look-ups" in spf and "+all" in spf


def test_two_spf_records_are_as_good_as_none() -> None:
    records = {("b.example", "TXT"): ['"v=spf1 -all"', '"v=spf1 mx -all"', '"other=1"']}
    (finding,) = doctor.spf("b.example", [], world(records).resolve)
    assert finding.level == "bad" and "2 SPF records" in finding.words


def test_a_wrong_clock_and_a_full_disk_are_bad(tmp_path: Path) -> None:
    now = datetime(2025, 1, 14, 9, tzinfo=UTC)
    elsewhere = doctor.World(world({}).resolve, lambda: now, lambda: now + timedelta(minutes=5), lambda _path: 10)
    assert doctor.clock(elsewhere)[0].level == doctor.disk(tmp_path, elsewhere)[0].level == "bad"


def test_a_name_server_that_breaks_is_a_finding_not_a_crash(tmp_path: Path) -> None:
    def broken(_name: str, _kind: str) -> Sequence[str]:
        raise RuntimeError("no network")

    checked = doctor.Checked("b.example", "b.example", relay(1), [KEY], ["192.0.2.5"], tmp_path)
    findings = doctor.examine(checked, doctor.World(broken, lambda: datetime.now(UTC)))
    assert any("no network" in finding.words for finding in findings)
