"""OpenID Connect: the council's own sign-in (Microsoft Entra ID and others) → the address of whoever it has let in.

The code flow with PKCE, state and nonce; Authlib speaks to the provider, joserfc reads its signature. Only one issuer is
believed, the one in the settings; a token that anybody else signed, or for anybody else, is none.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")  # never none, never one with a shared secret
SCOPE = "openid email profile"
TIMEOUT_SECONDS = 10
KEPT = timedelta(hours=1)  # what the provider says about itself
JOURNEY = timedelta(minutes=10)  # there and back, a second factor included
LEEWAY_SECONDS = 60  # between two clocks
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class OpenIdError(Exception):
    """Nobody is let in; the message is for the log and names nobody."""


@dataclass(frozen=True, slots=True)
class Provider:
    """From [desk.openid]. `name`: as the button calls it."""

    issuer: str
    client_id: str
    secret_file: Path | None
    name: str
    role: str = ""
    """An app role or group that the provider must name; empty: whoever it vouches for."""

    def secret(self) -> str:
        try:
            return self.secret_file.read_text("utf-8").strip() if self.secret_file else ""
        except OSError as error:
            raise OpenIdError(f"The secret file of [desk.openid] cannot be read: {error.strerror}.") from error


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider vouches for. `subject`: never given to anybody else there, whatever their address becomes."""

    address: str
    subject: str


@dataclass(frozen=True, slots=True)
class Journey:
    """What this browser took along when it was sent to the provider; kept in a signed cookie of its own."""

    state: str
    nonce: str
    verifier: str
    wanted: str
    until: int


def begin(now: datetime, wanted: str) -> Journey:
    until = int((now + JOURNEY).timestamp())
    return Journey(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), wanted, until)


def seal(key: bytes, journey: Journey) -> str:
    said = base64.urlsafe_b64encode(json.dumps(asdict(journey)).encode()).decode()
    return f"{said}.{_mac(key, said)}"


def unseal(key: bytes, sealed: str, now: datetime) -> Journey | None:
    """None when we did not make it, or too long ago."""
    said, _, mac = sealed.partition(".")
    if not hmac.compare_digest(mac.encode(errors="replace"), _mac(key, said).encode()):
        return None
    journey = Journey(**json.loads(base64.urlsafe_b64decode(said)))
    return journey if now.timestamp() <= journey.until else None


def _mac(key: bytes, said: str) -> str:
    return hmac.digest(key, said.encode(errors="replace"), "sha256").hex()


