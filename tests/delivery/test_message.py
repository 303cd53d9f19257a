"""Assertions are on the bytes that are sent, never on an object."""

import email
import email.policy
import quopri
import re
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.letter import message, quoted, verp
from delivery.model import DeliveryError, Letter, Mailing

SECRET = b"a secret of this test"
KEY = "kJ7_p-" * 6


def a_mailing(**changes: object) -> Mailing:
    given: dict[str, object] = {
        "bulletin": "weekly",
        "edition": "2025-01-14",
        "sender_name": "Education and Learning",
        "sender": "news@bulletin.example",
        "date": datetime(2025, 1, 14, 9, tzinfo=UTC),
        "bounces": "bounces@bulletin.example",
        "reply_to": "team@bulletin.example",
        "list_id": "weekly.bulletin.example",
        "list_name": "Weekly update",
        "archive": "https://bulletin.example/",
        "help": "https://bulletin.example/help/",
        "unsubscribe_mail": "unsubscribe@bulletin.example?subject=[[key]]",
        "shared": {"unsubscribe": "https://bulletin.example/unsubscribe/[[key]]"},
    }
    return Mailing(**{**given, **changes})  # type: ignore[arg-type]


LETTER = Letter(
    variant="1",
    subject="Together: [[who]] — what’s new",
    html='<p lang="en">Hello [[who]], é</p>\n.dot\nFrom here  two\n<a href="[[unsubscribe]]">leave</a> '
    + "word " * 400,
    text="Hello [[who]]\n.\n..two dots\n  indented  twice \t\n[[unsubscribe]]\n\nFrom us\n",
)


def compose(
    letter: Letter = LETTER, mailing: Mailing | None = None, *, address: str = "office@school.example", **tokens: str
) -> message.Message:
    mailing = mailing or a_mailing()
    frame = message.Frame.load(message.serialise(mailing, letter))
    values = message.reader_values(mailing, "4711", address, {"key": KEY, "who": "Ada", **tokens}, SECRET)
    return message.compose(frame, values)


def parsed(made: message.Message) -> EmailMessage:
    found = email.message_from_bytes(made.wire, policy=email.policy.SMTP)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def body(made: message.Message, kind: str) -> str:
    part = parsed(made).get_body((kind,))
    assert isinstance(part, EmailMessage)
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


def test_the_spliced_bytes_read_as_the_message_that_the_slow_library_builds() -> None:
    slow = EmailMessage(policy=email.policy.SMTP.clone(max_line_length=998))
    slow["Subject"] = "Together: Zoë & Co — what’s new"
    slow.set_content(
        LETTER.text.replace("[[who]]", "Zoë & Co").replace(
            "[[unsubscribe]]", f"https://bulletin.example/unsubscribe/{KEY}"
        )
    )
    slow.add_alternative(
        LETTER.html.replace("[[who]]", "Zoë &amp; Co").replace(
            "[[unsubscribe]]", f"https://bulletin.example/unsubscribe/{KEY}"
        ),
        subtype="html",
    )
    reread = email.message_from_bytes(slow.as_bytes(), policy=email.policy.SMTP)
    assert isinstance(reread, EmailMessage)
    fast = compose(who="Zoë & Co")
    assert parsed(fast)["Subject"] == reread["Subject"]
    assert parsed(fast).get_content_type() == reread.get_content_type() == "multipart/alternative"
    for kind in ("plain", "html"):
        part = reread.get_body((kind,))
        assert isinstance(part, EmailMessage)
        # set_content ends the last line; a letter's last line is as it was written
        assert body(fast, kind).rstrip("\n") == part.get_content().replace("\r\n", "\n").rstrip("\n")


def test_lines_are_short_end_with_crlf_and_hold_no_nul_and_no_8_bit_byte() -> None:
    made = compose(who="Zoë\x00 of " + "x" * 3000)
    assert re.search(rb"(?<!\r)\n|\r(?!\n)|\0|[\x80-\xff]", made.wire) is None
    assert max(map(len, made.headers.split(b"\r\n"))) <= message.MAX_LINE
    assert max(map(len, made.body.split(b"\r\n"))) <= quoted.LINE


def test_no_line_of_a_body_begins_with_a_dot_so_stuffing_changes_nothing() -> None:
    assert b"\r\n." not in compose(who=".hidden", key=".x").wire


def test_a_body_is_already_its_own_relaxed_canonical_form() -> None:
    made = compose(who="two  spaces and a tab\t ").body
    assert re.search(rb"[ \t]{2}|[ \t]\r\n|\t", made) is None
    assert made.endswith(b"\r\n") and not made.endswith(b"\r\n\r\n")


def test_the_list_headers_are_plain_however_long_the_links_are() -> None:
    far = "https://bulletin.example/" + "long/" * 40
    made = compose(mailing=a_mailing(archive=far, shared={"unsubscribe": far + "[[key]]"}))
    head = made.headers.decode("ascii")
    assert f"List-Unsubscribe: <{far}{KEY}>,\r\n <mailto:unsubscribe@bulletin.example?subject={KEY}>\r\n" in head
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in head
    assert f"List-Archive: <{far}>\r\n" in head
    assert "List-Id: Weekly update <weekly.bulletin.example>\r\n" in head
    assert "=?" not in head.replace(head[head.index("Subject:") :].partition("\r\nDate")[0], "")


