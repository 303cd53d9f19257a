"""Any bytes in any field or path are answered calmly, and neither addresses nor tokens come into a log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desk.web import preferences
from subscribers.tokens import signed_link
from tests.web.conftest import KEYS
from tests.web.place import Place

FIELDS = ["address", "bulletin", "audience", "amount", "frequency", "form", "show", "website", "until", "all", "why"]
PAGES = ["/subscribe", "/confirm/{0}", "/unsubscribe/{0}", "/unsubscribe/{0}/why", "/unsubscribe/{0}/undo"]
PAGES += [f"/preferences/{{0}}{page}" for page in ("", "/choices/{1}", "/pause/{1}", "/back/{1}", "/address", "/erase")]
PAGES += ["/preferences/{0}/data", "/{0}", "/{0}/{1}", "/images/{0}"]
NASTY = [
    "\x00",
    "\u202e",
    "\ud7ff",
    "%00",
    "../",
    "{{7*7}}",
    "<script>",
    "' OR 1=1 --",
    "\r\nX: y",
    "[[confirm]]",
    "\U0010ffff",
]
texts = st.one_of(
    st.text(max_size=60), st.sampled_from(NASTY), st.binary(max_size=40).map(lambda raw: raw.decode("latin-1"))
)
calm = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def client(open_place: Callable[..., Place]) -> Iterator[FlaskClient]:
    place = open_place()
    place.reader().subscribe("head@school.example.org")
    with place.app.test_client() as client:
        yield client


def _good(client: FlaskClient, word: str) -> str:
    """Half of the time the link is a good one, so that the fields behind it are reached."""
    if len(word) % 2:
        return word
    return signed_link(
        KEYS, "preferences" if len(word) % 4 else "unsubscribe", 1, "weekly" if len(word) % 4 == 0 else ""
    )


def _is_calm(answer: object) -> None:
    assert answer.status_code < 500, answer.status_code  # type: ignore[attr-defined]
    text = answer.get_data(as_text=True)  # type: ignore[attr-defined]
    assert "Traceback" not in text
    assert "<script" not in text.replace('<script type="application/ld+json">', "")
    answer.close()  # type: ignore[attr-defined]


@calm
@given(
    page=st.sampled_from(PAGES),
    word=texts,
    other=st.one_of(st.just("weekly"), texts),
    fields=st.dictionaries(st.sampled_from(FIELDS), st.lists(texts, max_size=3), max_size=6),
    honest=st.booleans(),
)
def test_any_words_in_any_field_and_path(
    client: FlaskClient, page: str, word: str, other: str, fields: dict[str, list[str]], honest: bool
) -> None:
    path = page.format(_good(client, word).replace("/", "%2f"), other.replace("/", "%2f"))
    if honest:
        shown = client.get("/subscribe").text.split('name="form" value="')[1].split('"')[0]
        fields = {**fields, "form": [shown]}
    environ = {"PATH_INFO": path.encode("utf-8", "replace").decode("latin-1")}
    _is_calm(client.post("/", data=fields, environ_overrides=environ))
    _is_calm(client.get("/", environ_overrides=environ))


@calm
@given(
    body=st.binary(max_size=300),
    kind=st.sampled_from(
        ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "text/plain", "\u00ff", ""]
    ),
    path=st.sampled_from(["/subscribe", "/unsubscribe/x", "/preferences/x/erase"]),
    header=st.binary(max_size=60).map(lambda raw: raw.decode("latin-1").replace("\r", "").replace("\n", "")),
)
def test_any_bytes_in_a_body_a_cookie_or_a_header(
    client: FlaskClient, body: bytes, kind: str, path: str, header: str
) -> None:
    environ = {"HTTP_COOKIE": f"__Host-form={header}", "HTTP_IF_NONE_MATCH": header, "QUERY_STRING": header}
    _is_calm(client.post(path, data=body, content_type=kind, environ_overrides=environ))
    _is_calm(client.get("/style.css", environ_overrides=environ))


def test_a_fault_of_ours_is_a_calm_page_and_its_log_names_no_one(
    place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = place.reader().subscribe("secret.name@school.example.org").link("preferences")

    def broken(*_: object) -> None:
        raise RuntimeError(f"secret.name@school.example.org {link}")

    monkeypatch.setattr(preferences, "_card", broken)
    with caplog.at_level(logging.DEBUG):
        answer = place.reader().get(link)
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert "RuntimeError in preferences" in caplog.text
    for secret in ("secret.name", link.rpartition("/")[2]):
        assert secret not in caplog.text
        assert secret not in answer.text


def test_no_address_and_no_token_is_logged_on_a_whole_journey(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        reader = place.reader()
        welcome = reader.subscribe("secret.name@school.example.org")
        reader.get(f"{welcome.link('preferences')}x")
        reader.client.post(welcome.link("unsubscribe"))
        reader.post(f"{welcome.link('preferences')}/erase")
    for secret in ("secret.name", *(welcome.link(page).rpartition("/")[2] for page in ("preferences", "unsubscribe"))):
        assert secret not in caplog.text
