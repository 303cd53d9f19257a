"""Mails as schools' programs write them, and as machines do."""

from __future__ import annotations

from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP

SENDER = "Example Person <office@example-primary.example>"
STORY = "Hi team,\n\nIn September it was a car park.\nNow there are six beds.\n\nKind regards,\nExample Person\nOffice manager\n01234 567890\n"


def mail(
    text: str = STORY,
    subject: str = "A garden of our own",
    sender: str = SENDER,
    pictures: Sequence[bytes] = (),
    number: str = "1",
    html: str = "",
    **headers: str,
) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = sender, "good-news@norfolk.example", subject
    message["Message-ID"] = f"<{number}@example-primary.example>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    if html and not text:
        message.set_content(html, subtype="html")
    else:
        message.set_content(text)
        if html:
            message.add_alternative(html, subtype="html")
    for place, raw in enumerate(pictures):
        message.add_attachment(raw, maintype="image", subtype="jpeg", filename=f"IMG_{place}.JPG")
    return message.as_bytes()


BOUNCE = b"""Return-Path: <>
From: MAILER-DAEMON@mail.example
To: together@norfolk.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce@mail.example>
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary=x

--x
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.
--x
Content-Type: message/delivery-status

Final-Recipient: rfc822; a@b.example
Action: failed
Status: 5.1.1
--x--
"""

QUOTED = {
    "gmail": "Year 4.\n\nOn Tue, 14 Jan 2025 at 09:12, Norfolk County Council\n<together@norfolk.example> wrote:\n\n> Who planted them?\n",
    "outlook": "Year 4.\n\n________________________________\nFrom: Norfolk County Council <together@norfolk.example>\nSent: 14 January 2025 09:12\nTo: Office\nSubject: A question\n\nWho planted them?\n",
    "original": "Year 4.\n\n-----Original Message-----\nFrom: Norfolk\nWho planted them?\n",
    "dashes": "Year 4.\n-- \nExample Person\nOffice manager\n",
    "phone": "Year 4.\n\nSent from my iPhone\n\n> Who?\n",
    "closing": "Year 4.\n\nMany thanks\nExample Person\nExample Primary School\nTel 01234 567890\n",
    "small print": "Year 4.\n\nThis email and any files transmitted with it are confidential and intended solely for the use of the addressee.\n",
    "greeting": "Good morning,\n\nYear 4.\n",
    "warning": "CAUTION: This email originated from outside of the organisation. Do not click links.\n\nYear 4.\n",
    "forwarded": "Please see below.\n\n---------- Forwarded message ---------\nFrom: A Teacher <a@b.example>\nDate: Mon, 13 Jan 2025\nSubject: garden\nTo: office@b.example\n\nYear 4.\n",
    "plain": "Year 4.",
}
