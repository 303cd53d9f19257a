"""Addresses from strangers → addresses that a reader can follow unwatched, or nothing."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

from goodnews.clean import seen

MOST = 2_000  # characters; browsers and mail filters cut longer addresses off
# Parameters that only tell the sender who came from where.
_TRACKERS = re.compile(
    r"utm_\w+|mc_[ce]id|fbclid|gclid|gbraid|wbraid|dclid|msclkid|yclid|twclid|ttclid|igshid?|_hs\w+|__hs\w+|vero_id|mkt_tok"
    r"|_ga|_gl|oly_\w+_id|wickedid|s_cid|li_fat_id|at_campaign|at_medium|at_custom\d",
    re.IGNORECASE,
)
# Mail filters put the page's own address, and the mailbox it was sent to, into an address of theirs.
_WRAPPERS = (".safelinks.protection.outlook.com",)
_MAIL = re.compile(r"[\w.+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_TELEPHONE = re.compile(r"\+?[\d ().-]{3,24}")
# Quoted, because Markdown or a mail's reader tokens give them a meaning: \ ` * [ ] ( ) < > " ' ; and everything unseen.
_PLAIN = "%/:?#@!$&+,=~-._"


def safe_link(address: str, base: str = "") -> str:
    """https, http, mailto or tel, absolute, without trackers; empty for everything else."""
    address = "".join(seen(address).split()) if address[:5].lower() != "tel:" else seen(address).strip()
    try:
        return _safe(urljoin(base, address))
    except (ValueError, UnicodeError):
        return ""


def _safe(address: str) -> str:
    scheme, _, rest = address.partition(":")
    if len(address) > MOST:
        return ""
    if scheme.lower() == "mailto":
        to = rest.partition("?")[0]
        return f"mailto:{to}" if _MAIL.fullmatch(to) else ""
    if scheme.lower() == "tel":
        return f"tel:{re.sub('[^0-9+]', '', rest)}" if _TELEPHONE.fullmatch(rest) else ""
    return _web(address) if scheme.lower() in {"http", "https"} else ""


def _web(address: str, depth: int = 0) -> str:
    parts = urlsplit(address)
    host = (parts.hostname or "").encode("idna").decode()
    if not re.fullmatch(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+\.?", host) or parts.username is not None:
        return ""
    if host.endswith(_WRAPPERS):
        inner = parse_qs(parts.query).get("url", [""])[0]
        return _web(inner, depth + 1) if depth < 3 and re.match("https?://", inner) else ""
    place = host if parts.port is None else f"{host}:{parts.port}"
    return urlunsplit(
        (parts.scheme, place, *(quote(p, safe=_PLAIN) for p in (parts.path, _query(parts.query), parts.fragment)))
    )


def _query(query: str) -> str:
    """As it was, unless a tracker has to go: another order or spelling can be another page."""
    named = parse_qsl(query, keep_blank_values=True)
    kept = [(name, value) for name, value in named if not _TRACKERS.fullmatch(name)]
    return query if len(kept) == len(named) else urlencode(kept)
