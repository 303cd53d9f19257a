"""The network is asked only for what is written, once each, and a dead link is told where it stands."""

from __future__ import annotations

from pathlib import Path

from builder.content import read_content
from desk.links import check_links
from desk.settings import load
from desk.starting import make_house


def test_a_dead_link_is_told_with_its_file_and_line_and_each_address_is_asked_once(tmp_path: Path) -> None:
    house = tmp_path / "house"
    day = make_house(house)
    folder = house / "content" / "weekly" / str(day)
    (folder / "a.md").write_text("---\ntitle: A\n---\nSee [the plan](https://gone.example/plan).\n")
    (folder / "b.md").write_text("---\ntitle: B\n---\nOne.\n\nhttps://gone.example/plan. And https://there.example/\n")
    asked: list[str] = []

    def ask(address: str) -> str:
        asked.append(address)
        return "answers 404." if "gone" in address else ""

    content = read_content(house, load(house, environ={}).house)
    found = check_links(house, content.editions, ask=ask)
    assert [(f.file.rpartition("/")[2], f.line, f.code) for f in sorted(found)] == [
        ("a.md", 4, "dead-link"),
        ("b.md", 6, "dead-link"),
    ]
    assert sorted(asked) == ["https://gone.example/plan", "https://there.example/"]


def test_an_address_inside_the_network_is_never_asked(tmp_path: Path) -> None:
    house = tmp_path / "house"
    day = make_house(house)
    (house / "content" / "weekly" / str(day) / "a.md").write_text("---\ntitle: A\n---\nhttp://127.0.0.1:1/x\n")
    found = check_links(house, read_content(house, load(house, environ={}).house).editions)
    assert [f.code for f in found] == ["dead-link"]
