"""The content folder → editions, documents and findings."""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path

import pytest

from builder.content import item_index, read_content
from builder.model import Content
from tests.builder.writing import EDITION, HOUSE, item, write

EXCERPT = "---\nexcerpt-of: {}\n---\n"
OTHER = {"send/2024-12-09/edition.md": EDITION, "send/2024-12-09/strategy.md": item("Strategy.", title="Strategy", visibility="subscribers")}  # fmt: skip
FAIR = {"weekly/2025-01-14/edition.md": EDITION, "weekly/2025-01-14/summit.md": item()}


def read(root: Path, files: dict[str, str]) -> Content:
    write(root, files)
    return read_content(root, HOUSE)


def codes(content: Content) -> list[tuple[str, str]]:
    return [(finding.code, finding.file.removeprefix("content/")) for finding in content.findings]


def test_an_empty_house_has_nothing_to_say(tmp_path: Path) -> None:
    assert read_content(tmp_path, HOUSE) == Content((), (), (), ())


def test_an_edition_has_its_headers_and_its_items(tmp_path: Path) -> None:
    files = {**FAIR, "weekly/2025-01-14/good-news/oak.md": item("Oak.", title="Oak", school="Oak Primary")}
    files["weekly/2025-01-14/edition.md"] = (
        "---\nsubject: A\n  subject\npreheader: B\nspecial: End of term\n---\nHello."
    )
    content = read(tmp_path, files)
    edition = content.edition("weekly", date(2025, 1, 14))
    assert edition is not None
    assert (edition.subject, edition.preheader, edition.special, edition.opening) == (
        "A subject",
        "B",
        "End of term",
        "Hello.",
    )
    assert {i.slug: i.kind for i in edition.items} == {"summit": "news", "oak": "good-news"}
    assert content.findings == ()


def test_documents_and_pages_are_read(tmp_path: Path) -> None:
    files = {"documents/vision.md": "---\ntitle: Vision\nupdated: 2025-01-14\n---\nWords.", "pages/privacy.md": "---\ntitle: Privacy\n---\nWords."}  # fmt: skip
    content = read(tmp_path, files)
    assert [(d.slug, d.title) for d in (*content.documents, *content.pages)] == [
        ("vision", "Vision"),
        ("privacy", "Privacy"),
    ]
    assert content.findings == ()


@pytest.mark.parametrize(
    ("file", "text", "code"),
    [
        ("weekly/2025-01-14/edition.md", "---\npreheader: x\n---\n", "missing-subject"),
        ("weekly/2025-01-14/edition.md", "---\n---\n", "no-headers"),
        ("weekly/2025-01-14/edition.md", "---\nsubject: x\nnumber: eleven\n---\n", "bad-value"),
        ("weekly/2025-01-14/edition.md", "---\nsubject: x\nnumber: ²\n---\n", "bad-value"),
        ("weekly/2025-01-14/edition.md", "---\nsubjct: x\n---\n", "unknown-header"),
        ("weekly/2025-01-14/summit.md", "---\n---\nWords.", "no-headers"),
        ("weekly/2025-01-14/summit.md", "Words.", "no-headers"),
        ("weekly/2025-01-14/summit.md", "", "empty-file"),
        ("weekly/20250114/summit.md", item(), "bad-folder"),
        ("weekly/2025-W03-2/summit.md", item(), "bad-folder"),
        ("weekly/next/summit.md", item(), "bad-folder"),
        ("wekly/2025-01-14/summit.md", item(), "unknown-bulletin"),
        ("weekly/2025-01-21/summit.md", item(), "slug-taken"),
        ("weekly/2025-01-21/news.md", item(), "missing-edition"),
        ("weekly/2025-01-14/x.md", item(also="weekly/2025-03-04"), "also-nowhere"),
        ("weekly/2025-01-14/x.md", EXCERPT.format("send/2024-12-09/gone"), "excerpt-of-nothing"),
        ("weekly/2025-01-14/x.md", EXCERPT.format("strategy"), "bad-excerpt"),
        ("documents/Vision 2.md", "---\ntitle: V\n---\nWords.", "bad-file-name"),
        ("documents/vision.md", "---\nsummary: x\n---\nWords.", "missing-title"),
        ("documents/vision.md", "---\ntitle: V\nupdated: soon\n---\nWords.", "bad-date"),
    ],
)
def test_a_problem_is_told_with_its_file(tmp_path: Path, file: str, text: str, code: str) -> None:
    found = codes(read(tmp_path, {**FAIR, file: text}))
    assert code in {found for found, where in found if where.split("/")[0] == file.split("/")[0]}


