"""The mail server that takes our letters: how it is reached, what it offers, and connections that stay open to it."""

import asyncio
import base64
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from delivery.access import AccessToken, xoauth2
from delivery.engine import Parcel, Work
from delivery.model import DeliveryError
from delivery.smtp.conversation import Conversation
from delivery.smtp.features import Features, Timeouts
from delivery.smtp.reply import Reply

TICK_SECONDS = 0.2
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0


class RelayError(DeliveryError):
    """The relay cannot be used. `is_lasting`: trying again changes nothing, a person must."""

    def __init__(self, words: str, *, is_lasting: bool = False) -> None:
        super().__init__(words)
        self.is_lasting = is_lasting


@dataclass(frozen=True)
class Relay:
    """`tls`: "tls" from the first byte, "starttls" (refused when not offered: no downgrade), or "none"."""

    host: str
    port: int = 587
    tls: str = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    token: AccessToken | None = field(default=None, repr=False)  # in place of a password
    connections: int = 4
    helo: str = "localhost"
    authorities: str = ""  # a PEM file, for a relay with a certificate of its own
    in_flight: int = 1  # letters a connection may send ahead with CHUNKING; each is one more in doubt when it breaks
    patience_seconds: float = 60  # how long an unreachable relay is tried before the run stops
    shortage_seconds: float = 30  # after 452
    timeouts: Timeouts = field(default_factory=Timeouts)


async def connect(relay: Relay, watch: Callable[[Conversation], None]) -> tuple[Conversation, Features]:
    """A conversation past greeting, TLS and sign-in. `watch` is told of it at once, so that its silence is noticed.

    Raises RelayError.
    """
    loop = asyncio.get_running_loop()
    context = _context(relay) if relay.tls != "none" else None
    conversation: Conversation | None = None
    try:
        # First by itself: uvloop would print the error of an unknown name when another line has ended the run meanwhile.
        await loop.getaddrinfo(relay.host, relay.port, type=socket.SOCK_STREAM)
        opening = loop.create_connection(
            lambda: Conversation(relay.timeouts, relay.shortage_seconds),
            relay.host,
            relay.port,
            ssl=context if relay.tls == "tls" else None,
        )
        _, opened = await asyncio.wait_for(opening, relay.timeouts.connect)
        conversation = opened
        watch(opened)
        return opened, await _introduce(relay, opened, context)
    except BaseException as error:
        if conversation:
            conversation.abort()
        if isinstance(error, OSError | TimeoutError):
            raise _unreachable(relay, error) from error
        raise


def _context(relay: Relay) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=relay.authorities or None)
    except OSError as error:
        raise RelayError(f"{relay.authorities} cannot be read: {error}", is_lasting=True) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _unreachable(relay: Relay, error: BaseException) -> RelayError:
    where = f"{relay.host}:{relay.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return RelayError(f"the certificate of {where} cannot be trusted: {error.verify_message}", is_lasting=True)
    if isinstance(error, ssl.SSLError):
        return RelayError(f"no secure connection to {where}: {error.reason or error}", is_lasting=True)
    return RelayError(f"the mail server {where} cannot be reached: {_why(error)}")


def _why(error: BaseException) -> str:
    """In words, without the number of the error."""
    said = getattr(error, "strerror", None) or str(error) or "it did not answer in time"
    return f"nobody knows an address for its name ({said})" if isinstance(error, socket.gaierror) else said


async def _introduce(relay: Relay, conversation: Conversation, context: ssl.SSLContext | None) -> Features:
    _expect(await conversation.greeting(), "its greeting")
    features = await _ehlo(relay, conversation)
    if relay.tls == "starttls" and context:
        features = await _start_tls(relay, conversation, features, context)
    if relay.username:
        await _sign_in(relay, conversation, features)
    return features


async def _ehlo(relay: Relay, conversation: Conversation) -> Features:
    reply = await conversation.command(f"EHLO {relay.helo}")
    if reply.is_good:
        return Features.of(reply)
    if reply.is_lasting:
        reply = await conversation.command(f"HELO {relay.helo}")
    _expect(reply, "EHLO")
    return Features()


async def _start_tls(relay: Relay, conversation: Conversation, features: Features, context: ssl.SSLContext) -> Features:
    if not features.starttls:
        raise RelayError(f"{relay.host} offers no STARTTLS; nothing is sent in the clear", is_lasting=True)
    _expect(await conversation.command("STARTTLS"), "STARTTLS")
    if not conversation.is_silent:
        raise RelayError(f"{relay.host} said something between STARTTLS and TLS: that may be an attack")
    loop = asyncio.get_running_loop()
    raw = conversation.transport
    try:
        secure = await loop.start_tls(
            raw,
            conversation,
            context,
            server_hostname=relay.host,
            ssl_handshake_timeout=relay.timeouts.connect,
        )
    except BaseException:
        raw.abort()
        raise
    if secure is None:
        raise ConnectionResetError("the connection ended during STARTTLS")
    conversation.adopt(secure)
    return await _ehlo(relay, conversation)


