"""What a browser, or whoever acts like one, sent → text that a content file can hold. A line can never become two."""

from __future__ import annotations

import re

from builder.headers import LINE_ENDS, UNSEEN

# Half of a pair that encodes one character: no text, and no file takes it.
_LONE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Without what is not seen; every end of line is one newline."""
    return UNSEEN.sub("", LINE_ENDS.sub("\n", _LONE.sub("", text)))


def one_line(text: str) -> str:
    return " ".join(clean(text).split())


def some_lines(text: str) -> str:
    """Lines without the empty ones between them."""
    return "\n".join(line for part in clean(text).split("\n") if (line := part.strip()))


def body(text: str) -> str:
    """A trailing space may mean a line break in Markdown, so only whole empty lines around the text go."""
    return clean(text).strip("\n")
