"""Golden editions: `python -m tests.golden` writes them anew, a test compares. Read the difference before you commit it."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

from tests.editions import Built, build

FOLDER = Path(__file__).parent / "golden"
NAMES = ("everything", "weekly", "ecourier")


def readable(html: str) -> str:
    """A tag a line, so that a difference can be read."""
    return re.sub(r"(?<=>)(?=<)", "\n", html)


def forms(built: Built) -> dict[str, str]:
    """File name → what it holds: the letter with every item, and who gets which items."""
    variants = {v.id: {"readers": v.readers, "items": v.items} for v in built.press.variants(built.edition)}
    return {
        "letter.html": readable(built.letter.html),
        "letter.txt": built.letter.text,
        "variants.json": json.dumps(variants, indent=1) + "\n",
    }


def write(kept: Path) -> None:
    for name in NAMES:
        folder = FOLDER / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in forms(build(name, kept)).items():
            (folder / file).write_text(text, "utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        write(Path(temporary))
