"""A reader's own letter in a browser, as it was frozen, for whoever has its link."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

from flask import Response, redirect
from werkzeug.wrappers import Response as AnyResponse

import db
from delivery.ledger import books
from delivery.ledger.freezing import mailing_from
from delivery.letter import message, verp
from delivery.letter.message import Frame
from delivery.model import DeliveryError
from desk.mailing.sending import return_secret
from desk.web.public import BadLink, Public

# A letter's styles are its own; no script runs in it and no form is sent from it, whatever got in there.
POLICY = (
    "default-src 'none'; img-src 'self' https: data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def read(public: Public, token: str) -> AnyResponse:
    """What is kept no longer, because it is old or its reader was erased, leads to what everybody may read."""
    secret = return_secret(public.keys)
    named = verp.read(secret, token)
    if named is None:
        raise BadLink
    with db.reading(public.engine) as connection:
        kept = books.letter_of(connection, named.mailing, named.subscriber)
        sending = books.mailing(connection, named.mailing)
    page = _page(kept, named.subscriber, secret) if kept else ""
    if not page:
        return redirect(_edition(public, sending), 303)
    response = Response(page, mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Robots-Tag"] = "noindex, noarchive"
    return response


def _page(kept: books.Kept, subscriber: str, secret: bytes) -> str:
    """The HTML part of the very bytes that were sent."""
    mailing = mailing_from(kept.details)
    try:
        values = message.reader_values(mailing, subscriber, kept.address, kept.tokens, secret)
        wire = message.compose(Frame.load(kept.frame), values).wire
    except DeliveryError:
        return ""
    found = message_from_bytes(wire, _class=EmailMessage, policy=policy.default)
    part = found.get_body(("html",))
    return str(part.get_content()) if part else ""


def _edition(public: Public, sending: books.Sending | None) -> str:
    read = public.reading()
    bulletin = public.house.bulletins.get(sending.bulletin) if sending else None
    return f"{read.top}{bulletin.path}editions/{sending.edition}/" if bulletin and sending else read.top
