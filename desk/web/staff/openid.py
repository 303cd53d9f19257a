"""Signing in by the council's own account: to the provider and back, and in, if the address is one of our staff."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Response, abort, redirect, request

import db
from desk.keeping import read_keeping
from desk.settings import Settings, SettingsError
from desk.staff import openid, store
from desk.staff.openid import Identity, OpenId, OpenIdError, Provider
from desk.staff.record import record
from desk.web.limits import client
from desk.web.staff import session
from desk.web.staff.desk import Desk
from desk.web.staff.frame import own_page
from desk.web.staff.route import READ, Route
from desk.web.staff.signing import DOOR, let_in
from subscribers.address import parse
from subscribers.model import BadAddress

log = logging.getLogger("bulletin.desk")
COOKIE = "__Host-openid"
BACK = "/desk/sign-in/openid/back"


@dataclass(slots=True)
class LiveOpenId:
    """The provider that the settings name now; the last good one while they are wrong."""

    live: Callable[[], Settings]
    clock: Callable[[], datetime]
    _of: Settings | None = None
    _made: OpenId | None = None

    def __call__(self) -> OpenId | None:
        settings = self.live()
        if settings is not self._of:
            self._of = settings
            try:
                self._make(read_keeping(settings).openid, f"{settings.house.publisher.url}{BACK}")
            except SettingsError as error:
                log.warning("[desk.openid] is not as it should be; the desk goes on with what it was: %s", error)
        return self._made

    def _make(self, provider: Provider | None, back: str) -> None:
        """What the provider said about itself is kept while it is the same one."""
        if provider is None:
            self._made = None
        elif self._made is None or (self._made.provider, self._made.back) != (provider, back):
            self._made = OpenId(provider, back, self.clock)


def there(desk: Desk) -> Response:
    """Changes nothing here: the browser takes along what it must bring back."""
    _may_ask(desk)
    journey = openid.begin(desk.now, own_page(desk, request.args.get("to", "")))
    try:
        found = desk.openid or abort(404)
        answer = redirect(found.there(journey), 303)
    except OpenIdError as error:
        return _failed(desk, error)
    answer.headers.add(
        "Set-Cookie", f"{COOKIE}={openid.seal(_key(desk), journey)}; Secure; HttpOnly; Path=/; SameSite=Lax"
    )
    return answer  # type: ignore[return-value]


def back(desk: Desk) -> Response:
    _may_ask(desk)
    found = desk.openid or abort(404)
    journey = openid.unseal(_key(desk), request.cookies.get(COOKIE, ""), desk.now)
    try:
        if journey is None:
            raise OpenIdError("This browser was not sent there by us, or too long ago.")
        if "code" not in request.args:
            raise OpenIdError("The provider let nobody in.")
        identity = found.identity(journey, request.args.get("state", ""), request.args["code"])
    except OpenIdError as error:
        return _forget(_failed(desk, error))
    return _forget(_in(desk, identity, journey.wanted))


def _in(desk: Desk, identity: Identity, wanted: str) -> Response:
    """They have proved who they are; whether they work here is for our own list to say."""
    try:
        key = parse(identity.address).key
    except BadAddress:
        return desk.page("sign-in-unknown", status=403)
    with db.writing(desk.engine) as connection:
        who = store.vouched_for(connection, key, identity.subject)
    if who is None or who.is_disabled:
        with db.writing(desk.engine) as connection:
            record(connection, DOOR, "openid-unknown", desk.now)
        return desk.page("sign-in-unknown", status=403)
    return let_in(desk, who, wanted, "openid")


def _may_ask(desk: Desk) -> None:
    if not session.is_private(request):
        abort(403)
    if not desk.public.limits.clients.allows(client(request.remote_addr), desk.now):
        abort(429)


def _failed(desk: Desk, error: OpenIdError) -> Response:
    log.warning("Nobody was signed in by OpenID Connect: %s", error)
    return desk.page("sign-in-failed", status=403)


def _forget(response: Response) -> Response:
    response.headers.add("Set-Cookie", f"{COOKIE}=; Secure; HttpOnly; Path=/; SameSite=Lax; Max-Age=0")
    return response


def _key(desk: Desk) -> bytes:
    return hmac.digest(desk.keys.links, b"openid journey", "sha256")


ROUTES = (
    Route("/desk/sign-in/openid", "sign-in-openid", there, READ, None),
    Route(BACK, "sign-in-back", back, READ, None),
)
