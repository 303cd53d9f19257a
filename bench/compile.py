"""The 20-item edition: Markdown items to one finished letter, against marked + mjml 5 in a node process that stays alive."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter

from msgspec.structs import replace

from bench import Figure, edition, interleaved
from builder.cache import Cache
from builder.letter.mjml_source import read_template
from builder.letter.render import encoded_size
from builder.markdown import Body
from builder.model import Edition, Variant
from builder.press import Press
from builder.templates import read_text
from builder.view import EditionView
from desk.settings import load

ROUNDS = 15
WARM_UP = 8  # node's compiler needs a few rounds until it is at its best
TEMPLATES = Path(__file__).parent.parent / "templates"
NOW = datetime(2025, 1, 14, 9, tzinfo=UTC)


@dataclass
class Ours:
    press: Press
    written: Edition
    edition: Edition
    variant: Variant
    turn: Iterator[int]

    def compiled(self) -> str:
        """What the peer makes: the letter's HTML."""
        return self.press.renderer.html(self.press.view(self.edition, self.variant))

    def all_cached(self) -> float:
        return _ms(self.compiled)

    def one_changed(self) -> float:
        """The text of one item is new; the other nineteen are as they were."""
        first, *others = self.written.items
        changed = replace(first, body=f"{first.body}\n\nCorrected, version {next(self.turn)}.")
        self.edition = replace(self.written, items=(changed, *others))
        return _ms(self.compiled)

    def new_viewer(self) -> float:
        """Another process, or new content: bodies come from the cache, everything else is worked out again."""
        self.press.__dict__.pop("viewer", None)
        return _ms(self.compiled)

    def nothing_cached(self) -> float:
        self.press.cache = Cache()
        self.press.__dict__.pop("viewer", None)
        return _ms(self.compiled)


def open_ours(root: Path) -> Ours:
    press = Press(root=root, house=load(root, None, {}).house, search=(TEMPLATES,), now=NOW, kept=root / "var")
    found = press.content.edition("weekly", date.fromisoformat(edition.DAY))
    assert found and not press.content.findings, press.content.findings
    return Ours(press, found, found, press.variants(found)[0], count())


def in_a_row(way: Callable[[], float], times: int = 5) -> Callable[[], float]:
    """Half a millisecond right after the peer's turn measures the processor's empty caches, not the work."""
    return lambda: median(way() for _ in range(times))


def _ms(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return (perf_counter() - start) * 1000


class Peer:
    """The same letter as a designer would write it for mjml: our template with its words in, bodies left as Markdown."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def ask(self, line: str) -> dict[str, float | str]:
        assert self.process.stdin
        assert self.process.stdout
        print(line, file=self.process.stdin, flush=True)
        answer: dict[str, float | str] = json.loads(self.process.stdout.readline())
        return answer

    def round(self) -> float:
        return float(self.ask("round")["ms"])


@contextmanager
def open_peer(ours: Ours) -> Iterator[Peer]:
    script = Path(__file__).parent / "peers" / "compile.mjs"
    with subprocess.Popen(["node", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        print(json.dumps(peer_source(ours)), file=process.stdin, flush=True)
        yield Peer(process)
        process.stdin.close()


def peer_source(ours: Ours) -> dict[str, object]:
    """MJML with every value in it, a mark where each body goes, and our rules for mjml's own inliner."""
    press = ours.press
    bodies = {item.slug: item.body for item in ours.edition.items}
    slugs = list(ours.variant.items)
    view = _with_marks(press.view(ours.edition, ours.variant), slugs)
    source = read_template("email/edition.mjml", press.search).text
    css = read_text("email/letter.css", press.search) + read_text("email/prose.css", press.search)
    mjml = press.renderer.environment.from_string(source).render(edition=view)
    mjml = mjml.replace("</mj-head>", f'<mj-style inline="inline">{css}</mj-style></mj-head>')
    return {"template": mjml, "bodies": [bodies[slug] for slug in slugs]}


def _with_marks(view: EditionView, slugs: list[str]) -> EditionView:
    def marked(slug: str) -> Body:
        mark = f"<!--body-{slugs.index(slug)}-->"
        return Body(mark, mark, mark)

    sections = tuple(
        replace(s, items=tuple(replace(item, body=marked(item.slug)) for item in s.items)) for s in view.sections
    )
    return replace(view, sections=sections)


def run() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        ours = open_ours(edition.write_house(Path(folder) / "house"))
        with open_peer(ours) as peer:
            yield from _ratios(ours, peer)
        ours.edition = ours.written
        yield Figure("Letter of 20 items, encoded", encoded_size(ours.compiled()) / 1000, 75, " kB", at_most=True)


def _ratios(ours: Ours, peer: Peer) -> Iterator[Figure]:
    ways = {
        "peer": peer.round,
        "nothing cached": in_a_row(ours.nothing_cached),
        "all cached": in_a_row(ours.all_cached),
        "one item changed": in_a_row(ours.one_changed),
        "bodies cached, the rest anew": in_a_row(ours.new_viewer),
    }
    interleaved(WARM_UP, ways)
    took = interleaved(ROUNDS, ways)
    goals = {"all cached": 50, "one item changed": 20, "bodies cached, the rest anew": None, "nothing cached": 2}
    for name, goal in goals.items():
        detail = f"{took[name]:.2f} ms against {took['peer']:.1f} ms"
        yield Figure(f"20 items, {name}, against marked + mjml", took["peer"] / took[name], goal, detail=detail)
