"""A built site behind a real web server, under the content security policy that it is made for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from threading import Thread

STRICT = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


@contextmanager
def served(site: Mapping[str, bytes], policy: str = STRICT) -> Iterator[str]:
    """Its address, without a closing slash. What is not there gets 404.html, as a web server would send it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.split("?")[0].lstrip("/")
            path += "index.html" if not path or path.endswith("/") else ""
            found = site.get(path)
            asked = self.headers.get("Range") if found is not None else None
            if asked and found is not None:
                first, _, last = asked.removeprefix("bytes=").partition("-")
                found = found[int(first) : int(last) + 1]
            self.send_response(404 if found is None else 206 if asked else 200)
            self.send_header("Content-Type", guess_type(path)[0] or "text/html" if found is not None else "text/html")
            if policy:
                self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(found if found is not None else site["404.html"])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
