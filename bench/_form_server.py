"""The public site in a process of its own, for the bench of the form: its port on standard output, until standard input ends."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

NOW = datetime(2025, 1, 22, 9, tzinfo=UTC)


def main(folder: Path) -> None:
    from desk.readers.register import open_register
    from desk.settings import load
    from desk.web.app import create_app
    from desk.web.serving import server_of, started_at

    settings = load(folder, None, {"BULLETIN__DESK__TRUSTED_PROXIES": "1"})
    register = open_register(settings)
    app = create_app(settings, engine=register.engine, keys=register.keys, clock=started_at(NOW))
    logging.getLogger("waitress").setLevel(logging.CRITICAL)
    server = server_of(app, "127.0.0.1", 0)
    Thread(target=server.run, daemon=True).start()
    print(server.effective_port, flush=True)
    sys.stdin.read()
    server.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
