"""The search page under the server: its own policy, and answers for those without scripts."""

from __future__ import annotations

import pytest

from tests.web.place import Place


def test_only_the_search_page_may_run_the_sites_scripts(place: Place) -> None:
    client = place.app.test_client()
    for path in ("/search/", "/search/?q=send"):
        assert "script-src 'self'" in client.get(path, buffered=True).headers["Content-Security-Policy"]
    assert "script-src" not in client.get("/", buffered=True).headers["Content-Security-Policy"]


def test_without_scripts_the_server_answers(place: Place) -> None:
    page = place.app.test_client().get("/search/?q=inclusion&kind=&since=2024-01-01").text
    assert (
        'class="found-list"><li class="row">' in page
        and 'value="inclusion"' in page
        and "hidden>" not in page.split("found-list")[0].split("found-count")[0][-80:]
    )
    none = place.app.test_client().get("/search/?q=xyzzy").text
    assert "Nothing was found" in none and '<li class="row">' not in none


@pytest.mark.parametrize("query", ["q=%3Cscript%3Ealert(1)%3C/script%3E", "q=%22%3E%3Cb%3E", "kind=%22%3E%3Cb%3E", "since=%22%3E%3Cb%3E", "q=" + "x" * 5000, "q=%00&for=../..", "bulletin=none&q=a", "q=%22%22"])  # fmt: skip
def test_no_question_can_write_into_the_page(place: Place, query: str) -> None:
    answer = place.app.test_client().get(f"/search/?{query}", buffered=True)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text and '"><b>' not in answer.text
