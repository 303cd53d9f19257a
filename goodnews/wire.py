"""One connection to one checked address, with a clock that runs from the first question to the last byte."""

from __future__ import annotations

import io
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

CONNECT_SECONDS = 5.0  # for one address; the next one may be on a network that works

Resolve = Callable[[str, int], Sequence[str]]
"""Host and port → addresses. May raise OSError."""
Connect = Callable[[str, int, float], socket.socket]
"""Address, port and seconds → a connected socket. May raise OSError."""


class Clock:
    """How long is left. A server that sends a byte a second keeps every single read short, but not this."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Raises TimeoutError when nothing is."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def wait_for(self, act: Callable[[], Sequence[str]]) -> Sequence[str]:
        """Runs what has no timeout of its own, such as asking for a name's addresses."""
        answer: queue.Queue[Sequence[str] | OSError] = queue.Queue()

        def run() -> None:
            try:
                answer.put(act())
            except OSError as error:
                answer.put(error)
            except ValueError as error:  # a label that is too long or empty is a UnicodeError
                answer.put(OSError(str(error)))

        threading.Thread(target=run, daemon=True).start()
        try:
            found = answer.get(timeout=self.left())
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(found, OSError):
            raise found
        return found


def resolve(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def connect(address: str, port: int, seconds: float) -> socket.socket:
    return socket.create_connection((address, port), timeout=seconds)


@dataclass(frozen=True, slots=True)
class Net:
    """How names are looked up and connections made; tests bring their own."""

    resolve: Resolve = resolve
    connect: Connect = connect
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)


class Connection(HTTPConnection):
    """Speaks HTTP with an address that was checked, under the name that was asked for (Host, and SNI under TLS)."""

    def __init__(self, host: str, port: int, secure: bool, addresses: Sequence[str], net: Net, clock: Clock) -> None:
        self.default_port = 443 if secure else 80
        super().__init__(host, port)
        self._secure, self._addresses, self._net, self._clock = secure, addresses, net, clock
        self._real: socket.socket | None = None

    def connect(self) -> None:
        self._real = self._first_that_answers()
        self._real.settimeout(self._clock.left())
        if self._secure:
            self._real = self._net.tls.wrap_socket(self._real, server_hostname=self.host)
        self.sock = _Timed(self._real, self._clock)

    def hang_up(self) -> None:
        if self._real:
            self._real.close()

    def _first_that_answers(self) -> socket.socket:
        failure = OSError("there is no address")
        for address in self._addresses:
            seconds = min(self._clock.left(), CONNECT_SECONDS)
            try:
                return self._net.connect(address, self.port, seconds)
            except OSError as error:
                failure = error
        raise failure


class _Timed:
    """As much of a socket as HTTPConnection uses."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._sock, self._clock = sock, clock

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._clock.left())
        self._sock.sendall(data)

    def makefile(self, *_mode: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reading(self._sock, self._clock))

    def close(self) -> None:
        """HTTPConnection closes before the answer is read; `hang_up` closes."""


class _Reading(io.RawIOBase):
    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._sock, self._clock = sock, clock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._clock.left())
        return self._sock.recv_into(buffer)
