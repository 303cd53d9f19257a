"""Fifty people send a story with a photo at once, beside one who has the server alone; whether each story arrived."""

from __future__ import annotations

import io
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from uuid import uuid4

from bench import Figure

ROOT = Path(__file__).parent.parent
SUBMITTERS, EACH, ALONE = 50, 2, 12
# Seconds in which somebody who is quick reads and types before each step: a story of six sentences takes ten.
PAUSES = {"open": (0.0, 8.0), "photo": (6.0, 14.0), "details": (4.0, 9.0), "send": (2.0, 5.0)}
GOAL = 10
Times = defaultdict[str, list[float]]


def run() -> Iterator[Figure]:
    picture = photo()
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as port:
        alone: Times = defaultdict(list)
        for number in range(ALONE):
            Submitter(port, number, picture, alone).send()
        together: Times = defaultdict(list)
        with ThreadPoolExecutor(SUBMITTERS) as pool:
            sent = sum(pool.map(lambda n: _several(port, n, picture, together), range(SUBMITTERS)))
        arrived = _count(Path(name))
    idle = {step: median(times) for step, times in alone.items()}
    loaded = {step: quantiles(times, n=20)[-1] for step, times in together.items()}
    step, ratio = max(((s, loaded[s] / idle[s]) for s in idle), key=lambda found: found[1])
    told = ", ".join(f"{s} {idle[s] * 1000:.0f} → {loaded[s] * 1000:.0f} ms" for s in idle)
    yield Figure(f"form, 50 at once: p95 / idle median ({step})", ratio, GOAL, at_most=True, detail=told)
    yield Figure("stories that arrived / sent", arrived / (sent + ALONE), 1, at_most=False, detail=f"{arrived} stories")


def _several(port: int, number: int, picture: bytes, times: Times) -> int:
    chance = random.Random(number)
    for turn in range(EACH):
        Submitter(port, 1000 + number * EACH + turn, picture, times, chance).send()
    return EACH


class Submitter:
    """A browser of its own, at an address of its own."""

    def __init__(
        self, port: int, number: int, picture: bytes, times: Times, chance: random.Random | None = None
    ) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=120)
        self.number, self.picture, self.times, self.chance = number, picture, times, chance
        self.headers = {"X-Forwarded-For": f"10.{number >> 8 & 255}.{number & 255}.7", "X-Forwarded-Proto": "http"}
        self.page = self.cookie = ""

    def send(self) -> None:
        self._ask("open", "GET")
        words = {
            "school": "Example Primary School",
            "title": f"Story {self.number}",
            "summary": "A story.",
            "text": f"We dug bed {self.number}.",
            "name": "Example Person",
            "role": "Office",
            "address": f"office{self.number}@example-primary.example",
        }
        self._ask("photo", "POST", {**words, "at": "words", "go": "next"}, self.picture)
        details = {"alt-1": "A bed of beans.", "people-1": "nobody", "kept": self._hidden("kept")}
        words |= {"draft": self._hidden("draft")}
        self._ask("details", "POST", {**words, **details, "at": "photos", "go": "next"})
        status = self._ask("send", "POST", {**words, **details, "at": "check", "go": "send"})
        assert status == 303, (status, re.findall(r'<li><a href="#[^<]*', self.page))
        self.connection.close()

    def _ask(self, step: str, method: str, fields: dict[str, str] | None = None, picture: bytes = b"") -> int:
        if self.chance:
            time.sleep(self.chance.uniform(*PAUSES[step]))
        body, kind = _multipart({**(fields or {}), "form": self._hidden("form")}, picture) if fields else (b"", "")
        headers = {
            **self.headers,
            **({"Content-Type": kind} if kind else {}),
            **({"Cookie": self.cookie} if self.cookie else {}),
        }
        began = time.perf_counter()
        self.connection.request(method, "/send-good-news", body or None, headers)
        answer = self.connection.getresponse()
        self.page = answer.read().decode()
        self.times[step].append(time.perf_counter() - began)
        self.cookie = (answer.getheader("Set-Cookie") or self.cookie).partition(";")[0]
        return answer.status

    def _hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page)
        return found[1] if found else ""


def _multipart(fields: dict[str, str], picture: bytes) -> tuple[bytes, str]:
    mark = uuid4().hex
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode() for n, v in fields.items()
    ]
    if picture:
        head = f'--{mark}\r\nContent-Disposition: form-data; name="photos"; filename="p.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        parts += [head.encode(), picture, b"\r\n"]
    return b"".join([*parts, f"--{mark}--\r\n".encode()]), f"multipart/form-data; boundary={mark}"


def photo() -> bytes:
    """As a phone sends a picture that is shared: 2 megapixels, some 400 kB."""
    from PIL import Image

    soft = Image.effect_noise((400, 300), 60).resize((1600, 1200)).convert("RGB")
    out = io.BytesIO()
    soft.save(out, "JPEG", quality=85)
    return out.getvalue()


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    shutil.copytree(ROOT / "content", folder / "content")
    shutil.copy(ROOT / "bulletin.toml", folder)
    command = [sys.executable, "-m", "bench._form_server", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout and server.stdin
        yield int(server.stdout.readline())
        server.stdin.close()


def _count(folder: Path) -> int:
    with sqlite3.connect(folder / "var" / "bulletin.db") as database:
        return int(database.execute("SELECT count(*) FROM story").fetchone()[0])