async def _sign_in(relay: Relay, conversation: Conversation, features: Features) -> None:
    if relay.tls == "none" and relay.host not in ("localhost", "127.0.0.1", "::1"):
        raise RelayError("a password is not sent without TLS: set [delivery] tls to starttls or tls", is_lasting=True)
    if relay.token:
        await _show_token(relay, relay.token, conversation, features)
        return
    if "PLAIN" in features.auth:
        secrets = "\0".join(("", relay.username, relay.password))
        reply = await conversation.command(f"AUTH PLAIN {_b64(secrets)}")
    elif "LOGIN" in features.auth:
        reply = await conversation.command("AUTH LOGIN")
        for secret in (relay.username, relay.password):
            if reply.code == 334:
                reply = await conversation.command(_b64(secret))
    else:
        raise RelayError(f"{relay.host} offers no way to sign in that we know (PLAIN, LOGIN)", is_lasting=True)
    _let_in(reply, "user name and password")


async def _show_token(relay: Relay, token: AccessToken, conversation: Conversation, features: Features) -> None:
    """Refused, a server tells why in base64 and wants an empty line before it says so properly."""
    if "XOAUTH2" not in features.auth:
        raise RelayError(f"{relay.host} does not take access tokens (XOAUTH2)", is_lasting=True)
    try:
        shown = xoauth2(relay.username, await asyncio.to_thread(token))
    except DeliveryError as error:
        raise RelayError(str(error)) from error
    reply = await conversation.command(f"AUTH XOAUTH2 {_b64(shown)}")
    if reply.code == 334:
        reply = await conversation.command("")
    if not reply.is_good:
        token.refused()
    _let_in(reply, "user name and access token")


def _let_in(reply: Reply, by: str) -> None:
    if not reply.is_good:
        said = f"{reply.code} {reply.status} {reply.words}"
        raise RelayError(f"the mail server does not accept our {by}. It says: {said}", is_lasting=reply.is_lasting)


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _expect(reply: Reply, what: str) -> None:
    if not reply.is_good:
        raise RelayError(
            f"the mail server answered {what} with {reply.code} {reply.status} {reply.words}",
            is_lasting=reply.is_lasting,
        )


class SmtpEngine:
    """Keeps up to `connections` conversations with the relay; opens one only when there is a letter for it."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._open: set[Conversation] = set()
        self._down_since: float | None = None
        self._hurried = False

    async def carry(self, work: Work) -> None:
        """See engine.Engine. Raises RelayError."""
        ticking = asyncio.create_task(self._tick())
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._relay.connections):
                    group.create_task(self._line(work))
        except BaseExceptionGroup as group_of_errors:
            raise group_of_errors.exceptions[0] from None
        finally:
            ticking.cancel()

    def hurry(self) -> None:
        self._hurried = True
        for conversation in tuple(self._open):
            conversation.finish()

    def abort(self) -> None:
        for conversation in tuple(self._open):
            conversation.abort()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = asyncio.get_running_loop().time()
            for conversation in tuple(self._open):
                conversation.expire(now)

    async def _line(self, work: Work) -> None:
        wait = FIRST_WAIT_SECONDS
        while (parcel := await _first(work)) is not None:
            try:
                served = await self._talk(work, parcel)
            except RelayError as error:
                self._bear(error)
                served = 0
            if served:
                wait, self._down_since = FIRST_WAIT_SECONDS, None
            elif not self._hurried:
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)

    async def _talk(self, work: Work, parcel: Parcel) -> int:
        watched: list[Conversation] = []

        def watch(conversation: Conversation) -> None:
            watched.append(conversation)
            self._open.add(conversation)

        try:
            try:
                conversation, features = await connect(self._relay, watch)
            except BaseException:
                work.put_back(parcel)
                raise
            if self._hurried:
                work.put_back(parcel)
                return 1
            return await conversation.serve(work, parcel, features, self._relay.in_flight)
        finally:
            for conversation in watched:
                conversation.abort()
                self._open.discard(conversation)

    def _bear(self, error: RelayError) -> None:
        """One line more or less is no matter while another carries letters."""
        if any(conversation.answered for conversation in self._open):
            return
        now = asyncio.get_running_loop().time()
        self._down_since = self._down_since or now
        if error.is_lasting or now - self._down_since >= self._relay.patience_seconds:
            raise error


async def _first(work: Work) -> Parcel | None:
    """Waits for a letter; None when the work is over."""
    loop = asyncio.get_running_loop()
    while not work.is_over:
        asked: asyncio.Future[None] = loop.create_future()
        parcel = work.take(lambda asked=asked: None if asked.done() else asked.set_result(None))  # type: ignore[misc]
        if parcel is not None:
            return parcel
        if work.is_over:
            break
        await asked
    return None
