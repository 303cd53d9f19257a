"""A house that a test writes itself: two bulletins, and whatever files it names."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from PIL import Image

from builder.archive import archive
from builder.press import Press
from desk.settings import load

TEMPLATES = Path(__file__).parents[2] / "templates"
ZONE = ZoneInfo("Europe/London")
NOW = datetime(2025, 1, 22, 9, tzinfo=ZONE)
URL = "https://updates.example"

SETTINGS = """
[publisher]
name = "Example County Council"
team = "Education communications"
address = "County Hall, Exampleton EX1 1EX"
url = "https://updates.example"
email = "updates@updates.example"
reply-to = "updates@updates.example"

[calendar]
zone = "Europe/London"

[audiences.phase]
name = "Phase"
question = "Which phase?"
tags.primary = { name = "Primary" }

[release-groups]
together-at-nine = 2025-01-23T09:00:00

[bulletins.weekly]
name = "Weekly update"
strapline = "For everyone"
main = true
weekday = "Tuesday"
succeeds = ["old"]
sections = [
    { id = "message", title = "A message", kinds = ["message"] },
    { id = "actions", title = "Action needed", kinds = ["action"] },
    { id = "news", title = "News", kinds = ["news", "appointment", "case-study", "excerpt", "consultation", "feedback", "notice"] },
    { id = "events", title = "Events", kinds = ["event"] },
    { id = "good-news", title = "Good news", kinds = ["good-news"], intro = "Stories from schools." },
]

[bulletins.send]
name = "SEND bulletin"
numbered = false
sections = [{ id = "all", title = "All news" }]

[bulletins.old]
name = "The old one"
last = 2024-12-10
sections = [{ id = "all", title = "All news" }]
"""

EDITION = "---\nsubject: A subject\npreheader: A preheader that is long enough to be one.\n---\n"


def item(title: str, body: str = "A paragraph.", **headers: str) -> str:
    lines = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    return f"---\ntitle: {title}\n{lines}---\n{body}\n"


def picture(colour: str = "teal", size: tuple[int, int] = (640, 400)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def write_house(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """`files`: path under content/ → what it holds. Editions that are named get an edition.md."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "bulletin.toml").write_text(SETTINGS, "utf-8")
    (root / "content").mkdir(exist_ok=True)
    for path, held in files.items():
        target = root / "content" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(held.encode() if isinstance(held, str) else held)
        edition = root / "content" / Path(*Path(path).parts[:2]) / "edition.md"
        if path[:4] not in ("docu", "page") and not edition.exists():
            edition.write_text(EDITION, "utf-8")
    return root


def open_written(root: Path, *, now: datetime = NOW, kept: Path | None = None) -> Press:
    return Press(
        root=root, house=load(root, None, {}).house, search=(TEMPLATES,), now=now, kept=kept or root / "var" / "cache"
    )


def site_of(root: Path, *, now: datetime = NOW, kept: Path | None = None) -> dict[str, bytes]:
    press = open_written(root, now=now, kept=kept)
    files = list(archive(press))
    assert not press.content.findings, press.content.findings
    assert len({path for path, _ in files}) == len(files)
    return dict(files)


def page_of(site: Mapping[str, bytes], path: str) -> str:
    return site[f"{path}index.html"].decode()
