"""A web server on loopback, and a net in which public addresses lead to it."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from goodnews.wire import Net

PUBLIC = "93.184.216.34"
Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Seen:
    """What was asked of whom."""

    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    connections: list[tuple[str, int]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def says(body: bytes = b"", status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def writes(raw: bytes) -> Answer:
    """Exactly these bytes, whatever HTTP says."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(raw)
        handler.close_connection = True

    return answer


@dataclass
class Web:
    port: int
    seen: Seen
    pages: dict[str, Answer]
    names: dict[str, Sequence[str]] = field(default_factory=dict)

    def net(self, tls: ssl.SSLContext | None = None) -> Net:
        return Net(self._resolve, self._connect, tls or ssl.create_default_context())

    def _resolve(self, host: str, _port: int) -> Sequence[str]:
        self.seen.names.append(host)
        return self.names.get(host, [PUBLIC])

    def _connect(self, address: str, port: int, seconds: float) -> socket.socket:
        self.seen.connections.append((address, port))
        return socket.create_connection(("127.0.0.1", self.port), seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up in the middle are what is tested."""


@contextmanager
def serving(pages: Mapping[str, Answer], tls: ssl.SSLContext | None = None) -> Iterator[Web]:
    seen, known = Seen(), dict(pages)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            seen.requests.append((self.headers["Host"], self.path, dict(self.headers.items())))
            known.get(self.path, says(b"", 404))(self)

        def log_message(self, *_: object) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Web(server.server_address[1], seen, known)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def certificate(host: str, folder: Path) -> Path:
    """A certificate and its key in one file, for one host, signed by itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "certificate.pem"
    file.write_bytes(built.public_bytes(pem) + private)
    return file
