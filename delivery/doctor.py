"""The world around the sender → findings: what is published, what the relay offers, whether clock and disk will do.

Every question goes through a `World`, so that tests answer it without a network.
"""

import asyncio
import ipaddress
import re
import shutil
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from delivery.letter.dkim import Key
from delivery.smtp.relay import Relay, RelayError, connect

Level = Literal["good", "warning", "bad"]

SPF_LOOKUPS = 10  # RFC 7208 4.6.4: an eleventh makes the whole record an error
FREE_BYTES = 500_000_000
CLOCK_SECONDS = 60
RELAY_SECONDS = 30


class Resolver(Protocol):
    """Raises LookupError when there is no answer."""

    def __call__(self, name: str, kind: str) -> Sequence[str]: ...


@dataclass(frozen=True)
class World:
    resolve: Resolver
    now: Callable[[], datetime]
    other_clock: Callable[[], datetime] | None = None  # of somebody else, to compare with
    free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free


@dataclass(frozen=True)
class Finding:
    """`publish`: the DNS record that mends it, as "name TYPE value"."""

    subject: str
    level: Level
    words: str
    publish: str = ""


@dataclass(frozen=True)
class Checked:
    """What is looked at."""

    domain: str  # of the From address
    bounce_domain: str
    relay: Relay
    keys: Sequence[Key] = ()
    outgoing: Sequence[str] = ()  # addresses from which the relay sends, where known
    folder: Path = Path()


def examine(checked: Checked, world: World) -> list[Finding]:
    """All in one pass. Never raises."""
    checks: list[Callable[[], list[Finding]]] = [
        lambda: spf(checked.bounce_domain, checked.outgoing, world.resolve),
        lambda: [finding for key in checked.keys for finding in dkim(key, world.resolve)],
        lambda: dmarc(checked.domain, checked.bounce_domain, world.resolve),
        lambda: mx(checked.bounce_domain, world.resolve),
        lambda: [finding for address in checked.outgoing for finding in reverse(address, world.resolve)],
        lambda: relay(checked.relay),
        lambda: clock(world),
        lambda: disk(checked.folder, world),
    ]
    return [finding for check in checks for finding in _safely(check)]


def _safely(check: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return check()
    except Exception as error:
        return [Finding("doctor", "warning", f"this could not be looked at: {error!r}")]


def _texts(resolve: Resolver, name: str) -> list[str]:
    try:
        return ["".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text)) or text for text in resolve(name, "TXT")]
    except LookupError:
        return []


def spf(domain: str, outgoing: Sequence[str], resolve: Resolver) -> list[Finding]:
    records = [text for text in _texts(resolve, domain) if text.lower().split(" ")[0] == "v=spf1"]
    wanted = " ".join(["v=spf1", *(f"ip{ipaddress.ip_address(one).version}:{one}" for one in outgoing), "mx", "-all"])
    if not records:
        return [Finding("SPF", "bad", f"{domain} publishes no SPF record", f"{domain} TXT {wanted}")]
    if len(records) > 1:
        return [Finding("SPF", "bad", f"{domain} publishes {len(records)} SPF records; receivers then ignore them all")]
    record = records[0]
    found = []
    if (lookups := _lookups(record, resolve, 0)) > SPF_LOOKUPS:
        found.append(
            Finding("SPF", "bad", f"{domain}'s record needs {lookups} look-ups; more than {SPF_LOOKUPS} make it void")
        )
    if re.search(r"(^|\s)\+?all(\s|$)", record):
        found.append(Finding("SPF", "bad", f"{domain} allows the whole internet to send in its name (+all)"))
    elif not re.search(r"[-~]all(\s|$)|redirect=", record):
        found.append(Finding("SPF", "warning", f"{domain}'s record ends without -all or ~all"))
    return found or [Finding("SPF", "good", f"{domain}: {record}")]


def _lookups(record: str, resolve: Resolver, depth: int) -> int:
    """Those that count, with those of what is included."""
    total = 0
    for term in record.split()[1:]:
        name = term.lstrip("+-~?").lower()
        if re.match(r"(include:|redirect=|a$|a[:/]|mx$|mx[:/]|ptr|exists:)", name):
            total += 1
        other = re.match(r"(?:include:|redirect=)(.+)", name)
        if other and depth < SPF_LOOKUPS:
            inner = next((text for text in _texts(resolve, other[1]) if text.lower().startswith("v=spf1")), "")
            total += _lookups(inner, resolve, depth + 1) if inner else 0
    return total


def dkim(key: Key, resolve: Resolver) -> list[Finding]:
    subject = f"DKIM {key.selector}"
    publish = f"{key.host} TXT {key.record}"
    records = _texts(resolve, key.host)
    if not records:
        return [Finding(subject, "bad", f"{key.host} publishes no key", publish)]
    published = _tags(records[0]).get("p", "")
    if published.replace(" ", "") != _tags(key.record)["p"]:
        return [Finding(subject, "bad", f"{key.host} publishes another key than the one we sign with", publish)]
    return [Finding(subject, "good", f"{key.host} publishes our {key.algorithm} key")]


