"""What search engines read of a page: schema.org in JSON-LD (F5). It is data: no script policy needs to allow it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from builder.archive.items import WebItem, is_cancelled
from builder.kinds import Event
from builder.model import Moment, Publisher
from builder.view import EditionView, Link

Data = dict[str, Any]
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def script(*things: Data) -> str:
    """JSON that cannot end the element it stands in."""
    text = _encoder.encode({"@context": "https://schema.org", "@graph": things})
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def organisation(publisher: Publisher) -> Data:
    return {"@type": "GovernmentOrganization", "name": publisher.name, "url": f"{publisher.url}/"}


def breadcrumbs(crumbs: Iterable[Link]) -> Data:
    places = [{"@type": "ListItem", "position": n, "name": c.text, "item": c.url} for n, c in enumerate(crumbs, 1)]
    return {"@type": "BreadcrumbList", "itemListElement": places}


def bulletin(name: str, url: str, publisher: Publisher) -> Data:
    return {
        "@type": "Periodical",
        "name": name,
        "url": url,
        "inLanguage": "en-GB",
        "publisher": organisation(publisher),
    }


def edition(view: EditionView, published: datetime, publisher: Publisher) -> Data:
    return {
        "@type": "PublicationIssue",
        "name": view.day,
        "url": view.url,
        "datePublished": published.isoformat(),
        "inLanguage": "en-GB",
        "isPartOf": {"@type": "Periodical", "name": view.name},
        "publisher": organisation(publisher),
        "hasPart": [{"@type": "Article", "headline": item.title, "url": item.url} for item in view.items],
    }


def item(shown: WebItem, published: datetime, publisher: Publisher, zone: ZoneInfo) -> Data:
    details = shown.item.details
    data = {
        "name": shown.view.title,
        "url": shown.view.url,
        "description": shown.description,
        **({"image": [shown.view.picture.url]} if shown.view.picture else {}),
    }
    if isinstance(details, Event):
        return _event(data, details, publisher, zone)
    article = {"headline": data.pop("name"), "datePublished": published.isoformat(), "inLanguage": "en-GB"}
    return {"@type": "NewsArticle", **article, **data, "publisher": organisation(publisher)}


def _event(data: Data, event: Event, publisher: Publisher, zone: ZoneInfo) -> Data:
    return {
        "@type": "Event",
        **data,
        "startDate": _iso(event.starts, zone),
        **({"eventStatus": "https://schema.org/EventCancelled"} if is_cancelled(event) else {}),
        **({"endDate": _iso(event.ends, zone)} if event.ends else {}),
        **({"location": {"@type": "Place", "name": event.venue, "address": event.venue}} if event.venue else {}),
        "organizer": organisation(publisher),
    }


def _iso(moment: Moment, zone: ZoneInfo) -> str:
    return moment.moment(zone).isoformat() if moment.at else moment.day.isoformat()
