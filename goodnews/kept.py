"""What a feed said last time, so that a school's server is asked only for what is new. Deleting it costs only time."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from goodnews.fetch import Page, fetch


def fetch_again(url: str, folder: Path, ask: Callable[..., Page] = fetch) -> Page:
    """The page as it is now. Raises FetchError."""
    file = folder / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.json"
    held = _read(file)
    if held is None:
        page = ask(url)
    else:
        page = ask(url, etag=held.etag, modified=held.modified)
        if page.unchanged:
            return replace(held, url=page.url)
    if page.etag or page.modified:
        _keep(file, page)
    return page


def _read(file: Path) -> Page | None:
    """None for what is not there, and for what a crash or a person spoiled."""
    try:
        values = json.loads(file.read_text("utf-8"))
        page = Page(**{**values, "body": b64decode(values["body"], validate=True)})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return page if all(isinstance(v, str) for v in (page.url, page.charset, page.etag, page.modified)) else None


def _keep(file: Path, page: Page) -> None:
    """Whole or not at all. A full disk is no reason to do without the news."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=file.parent, suffix=".partial")
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump({**asdict(page), "body": b64encode(page.body).decode()}, out)
        Path(partial).replace(file)