def dmarc(domain: str, bounce_domain: str, resolve: Resolver) -> list[Finding]:
    names = [f"_dmarc.{domain}", f"_dmarc.{'.'.join(domain.split('.')[-2:])}"]
    records = [text for name in names for text in _texts(resolve, name) if text.lower().startswith("v=dmarc1")]
    if not records:
        publish = f"_dmarc.{domain} TXT v=DMARC1; p=none; rua=mailto:dmarc@{domain}"
        return [
            Finding(
                "DMARC", "bad", f"{domain} publishes no DMARC record; large providers refuse bulk mail without", publish
            )
        ]
    tags = _tags(records[0])
    found = []
    if tags.get("p", "none").lower() == "none":
        found.append(Finding("DMARC", "warning", f"{domain}'s policy is p=none: it watches and protects nobody yet"))
    strict = tags.get("aspf", "r").lower() == "s"
    if bounce_domain != domain and (strict or not _are_relatives(domain, bounce_domain)):
        found.append(
            Finding(
                "DMARC",
                "warning",
                f"bounces go to {bounce_domain}, which is not aligned with {domain}; DKIM alone must pass",
            )
        )
    return found or [Finding("DMARC", "good", f"{domain}: {records[0]}")]


def _are_relatives(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}


def mx(domain: str, resolve: Resolver) -> list[Finding]:
    try:
        hosts = [line.split()[-1].rstrip(".") for line in resolve(domain, "MX")]
    except LookupError:
        hosts = []
    if not hosts or hosts == [""]:
        return [
            Finding(
                "MX",
                "bad",
                f"{domain} takes no mail: bounces and answers would be lost",
                f"{domain} MX 10 mail.{domain}",
            )
        ]
    return [Finding("MX", "good", f"{domain}: {', '.join(hosts)}")]


def reverse(address: str, resolve: Resolver) -> list[Finding]:
    """Both ways (FCrDNS): large providers refuse senders whose name and address do not agree."""
    pointer = ipaddress.ip_address(address).reverse_pointer
    kind = "AAAA" if ":" in address else "A"
    try:
        names = [name.rstrip(".") for name in resolve(pointer, "PTR")]
    except LookupError:
        return [Finding("reverse DNS", "bad", f"{address} has no name", f"{pointer} PTR mail.example.")]
    for name in names:
        try:
            if address in resolve(name, kind):
                return [Finding("reverse DNS", "good", f"{address} is {name}, and {name} is {address}")]
        except LookupError:
            continue
    return [Finding("reverse DNS", "bad", f"{address} calls itself {names[0]}, which does not lead back to it")]


def relay(wanted: Relay) -> list[Finding]:
    return asyncio.run(_relay(wanted))


async def _relay(wanted: Relay) -> list[Finding]:
    where = f"{wanted.host}:{wanted.port}"
    try:
        async with asyncio.timeout(RELAY_SECONDS):
            conversation, features = await connect(wanted, lambda _conversation: None)
    except TimeoutError:
        return [Finding("relay", "bad", f"{where} takes longer than {RELAY_SECONDS} seconds to answer")]
    except RelayError as error:
        return [Finding("relay", "bad", str(error))]
    secure = conversation.transport.get_extra_info("ssl_object")
    conversation.finish()
    found = [Finding("relay", "good", f"{where} answers" + ("; it pipelines" if features.pipelining else ""))]
    if secure is None:
        level: Level = "good" if wanted.host in ("localhost", "127.0.0.1", "::1") else "warning"
        return [*found, Finding("TLS", level, f"letters to {where} are not encrypted")]
    return [*found, _certificate(where, secure)]


def _certificate(where: str, secure: ssl.SSLObject) -> Finding:
    certificate = secure.getpeercert() or {}
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    days = (until - datetime.now(UTC)).days
    level: Level = "warning" if days < 14 else "good"
    return Finding("TLS", level, f"{where} speaks {secure.version()}; its certificate is good for {days} days")


def clock(world: World) -> list[Finding]:
    if world.other_clock is None:
        return []
    try:
        other = world.other_clock()
    except (OSError, ValueError, TypeError):
        return [Finding("clock", "warning", "there was nobody to compare this machine's clock with")]
    off = abs((world.now() - other).total_seconds())
    if off > CLOCK_SECONDS:
        return [
            Finding(
                "clock", "bad", f"this machine's clock is {off:.0f} seconds off: editions would leave at the wrong time"
            )
        ]
    return [Finding("clock", "good", f"this machine's clock is right to {off:.0f} seconds")]


def disk(folder: Path, world: World) -> list[Finding]:
    free = world.free_bytes(folder)
    level: Level = "good" if free >= FREE_BYTES else "bad"
    return [Finding("disk", level, f"{free / 1e9:.1f} GB free in {folder.absolute()}")]


def system_resolver(timeout_seconds: float = 5) -> Resolver:
    """By dnspython, with this machine's name servers."""
    import dns.exception
    import dns.resolver

    asker = dns.resolver.Resolver()
    asker.lifetime = timeout_seconds

    def resolve(name: str, kind: str) -> Sequence[str]:
        try:
            return [str(answer) for answer in asker.resolve(name, kind)]
        except (dns.exception.DNSException, OSError) as error:
            raise LookupError(str(error)) from error

    return resolve
