"""Years of a weekly update, the same at every run: editions of twenty items and five stories, in a house and in a Hugo site."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from bench.edition import AUDIENCES, LIST, OWN, QUOTE, SENTENCES, TABLE, write_house

LAST = date(2025, 7, 15)
SCHOOLS = 120
KINDS = ["message", "action", "action", "event", "event", "event", "feedback", "consultation", "appointment", "case-study"]  # fmt: skip
_SYLLABLES = "ba be ce cha co da de di el en fa fi ga gre ha hi in ka la le li lo ma me mi mo na ne no or pa pe pi pri ra re ri ro sa se si so sta ta te ti to tra un va ve vi wa we wi".split()  # fmt: skip
_ENDS = "l n r s t ck d ft ld m nd ng p rd st th y".split()


@dataclass(frozen=True, slots=True)
class Piece:
    """One item as both sides write it."""

    slug: str
    title: str
    kind: str
    audience: str
    own: str
    summary: str
    body: str

    @property
    def headers(self) -> str:
        audience = f"\n{self.audience}" if self.audience else ""
        own = f"\n{self.own}" if self.own else ""
        return f"title: {self.title}\nkind: {self.kind}{audience}{own}\nsummary: {self.summary}"


@cache
def vocabulary() -> tuple[list[str], list[float]]:
    """Twelve thousand words; the n-th is used about 1/n as often as the first."""
    chance = random.Random(1)
    words = list(dict.fromkeys(w for s in SENTENCES for w in re.findall(r"[a-z]{3,}", s.lower())))
    known = set(words)
    while len(words) < 12_000:
        word = "".join(chance.choices(_SYLLABLES, k=chance.choice((2, 2, 3)))) + chance.choice(_ENDS)
        if word not in known:
            known.add(word)
            words.append(word)
    chance.shuffle(words)
    total, sums = 0.0, []
    for n in range(len(words)):
        total += 1 / (n + 8)
        sums.append(total)
    return words, sums


def days(editions: int) -> list[date]:
    """Tuesdays, the newest last."""
    return [LAST - timedelta(weeks=back) for back in range(editions - 1, -1, -1)]


def pieces(day: date) -> Iterator[Piece]:
    chance = random.Random(day.toordinal())
    for number in range(25):
        yield _piece(day, number, chance)


def _piece(day: date, number: int, chance: random.Random) -> Piece:
    kind = KINDS[number] if number < len(KINDS) else "good-news" if number >= 20 else "news"
    words = _words(chance, 5)
    own = OWN.get(kind, "").format(n=number)
    later = day + timedelta(days=chance.randrange(7, 60))
    own = re.sub(r"\w+day (\d+ \w+ 2025)", f"{later.day} {later:%B %Y}", own)
    own = own.replace("Example Primary School", f"{vocabulary()[0][chance.randrange(SCHOOLS)].capitalize()} School")
    title = f"{' '.join(words[:4])} and {words[4]}".capitalize()
    return Piece(
        slug="-".join([*words[:3], f"{day:%y%m%d}", str(number)]),
        title=title,
        kind=kind,
        audience=chance.choice(AUDIENCES),
        own=own,
        summary=f"What you need to know about {' '.join(_words(chance, 6))}.",
        body=body(number, chance),
    )


def _words(chance: random.Random, count: int) -> list[str]:
    words, sums = vocabulary()
    return chance.choices(words, cum_weights=sums, k=count)


def body(number: int, chance: random.Random) -> str:
    blocks = []
    for size in (3, 2, 2):
        own = [f"{' '.join(_words(chance, chance.randrange(8, 18))).capitalize()}." for _ in range(size - 1)]
        blocks.append(" ".join([chance.choice(SENTENCES), *own]))
    extra = {0: LIST, 1: "### What to send\n\n" + LIST, 2: QUOTE, 3: TABLE}.get(number % 7)
    if extra:
        blocks.insert(2, extra)
    return "\n\n".join(blocks)


# --- our side --------------------------------------------------------------------------------------------------------


def write_years(folder: Path, editions: int) -> Path:
    write_house(folder)
    for day in days(editions):
        write_edition(folder, day)
    return folder


def write_edition(folder: Path, day: date) -> None:
    edition = folder / "content" / "weekly" / str(day)
    (edition / "good-news").mkdir(parents=True, exist_ok=True)
    for old in edition.glob("*.md"):
        old.unlink()
    (edition / "edition.md").write_text(
        f"---\nsubject: News of {day:%d %B}\npreheader: Three actions with dates, events, and good news from five schools.\n---\n"
        "Welcome back. **Two actions** have dates this week, and the summit has places left.\n"
    )
    for piece in pieces(day):
        under = edition / "good-news" if piece.kind == "good-news" else edition
        (under / f"{piece.slug}.md").write_text(f"---\n{piece.headers}\n---\n{piece.body}\n")


def edit(folder: Path, day: date, words: str) -> None:
    """One item says something more."""
    file = sorted((folder / "content" / "weekly" / str(day)).glob("[!e]*.md"))[4]
    file.write_text(file.read_text() + f"\n{words}\n")


# --- Hugo's side -----------------------------------------------------------------------------------------------------

_CONFIG = """baseURL = "https://updates.example/"
title = "Weekly update"
languageCode = "en-gb"
disableKinds = []
[taxonomies]
audience = "audiences"
kind = "kinds"
section = "sections"
[markup.goldmark.renderer]
unsafe = false
"""
_FRAME = """<!doctype html><html lang="en-GB" dir="ltr"><head><meta charset="utf-8"><title>{{ .Title }} – {{ .Site.Title }}</title>
<meta name="description" content="{{ .Description }}"><link rel="canonical" href="{{ .Permalink }}">
<meta property="og:title" content="{{ .Title }}"><meta property="og:url" content="{{ .Permalink }}"><meta property="og:description" content="{{ .Description }}">
<meta property="og:type" content="article"><meta property="og:site_name" content="{{ .Site.Title }}"><meta property="og:locale" content="en_GB"><meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="/style.css"><link rel="alternate" type="application/atom+xml" title="{{ .Site.Title }}" href="/index.xml">
<script type="application/ld+json">{{ dict "@context" "https://schema.org" "@type" "NewsArticle" "headline" .Title "url" .Permalink "description" .Description "datePublished" (.Date.Format "2006-01-02") "publisher" (dict "@type" "GovernmentOrganization" "name" .Site.Title) | jsonify | safeJS }}</script></head><body><a class="skip" href="#main">Skip to the main content</a>
<header class="top"><a class="brand" href="/">{{ .Site.Title }}</a><nav aria-label="Main"><ul><li><a href="/">Latest edition</a></li><li><a href="/editions/">All editions</a></li><li><a href="/subscribe">Get it by email</a></li></ul></nav></header>
{{ with .Parent }}<nav class="crumbs" aria-label="You are here"><ol><li><a href="/">Home</a></li><li><a href="{{ .RelPermalink }}">{{ .Title }}</a></li></ol></nav>{{ end }}
<main id="main">{{ block "main" . }}{{ end }}</main>
<aside class="invite"><p>Tell us your phase and your role, and we send what concerns you.</p></aside>
<footer><p>{{ .Site.Title }}</p><p>County Hall, Exampleton EX1 1EX</p></footer></body></html>
"""
_ITEM = """{{ define "main" }}<article><p class="label">{{ .Params.kind }}</p><h1>{{ .Title }}</h1><dl>{{ range $name, $fact := .Params.facts }}<div><dt>{{ $name }}</dt><dd>{{ $fact }}</dd></div>{{ end }}</dl>
{{ .Content }}</article><section class="beside"><h2>In the edition of</h2><p><a href="{{ .Parent.RelPermalink }}">{{ .Parent.Title }}</a></p></section>
<nav class="turn">{{ with .PrevInSection }}<a href="{{ .RelPermalink }}" rel="prev">{{ .Title }}</a>{{ end }}{{ with .NextInSection }}<a href="{{ .RelPermalink }}" rel="next">{{ .Title }}</a>{{ end }}</nav>{{ end }}"""
_EDITION = """{{ define "main" }}<h1>{{ .Title }}</h1>{{ .Content }}<nav class="contents"><ul>{{ range .RegularPages }}<li><a href="#{{ .File.ContentBaseName }}">{{ .Title }}</a></li>{{ end }}</ul></nav>
{{ range .RegularPages }}<article id="{{ .File.ContentBaseName }}"><p class="label">{{ .Params.kind }}</p><h3><a href="{{ .RelPermalink }}">{{ .Title }}</a></h3><dl>{{ range $name, $fact := .Params.facts }}<div><dt>{{ $name }}</dt><dd>{{ $fact }}</dd></div>{{ end }}</dl>{{ .Content }}</article>{{ end }}
{{ range .Sections }}<article class="card"><h2><a href="{{ .RelPermalink }}">{{ .Title }}</a></h2><p>{{ .Description }}</p></article>{{ end }}{{ end }}"""
_LIST = """{{ define "main" }}<h1>{{ .Title }}</h1>{{ range .Pages.GroupByDate "2006" }}<h2>{{ .Key }}</h2><ul>{{ range .Pages }}<li><a href="{{ .RelPermalink }}">{{ .Title }}</a> <span>{{ .Date.Format "2 January 2006" }}</span><p>{{ .Description }}</p></li>{{ end }}</ul>{{ end }}{{ end }}"""
_HOME = """{{ define "main" }}<h1>{{ .Title }}</h1>{{ range first 7 (where .Site.Pages "Section" "editions").ByDate.Reverse }}<article class="card"><h2><a href="{{ .RelPermalink }}">{{ .Title }}</a></h2><p>{{ .Description }}</p></article>{{ end }}{{ end }}"""


def write_hugo(folder: Path, editions: int) -> Path:
    layouts = folder / "layouts"
    (layouts / "_default").mkdir(parents=True)
    (layouts / "editions").mkdir()
    for name, text in {
        "_default/baseof.html": _FRAME, "_default/single.html": _ITEM, "_default/list.html": _LIST,
        "editions/list.html": _EDITION, "index.html": _HOME,
    }.items():  # fmt: skip
        (layouts / name).write_text(text)
    (folder / "config.toml").write_text(_CONFIG)
    for day in days(editions):
        write_hugo_edition(folder, day)
    return folder


def write_hugo_edition(folder: Path, day: date) -> None:
    edition = folder / "content" / "editions" / str(day)
    edition.mkdir(parents=True, exist_ok=True)
    (edition / "_index.md").write_text(
        f'+++\ntitle = "{day:%d %B %Y}"\ndate = {day}\ndescription = "News of {day:%d %B}"\n+++\nWelcome back. **Two actions** have dates this week.\n'
    )
    for piece in pieces(day):
        (edition / f"{piece.slug}.md").write_text(_front(piece, day) + piece.body + "\n")


def _front(piece: Piece, day: date) -> str:
    tags = [tag.strip() for tag in piece.audience.removeprefix("audience:").split(",") if tag.strip()]
    facts = "".join(
        f"{n.strip()} = {v.strip()!r}\n" for n, _, v in (o.partition(":") for o in piece.own.split("\n")) if v
    )
    return (
        f'+++\ntitle = "{piece.title}"\ndate = {day}\ndescription = "{piece.summary}"\nkind = "{piece.kind}"\n'
        f'kinds = ["{piece.kind}"]\nsections = ["{piece.kind}"]\naudiences = {tags!r}\n[facts]\n{facts}+++\n'
    )


def edit_hugo(folder: Path, day: date, words: str) -> None:
    file = sorted((folder / "content" / "editions" / str(day)).glob("[!_]*.md"))[4]
    file.write_text(file.read_text() + f"\n{words}\n")
