"""A story by each of the three doors, for a desk that is shown: plainly example schools, and nobody real says anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from desk.goodnews import acts, feeding
from desk.goodnews.newsroom import Newsroom
from desk.goodnews.rounds import maildir, read_mailbox
from goodnews.form import Filled
from goodnews.model import Consent
from goodnews.photos import PhotoError

MAILBOX = "var/stories"
CHOIR = Path("content/weekly/2025-01-21/good-news/images/choir.png")
LIBRARY = Path(__file__).with_name("telephone-box.png")
BY_FORM = Filled(
    school="Sample Village Primary School",
    title="A library in a telephone box",
    summary="Year 6 look after 140 books that anyone in the village may borrow.",
    text=(
        "The telephone box outside Sample Village Primary School had been empty for years. In September Year 6 asked the "
        "parish council for the key.\n\nThey painted the shelves, sorted 140 books and wrote the rules on one card: take "
        "one, bring one, be kind to the door.\n\nOn Fridays two pupils tidy it. So far 31 books have gone, and 38 have come."
    ),
    name="Example Person",
    role="Office manager",
    address="office@sample-village.example",
)
BY_MAIL = (
    "Good morning,\n\nOur choir sang at the bus station on the last day of term. Forty pupils of Years 3 to 6 took part, and "
    "two drivers joined in.\n\nPeople put 212 pounds into the hat. It goes to the school's music stands.\n\n"
    "Kind regards\nExample Person\nPlaceholder Junior School\nTel 01234 567890\n"
)
FEED = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>Specimen Sixth Form College</title><link>https://www.specimen-college.example/</link>
<item><title>Students mend 60 bicycles</title><link>https://www.specimen-college.example/news/bicycles</link>
<guid>https://www.specimen-college.example/?p=60</guid><pubDate>{when}</pubDate>
<description><![CDATA[<p>In the college's workshop 60 old bicycles became 41 good ones.</p><p>They are lent to new students
who live too far to walk. The workshop is open on Wednesdays.</p>]]></description></item>
</channel></rss>
"""


def fill(room: Newsroom) -> None:
    """Each through its own door. Doing it again adds nothing."""
    by_form(room)
    by_mail(room)
    by_feed(room)


def by_form(room: Newsroom) -> None:
    photos = []
    try:
        photo = room.shelf.put(room.darkroom().develop(LIBRARY.read_bytes()))
        alt = "A red telephone box on a village green, its shelves full of books, with more books beside it."
        photos = [replace(photo, alt=alt, consent=Consent("nobody"))]
    except PhotoError:  # nobody can open photos here
        pass
    acts.receive_form(room, replace(BY_FORM, photos=tuple(photos)), "form:demo")


def by_mail(room: Newsroom) -> None:
    message = EmailMessage(policy=SMTP)
    message["From"] = "Example Person <office@placeholder-junior.example>"
    message["To"], message["Subject"] = room.house.publisher.email, "Singing at the bus station"
    message["Message-ID"], message["Date"] = "<demo@placeholder-junior.example>", format_datetime(room.now)
    message.set_content(BY_MAIL)
    picture = room.root / CHOIR
    if picture.is_file():
        message.add_attachment(picture.read_bytes(), maintype="image", subtype="png", filename="IMG_2031.png")
    box = maildir(room.root / MAILBOX)
    (box / "new" / "demo").write_bytes(message.as_bytes())
    read_mailbox(room, MAILBOX)


def by_feed(room: Newsroom) -> None:
    file = room.root / "var" / "example-feed.xml"
    file.write_text(FEED.format(when=format_datetime(room.now - timedelta(days=2))), "utf-8")
    feeding.take_feeds(room, "Specimen Sixth Form College", str(file))