def test_a_hint_names_what_may_have_been_meant(tmp_path: Path) -> None:
    content = read(tmp_path, {**FAIR, **OTHER, "weekly/2025-01-14/x.md": EXCERPT.format("send/2024-12-09/stratgy")})
    assert 'Did you mean "send/2024-12-09/strategy"?' in content.findings[0].message


def test_hidden_files_and_strange_folders_are_left_alone(tmp_path: Path) -> None:
    files = {**FAIR, "weekly/2025-01-14/.draft.md": "x", ".git/x.md": "x", "weekly/2025-01-14/images/a.txt": "x"}
    assert read(tmp_path, files).findings == ()


# --- excerpts and guests ---------------------------------------------------------------------------------------------


def test_an_excerpt_takes_its_title_and_secrecy_from_its_original(tmp_path: Path) -> None:
    content = read(tmp_path, {**FAIR, **OTHER, "weekly/2025-01-14/x.md": EXCERPT.format("send/2024-12-09/strategy")})
    excerpt = next(i for e in content.of("weekly") for i in e.items if i.slug == "x")
    assert excerpt.original is not None and excerpt.original.slug == "strategy"
    assert excerpt.title == "Strategy"
    assert excerpt.subscribers_only


def test_an_excerpt_of_an_excerpt_is_refused(tmp_path: Path) -> None:
    one, two = EXCERPT.format("weekly/2025-01-14/two"), EXCERPT.format("weekly/2025-01-14/one")
    content = read(tmp_path, {**FAIR, "weekly/2025-01-14/one.md": one, "weekly/2025-01-14/two.md": two})
    assert [code for code, _ in codes(content)] == ["excerpt-of-nothing"] * 2


def test_an_item_stands_in_the_editions_that_it_names_once(tmp_path: Path) -> None:
    also = "weekly/2025-01-14, send/2024-12-09, send/2024-12-09"
    content = read(tmp_path, {**FAIR, **OTHER, "weekly/2025-01-14/summit.md": item(also=also)})
    assert [i.slug for i in content.of("weekly")[0].items] == ["summit"]
    assert [i.slug for i in content.of("send")[0].items] == ["strategy", "summit"]
    assert len(set(item_index(content))) == 2


# --- numbers ---------------------------------------------------------------------------------------------------------


def test_numbers_count_on_over_a_merge_of_bulletins(tmp_path: Path) -> None:
    numbered = EDITION.replace("subject", "number: 11\nsubject")
    files = {"together/2024-12-09/edition.md": numbered, "weekly/2025-01-14/edition.md": EDITION, "weekly/2025-01-21/edition.md": EDITION}  # fmt: skip
    assert [e.number for e in read(tmp_path, files).editions] == [11, 12, 13]


def test_a_bulletin_without_numbers_has_none(tmp_path: Path) -> None:
    numbered = EDITION.replace("subject", "number: 11\nsubject")
    assert read(tmp_path, {"send/2024-12-09/edition.md": numbered}).editions[0].number is None


# --- files that are no text ------------------------------------------------------------------------------------------


def test_a_file_name_that_is_no_text_can_still_be_told(tmp_path: Path) -> None:
    write(tmp_path, FAIR)
    folder = os.fsencode(tmp_path / "content/weekly/2025-01-14")
    try:
        with open(folder + b"/caf\xe9.md", "wb") as file:  # noqa: PTH123 a Path holds no bytes
            file.write(item("Café.", title="Café").encode())
    except OSError:
        pytest.skip("this disk takes only names that are text")
    content = read_content(tmp_path, HOUSE)
    assert [finding.code for finding in content.findings] == ["bad-file-name"]
    assert str(content.findings[0]).encode()


def test_a_folder_named_like_a_file_is_told(tmp_path: Path) -> None:
    write(tmp_path, FAIR)
    (tmp_path / "content/weekly/2025-01-14/folder.md").mkdir()
    assert codes(read_content(tmp_path, HOUSE)) == [("unreadable", "weekly/2025-01-14/folder.md")]


def test_thousands_of_wrong_excerpts_are_read_in_seconds(tmp_path: Path) -> None:
    files = {f"weekly/2025-01-14/item-{n}.md": EXCERPT.format(f"send/2024-12-09/gone-{n}") for n in range(2_000)}
    write(tmp_path, {**FAIR, **OTHER, **files})
    started = time.process_time()
    content = read_content(tmp_path, HOUSE)
    assert time.process_time() - started < 4
    assert len(content.findings) == 2_000