def is_safe(url: str) -> bool:
    """Over https; plainly only within this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


@dataclass(slots=True)
class OpenId:
    """One provider, what it says about itself (asked for once an hour), and the two steps of signing in."""

    provider: Provider
    back: str
    """The address to which the provider sends people back: registered there, letter by letter."""
    clock: Callable[[], datetime]
    _about: Mapping[str, Any] = field(default_factory=dict)
    _keys: Any = None
    _at: datetime | None = None
    _lock: Lock = field(default_factory=Lock)

    def there(self, journey: Journey) -> str:
        """Where to send the browser. Raises OpenIdError."""
        endpoint = self._said("authorization_endpoint")
        made: str = self._session().create_authorization_url(
            endpoint, state=journey.state, nonce=journey.nonce, code_verifier=journey.verifier
        )[0]
        return made

    def identity(self, journey: Journey, state: str, code: str) -> Identity:
        """Whose code this is, as the provider vouches for. Raises OpenIdError."""
        if not hmac.compare_digest(state.encode(errors="replace"), journey.state.encode()):
            raise OpenIdError("The state is not the one that this browser took along.")
        claims = self._claims(self._token(journey, code), journey)
        refuse_without(claims, self.provider.role)
        return Identity(address_in(claims), subject_in(claims))

    def _token(self, journey: Journey, code: str) -> str:
        from authlib.common.errors import AuthlibBaseError
        from requests import RequestException

        endpoint = self._said("token_endpoint")
        try:
            found = self._session().fetch_token(
                endpoint, code=code, code_verifier=journey.verifier, timeout=TIMEOUT_SECONDS, allow_redirects=False
            )
        except (AuthlibBaseError, RequestException, ValueError) as error:
            raise OpenIdError(f"The code was not taken: {type(error).__name__}.") from error
        token = found.get("id_token")
        if not isinstance(token, str):
            raise OpenIdError("The provider answered without an identity.")
        return token

    def _session(self) -> Any:
        from authlib.integrations.requests_client import OAuth2Session

        secret = self.provider.secret()
        return OAuth2Session(
            self.provider.client_id,
            secret or None,
            scope=SCOPE,
            redirect_uri=self.back,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_post" if secret else "none",
        )

    def _claims(self, token: str, journey: Journey) -> Mapping[str, Any]:
        from joserfc import jwt
        from joserfc.errors import JoseError

        for fresh in (False, True):  # a provider may have changed its keys since we asked
            try:
                found = jwt.decode(token, self._key_set(fresh=fresh), algorithms=list(ALGORITHMS))
                break
            except (JoseError, ValueError) as error:
                if fresh:
                    raise OpenIdError(f"The identity is not signed as it must be: {type(error).__name__}.") from error
        check(found.claims, self.provider, journey.nonce, self.clock())
        claims: Mapping[str, Any] = found.claims
        return claims

    def _key_set(self, *, fresh: bool) -> Any:
        from joserfc.jwk import KeySet

        if self._keys is None or fresh:
            self._keys = KeySet.import_key_set(self._asked(self._said("jwks_uri")))
        return self._keys

    def _said(self, name: str) -> str:
        """Something that the provider says about itself, first of all who it is."""
        with self._lock:
            now = self.clock()
            if self._at is None or now - self._at > KEPT:
                about = self._asked(f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration")
                if about.get("issuer") != self.provider.issuer:
                    raise OpenIdError("The provider says that it is another one than [desk.openid] issuer.")
                self._about, self._at = about, now
        found = self._about.get(name)
        if not isinstance(found, str) or not is_safe(found):
            raise OpenIdError(f"The provider names no {name} that could be trusted.")
        return found

    def _asked(self, url: str) -> Any:
        import requests

        try:
            answer = requests.get(url, timeout=TIMEOUT_SECONDS, allow_redirects=False)
            answer.raise_for_status()
            found = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise OpenIdError(f"The provider cannot be asked: {type(error).__name__}.") from error
        if not isinstance(found, dict):
            raise OpenIdError("The provider's answer is not what it must be.")
        return found


def check(claims: Mapping[str, Any], provider: Provider, nonce: str, now: datetime) -> None:
    """OpenID Connect Core, 3.1.3.7: who says it, to whom, when, and in answer to what. Raises OpenIdError."""
    moment, audience = now.timestamp(), claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    several = len(audiences) > 1 or "azp" in claims
    wrong = {
        "iss": claims.get("iss") != provider.issuer,
        "aud": provider.client_id not in audiences,
        "azp": several and claims.get("azp") != provider.client_id,
        "exp": not _is_number(claims.get("exp")) or claims["exp"] + LEEWAY_SECONDS < moment,
        "iat": not _is_number(claims.get("iat")) or claims["iat"] - LEEWAY_SECONDS > moment,
        "nbf": "nbf" in claims and (not _is_number(claims["nbf"]) or claims["nbf"] - LEEWAY_SECONDS > moment),
        "nonce": not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()),
    }
    if any(wrong.values()):
        raise OpenIdError(
            f"The identity is not for us: {', '.join(name for name, is_wrong in wrong.items() if is_wrong)}."
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def refuse_without(claims: Mapping[str, Any], role: str) -> None:
    """`role`: as the settings ask for; Entra ID puts app roles into `roles`, and groups into `groups`. Raises OpenIdError."""
    named = [one for claim in ("roles", "groups") for one in _listed(claims.get(claim))]
    if role and role not in named:
        raise OpenIdError("The provider does not name the role that [desk.openid] asks for.")


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def subject_in(claims: Mapping[str, Any]) -> str:
    """Who it is for good: Entra ID's object in its tenant, else the subject. Raises OpenIdError."""
    tenant, number = claims.get("tid"), claims.get("oid")
    who = f"{tenant}/{number}" if isinstance(tenant, str) and isinstance(number, str) else claims.get("sub")
    if not isinstance(who, str) or not who:
        raise OpenIdError("The provider does not say who it is.")
    return f"{claims['iss']} {who}"


def address_in(claims: Mapping[str, Any]) -> str:
    """The mail address; Entra ID's user name where it has none. One that the provider itself doubts is none.

    Nor is that of a guest: whoever invites somebody into a tenant writes down what address they like.
    """
    if any(
        claims.get(name) in (False, "false", "0") for name in ("email_verified", "xms_edov")
    ):  # the latter: Entra ID's
        raise OpenIdError("The provider has not verified the address.")
    if claims.get("acct") in (1, "1") or "#EXT#" in str(claims.get("preferred_username", "")).upper():
        raise OpenIdError("The account is a guest's.")
    found = claims.get("email") or claims.get("preferred_username")
    if not isinstance(found, str) or "@" not in found:
        raise OpenIdError("The provider tells no address.")
    return found