def test_a_repeat_for_the_same_reader_is_byte_for_byte_the_same() -> None:
    first, second = compose(), compose()
    assert first.wire == second.wire
    assert b"Date: Tue, 14 Jan 2025 09:00:00 +0000\r\n" in first.headers
    assert verp.find(SECRET, str(parsed(first)["Message-ID"])) == verp.Named("weekly-2025-01-14", "4711")


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029", "\0"])
def test_no_field_that_a_person_fills_begins_a_header(break_: str) -> None:
    evil = f"x{break_}Bcc: all@victim.example{break_}{break_}body"
    mailing = a_mailing(sender_name=evil, list_name=evil, archive=f"https://a.example/{evil}", help=evil)
    letter = Letter("1", evil + " [[who]]", "<p>x</p>", "x")
    made = compose(letter, mailing, who=evil, key=evil)
    names = re.findall(rb"(?m)^([A-Za-z-]+):", made.headers)
    assert b"Bcc" not in names
    assert len(names) == len(set(names))
    assert parsed(made)["Bcc"] is None


def test_a_subject_keeps_every_blank_between_its_words_and_the_readers() -> None:
    made = compose(
        Letter("1", "Für [[who]] – und [[who]] auch, mit vielen Wörtern bis über die Zeile hinaus", "x", "x"), who="Zoë"
    )
    assert parsed(made)["Subject"] == "Für Zoë – und Zoë auch, mit vielen Wörtern bis über die Zeile hinaus"


def test_a_reader_without_a_value_is_told_apart_by_name_of_the_token() -> None:
    frame = message.Frame.load(message.serialise(a_mailing(), LETTER))
    with pytest.raises(message.MissingTokenError, match=r"\[\[who\]\]"):
        message.compose(frame, message.reader_values(a_mailing(), "1", "a@b.example", {"key": "k"}, SECRET))


def test_values_are_escaped_in_html_and_literal_in_text() -> None:
    made = compose(who='<b onload="x">&')
    assert "Hello &lt;b onload=&quot;x&quot;&gt;&amp;, é" in body(made, "html")
    assert 'Hello <b onload="x">&' in body(made, "plain")


def test_a_token_in_a_value_is_not_a_token() -> None:
    assert "Hello [[key]]" in body(compose(who="[[key]]"), "plain")


def test_tokens_that_an_inliner_percent_encoded_are_found() -> None:
    made = compose(Letter("1", "s", '<a href="%5B%5Bunsubscribe%5D%5D">x</a>', "x"))
    assert f'href="https://bulletin.example/unsubscribe/{KEY}"' in body(made, "html")


def test_an_international_domain_goes_as_its_ascii_form() -> None:
    assert b"To: office@xn--mnchen-3ya.example\r\n" in compose(address="office@münchen.example").headers


@pytest.mark.parametrize(
    "address",
    ["", "@", "a@", "@b", "a b@c", "a@b>\r\nRCPT TO:<c@d", "a@b\0", "a@b c", "<a@b>", "a,b@c", "a@b@c", "a\x85@b"],
)
def test_what_is_no_address_is_refused_before_it_can_be_a_command(address: str) -> None:
    with pytest.raises(DeliveryError, match="not an address"):
        message.clean_address(address)


@given(st.text(), st.text(min_size=1))
def test_any_text_and_any_value_come_back_as_they_went_in(text: str, value: str) -> None:
    text = message.TOKEN.sub("", text)
    made = compose(Letter("1", "s", "h", f"{text}[[who]]{text}"), who=value)
    expected = f"{text}{value}{text}".replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    raw = made.body.split(b"\r\n\r\n", 1)[1].split(b"\r\n--=_")[0]
    assert quopri.decodestring(raw).replace(b"\r\n", b"\n") == expected.encode("utf-8", "replace")


@given(st.text())
def test_quoted_lines_stay_within_the_limit_and_clear_of_dots(text: str) -> None:
    for line in quoted.encode(text).split(b"\r\n"):
        assert len(line) <= quoted.LINE
        assert not line.startswith((b".", b"From "))


@pytest.mark.parametrize(
    "mangled",
    [
        "bounces+{}@bulletin.example",
        "BOUNCES+{}@BULLETIN.EXAMPLE",
        "bounces-{}@bulletin.example",
        "bounces={}@bulletin.example",
        "bounces_{}@bulletin.example",
        "bounces\\+{}@bulletin.example",
        '"bounces+{}"@bulletin.example',
        "<bounces%2B{}@bulletin.example>",
        "prvs=0123456789=bounces+{}@bulletin.example",
        "SRS0=abcd=xy=bulletin.example=bounces+{}@forwarder.example",
    ],
)
def test_a_return_path_is_read_however_it_was_mangled(mangled: str) -> None:
    token = verp.token(SECRET, "weekly-2025-01-14", "4711")
    for form in (token, token.upper(), token.title()):
        assert verp.find(SECRET, mangled.format(form)) == verp.Named("weekly-2025-01-14", "4711")


def test_a_forged_return_path_is_nobodys() -> None:
    token = verp.token(b"another secret", "weekly-2025-01-14", "4711")
    assert verp.find(SECRET, f"bounces+{token}@bulletin.example") is None
    assert verp.find(SECRET, verp.token(SECRET, "weekly-2025-01-14", "4711").replace("4711", "4712")) is None
