"""The Nu HTML checker has nothing to say about any public page."""

from __future__ import annotations

from pathlib import Path

from tests.pages.test_pages_html import checked
from tests.web.place import Place


def test_every_page_is_valid(place: Place, tmp_path: Path) -> None:
    reader = place.reader()
    welcome = reader.subscribe("head@school.example.org")
    own, leave = welcome.link("preferences"), welcome.link("unsubscribe")
    pages = [reader.get(f"{own}{path}") for path in ("", "/choices/weekly", "/pause/weekly", "/address", "/erase")]
    pages += [reader.get(path) for path in ("/subscribe", "/confirm/x", "/unsubscribe/x", "/preferences/x", leave)]
    pages += [reader.post("/subscribe"), reader.post("/subscribe", {"show": "yes", "bulletin": ["weekly", "send"]})]
    pages += [reader.post(f"{own}/pause/weekly"), reader.post(f"{own}/pause/weekly", {"until": "2025-03-03"})]
    pages += [reader.get(f"{own}/pause/weekly"), reader.get(own), reader.sign_up("x@school.example.org")]
    pages += [reader.get(place.mail[-1].link("confirm")), reader.post(place.mail[-1].link("confirm"))]
    pages += [reader.client.post(leave), reader.get(own), reader.post(f"{leave}/undo", form="/subscribe")]
    pages += [reader.post(f"{leave}/why", form="/subscribe"), reader.client.post(f"{own}/erase")]
    pages += [reader.post(f"{own}/address", {"address": "y@school.example.org"}), reader.post(f"{own}/erase")]
    question = "/useful/weekly/2025-01-14/welcome-to-one-update"
    pages += [reader.get(question), reader.post(question, {"answer": "yes"}), reader.get(f"{question}-not")]
    folder = tmp_path / "pages"
    folder.mkdir()
    for number, page in enumerate(pages):
        (folder / f"{number}.html").write_bytes(page.data)
    assert checked(folder) == ""
