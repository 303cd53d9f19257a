"""How fast letters may go: token buckets for all and for each domain, and a daily share while a sender is new."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Limits:
    """Letters a second; 0 is unlimited. `daily`: the most a domain gets today, while the address warms up."""

    rate: float = 0
    domain_rate: float = 0
    domain_rates: Mapping[str, float] = field(default_factory=dict)
    daily: int = 0

    def of(self, domain: str) -> float:
        return self.domain_rates.get(domain, self.domain_rate)


class Bucket:
    """Holds a tenth of a second's worth, at least one: a rate is never exceeded by a burst."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._most = max(1.0, rate / 10)
        self._has = self._most
        self._at = now

    def wait(self, now: float) -> float:
        """Seconds until one may be taken."""
        self._has = min(self._most, self._has + (now - self._at) * self._rate)
        self._at = now
        return max(0.0, (1 - self._has) / self._rate)

    def take(self) -> None:
        self._has -= 1


class Pace:
    """Asked for each letter; `already` is what each domain got today before this run."""

    def __init__(self, limits: Limits, now: float, already: Mapping[str, int] | None = None) -> None:
        self._limits = limits
        self._all = Bucket(limits.rate, now) if limits.rate else None
        self._domains: dict[str, Bucket] = {}
        self._today = Counter(already or {})

    @property
    def is_free(self) -> bool:
        """Nothing is limited, so nothing need be asked."""
        limits = self._limits
        return not (limits.rate or limits.domain_rate or limits.domain_rates or limits.daily)

    def wait_for_all(self, now: float) -> float:
        return self._all.wait(now) if self._all else 0.0

    def wait_for(self, domain: str, now: float) -> float:
        """Seconds; infinite when the domain has had its share of today."""
        if self._limits.daily and self._today[domain] >= self._limits.daily:
            return math.inf
        bucket = self._bucket(domain, now)
        return bucket.wait(now) if bucket else 0.0

    def take(self, domain: str, now: float) -> None:
        self._today[domain] += 1
        for bucket in (self._all, self._bucket(domain, now)):
            if bucket:
                bucket.take()

    def _bucket(self, domain: str, now: float) -> Bucket | None:
        rate = self._limits.of(domain)
        if rate and domain not in self._domains:
            self._domains[domain] = Bucket(rate, now)
        return self._domains.get(domain)


def warm_up(day: int, first: int = 50, factor: float = 2.0, enough: int = 10_000) -> int:
    """A new sender's most for one domain on its n-th day (from 0); 0, unlimited, once it is known."""
    share = first * factor ** min(day, 60)
    return 0 if share >= enough else int(share)
