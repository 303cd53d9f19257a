"""A house that somebody keeps changing: every kind of edit that may touch other pages than its own, at random."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tests.builder.written import EDITION, SETTINGS, ZONE, item, picture, write_house

WEEKS = ["2024-12-10", "2024-12-17", "2025-01-07", "2025-01-14", "2025-01-21", "2025-01-28"]
OTHERS = ["send/2024-12-09", "send/2025-01-13", "old/2024-12-03"]
SLUGS = [f"item-{n}" for n in range(9)]
WORDS = "census summit reading funding transport meals".split()


@dataclass
class Changing:
    """`moves`: what was done, so that a failure can be told."""

    root: Path
    chance: random.Random
    now: datetime = datetime(2025, 1, 20, 12, tzinfo=ZONE)
    moves: list[str] = field(default_factory=list)

    def begin(self) -> None:
        write_house(self.root, {})
        for n, slug in enumerate(SLUGS):
            self.save(f"weekly/{WEEKS[n % len(WEEKS)]}/{slug}.md", item(f"The {slug}", "Words."))

    def step(self) -> None:
        moves: list[tuple[int, Callable[[], None]]] = [
            (10, self.write), (4, self.edit), (4, self.remove), (2, self.rename), (2, self.remove_edition), (4, self.pass_time),
            (2, self.document), (2, self.register), (1, self.settings), (2, self.paint), (1, self.touch), (1, self.subject),
        ]  # fmt: skip
        move = self.chance.choices([m for _, m in moves], [w for w, _ in moves])[0]
        self.moves.append(move.__name__)
        move()

    def remember(self) -> None:
        shutil.rmtree(self.root.with_name("remembered"), ignore_errors=True)
        shutil.copytree(self.root / "content", self.root.with_name("remembered"))

    def take_back(self) -> None:
        """What was refused is mended; the times of all files are others then."""
        self.moves.append("take_back")
        shutil.rmtree(self.root / "content")
        shutil.copytree(self.root.with_name("remembered"), self.root / "content", copy_function=shutil.copyfile)

    # --- the moves ---

    def write(self) -> None:
        """A new item, or another one in its place, with any headers that reach out to others."""
        edition, slug = self.edition(), self.chance.choice(SLUGS)
        bulletin = edition.partition("/")[0]
        if any(bulletin == path.parts[-3] and path.parts[-2] != edition[-10:] for path in self.items(slug)):
            return
        self.save(f"{edition}/{slug}.md", self.text(edition, slug))

    def edit(self) -> None:
        if found := self.items():
            path = self.chance.choice(found)
            path.write_text(path.read_text("utf-8") + f"\nMore about the {self.chance.choice(WORDS)}.\n", "utf-8")

    def remove(self) -> None:
        if found := self.items():
            self.chance.choice(found).unlink()

    def rename(self) -> None:
        if found := self.items():
            path = self.chance.choice(found)
            target = path.with_name(f"{self.chance.choice(SLUGS)}.md")
            if not self.items(target.stem):
                path.rename(target)

    def remove_edition(self) -> None:
        shutil.rmtree(self.root / "content" / self.edition(), ignore_errors=True)

    def pass_time(self) -> None:
        self.now += timedelta(hours=self.chance.choice((1, 9, 24, 24 * 5, 24 * 14)))

    def register(self) -> None:
        """Somebody notes an address by hand: it moved, or it is gone."""
        end = self.chance.choice(["gone", *(f"-> items/{slug}/" for slug in SLUGS[:3])])
        with (self.root / "content" / "permalinks.txt").open("a", encoding="utf-8") as file:
            file.write(f"2024-12-01 items/former-{self.chance.randrange(4)}/ {end}\n")

    def document(self) -> None:
        path = self.root / "content" / "documents" / f"{self.chance.choice(('vision', 'plan'))}.md"
        if path.exists() and self.chance.random() < 0.4:
            path.unlink()
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        link = f"[x](../{self.edition()}/{self.chance.choice(SLUGS)}.md)"
        path.write_text(item(f"The {self.chance.choice(WORDS)}", f"## One\n\n{link}\n"), "utf-8")

    def settings(self) -> None:
        text = SETTINGS.replace("For everyone", f"For {self.chance.choice(WORDS)}")
        (self.root / "bulletin.toml").write_text(text, "utf-8")

    def paint(self) -> None:
        colour = self.chance.choice(("teal", "red", "navy"))
        for folder in (f"{self.edition()}", "images"):
            self.save(f"{folder}/a.png", picture(colour, (40, 30)))

    def touch(self) -> None:
        """As after a fresh checkout: the same bytes with other times."""
        for path in self.items():
            path.touch()

    def subject(self) -> None:
        self.save(
            f"{self.edition()}/edition.md", EDITION.replace("---\n", f"---\nspecial: {self.chance.choice(WORDS)}\n", 1)
        )

    # --- what they write ---

    def edition(self) -> str:
        return self.chance.choice([*(f"weekly/{week}" for week in WEEKS), *OTHERS])

    def items(self, slug: str = "*") -> list[Path]:
        return sorted(
            self.root.glob(f"content/*/????-??-??/{slug}.md" if slug != "*" else "content/*/????-??-??/item-*.md")
        )

    def save(self, path: str, held: str | bytes) -> None:
        if path.startswith("images/"):
            (self.root / "content" / "images").mkdir(parents=True, exist_ok=True)
            (self.root / "content" / path).write_bytes(held if isinstance(held, bytes) else held.encode())
            return
        target = self.root / "content" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(held.encode() if isinstance(held, str) else held)
        edition = target.parent / "edition.md"
        if not edition.exists():
            edition.write_text(EDITION, "utf-8")

    def text(self, edition: str, slug: str) -> str:
        chance, headers = self.chance, dict[str, str]()
        if chance.random() < 0.25:
            headers["also"] = self.edition()
        if chance.random() < 0.25:
            headers["related"] = chance.choice(
                [chance.choice(SLUGS), f"{self.edition()}/{chance.choice(SLUGS)}", "vision"]
            )
        if chance.random() < 0.2:
            headers["release"] = chance.choice(["2025-01-21 10:00", "2025-02-01", "together-at-nine", "2024-12-01"])
        if chance.random() < 0.15:
            headers["expires"] = chance.choice(["2025-01-22", "2025-02-10", "2024-12-01"])
        if chance.random() < 0.1:
            headers["visibility"] = "subscribers"
        if chance.random() < 0.08:
            headers["draft"] = "yes"
        if chance.random() < 0.3:
            headers["audience"] = "primary"
        kind = chance.choice(["news", "event", "action", "consultation", "good-news", "excerpt"])
        own = {
            "event": {"starts": chance.choice(["25 January 2025, 10am", "3 March 2025", "1 January 2025"])},
            "action": {"action_by": chance.choice(["24 January 2025", "14 February 2025"])},
            "consultation": {
                "closes": chance.choice(["22 January 2025", "28 February 2025"]),
                "respond": "https://x.example/",
            },
            "good-news": {"school": chance.choice(["Oak School", "Elm School", "Ölm School"])},
        }.get(kind, {})
        body = f"About the {chance.choice(WORDS)}. [See](../../{self.edition()}/{chance.choice(SLUGS)}.md)"
        if chance.random() < 0.3 and (self.root / "content" / edition / "a.png").exists():
            body += "\n\n![A plan](a.png)\n"
        if kind == "excerpt":
            original = next(
                (p for p in self.items() if p.stem != slug and "excerpt-of" not in p.read_text("utf-8")), None
            )
            if original is None or slug in original.parts:
                kind = "news"
            else:
                headers["excerpt_of"] = "/".join((*original.parts[-3:-1], original.stem))
        return item(f"{chance.choice(WORDS).capitalize()} {slug}", body, kind=kind, **own, **headers)
