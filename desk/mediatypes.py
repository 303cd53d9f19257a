"""What each file of the site is, and how long whoever has it may keep it: for our own server and for others'."""

from __future__ import annotations

from pathlib import PurePosixPath

# Told here, because what Python knows of types depends on the machine.
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".xml": "application/xml; charset=utf-8",
    ".rss": "application/rss+xml; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".ics": "text/calendar; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gz": "application/gzip",
}
NAMED = {
    "feed.xml": "application/atom+xml; charset=utf-8",
    "rss.xml": "application/rss+xml; charset=utf-8",
    "feed.json": "application/feed+json; charset=utf-8",
    "_redirects": "text/plain; charset=utf-8",
}
ASK_AGAIN = "no-cache"  # kept, but asked about before each use: an edition may be withdrawn at any minute
FOR_GOOD = "public, max-age=31536000, immutable"  # names that change with their content


def type_of(path: str) -> str:
    """By the name alone: `feed.xml` is a feed, anything unknown is bytes."""
    place = PurePosixPath(path)
    return NAMED.get(place.name) or TYPES.get(place.suffix.lower(), "application/octet-stream")


def keeping_of(path: str) -> str:
    return FOR_GOOD if path.startswith("images/") else ASK_AGAIN
