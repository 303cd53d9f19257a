"""The static archive: the files of site/ as they are on the disk at each request, and its own page for what is not there."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from flask import Response, abort, redirect, request, send_file
from werkzeug.security import safe_join
from werkzeug.wrappers import Response as AnyResponse

from builder.archive.redirects import ALL
from builder.cache import fingerprint
from desk.mediatypes import ASK_AGAIN, FOR_GOOD, TYPES, keeping_of, type_of
from desk.web.public import Public


def page(public: Public, site: Path, path: str = "") -> AnyResponse:
    """A file of the archive, or its folder's index.html; what moved leads on, what was taken down says so (410)."""
    gone, moved = former(site)
    if f"/{path}" in moved:
        return redirect(f"{request.script_root}{moved[f'/{path}']}", 301)
    found = _find(site, path)
    if found is not None and found.is_dir():
        if path and not path.endswith("/"):
            return _with_slash(path)
        found /= "index.html"
    if found is not None and found.is_file():
        sent = _sent(found, path)
        sent.status_code = 410 if f"/{path}" in gone and sent.status_code == 200 else sent.status_code
        return sent
    if path not in public.reading().files:
        abort(404)
    return own_file(public, path)


def former(site: Path) -> tuple[frozenset[str], dict[str, str]]:
    """(what was taken down, what moved where), as paths of the site; read again when the site is another one."""
    try:
        seen = (site / ALL).stat()
    except OSError:
        return frozenset(), {}
    return _former(site / ALL, (seen.st_mtime_ns, seen.st_ino))


@lru_cache(maxsize=4)
def _former(file: Path, _seen: tuple[int, int]) -> tuple[frozenset[str], dict[str, str]]:
    try:
        told = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return frozenset(), {}
    top = str(told["top"])
    return (
        frozenset(path.removeprefix(top) for path in told["gone"]),
        {old.removeprefix(top): new.removeprefix(top) for old, new in told["moved"].items()},
    )


def own_file(public: Public, name: str) -> AnyResponse:
    """A style sheet or icon of the pages themselves: there before the archive has ever been built."""
    content = public.reading().files[name]
    response = Response(content, content_type=TYPES[Path(name).suffix])
    response.add_etag()
    named = request.args.get("v") == fingerprint(content)[:10]
    response.headers["Cache-Control"] = FOR_GOOD if named else ASK_AGAIN
    return response.make_conditional(request)


def not_found(site: Path) -> bytes | None:
    """The archive's own page, when it has been built."""
    try:
        return (site / "404.html").read_bytes()
    except OSError:
        return None


def _find(site: Path, path: str) -> Path | None:
    """Never outside of the site, whatever the path says (W11); names with a leading dot are not published."""
    if "\0" in path or any(part.startswith(".") for part in path.split("/")):
        return None
    joined = safe_join(str(site), path)
    if joined is None:
        return None
    try:
        found = Path(joined).resolve()
        return found if found.is_relative_to(site.resolve()) and found.exists() else None
    except (OSError, ValueError):
        return None


def _with_slash(path: str) -> AnyResponse:
    """Within this site only: the path is written anew from its parts, so that it cannot name another host (W10)."""
    parts = [quote(part, safe="") for part in path.split("/") if part]
    return redirect(f"{request.script_root}/{'/'.join(parts)}/", 308)


def _sent(file: Path, path: str) -> Response:
    kind = type_of(file.name)
    try:
        response = send_file(file, mimetype=kind.partition(";")[0], conditional=True, etag=True, max_age=None)
    except OSError:
        abort(404)  # the site was swapped between looking and opening
    response.headers["Content-Type"] = kind
    response.headers["Cache-Control"] = keeping_of(path)
    return response
