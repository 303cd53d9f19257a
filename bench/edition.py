"""A house with one edition of twenty items, the same at every run: council prose of the usual length and shape."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

STARTER = Path(__file__).parent.parent / "desk" / "starter"
DAY = "2025-01-14"
KINDS = ["message", "action", "action", "event", "event", "event", "feedback", "consultation", "appointment", "case-study"]  # fmt: skip
OWN = {
    "message": "signed: Sam Example\n  Director of Children’s Services",
    "action": "action-by: Friday 31 January 2025, noon\nreturns-to: returns@example.org\nreference: {n}/25",
    "event": "starts: Friday 14 February 2025, 10am\nends: Friday 14 February 2025, 4pm\nvenue: County Hall\nbook: events@example.org",
    "feedback": "respond: https://haveyoursay.example/tuesday\ncloses: Friday 31 January 2025",
    "consultation": "opens: Monday 13 January 2025\ncloses: Friday 14 February 2025\nrespond: https://haveyoursay.example/dates",
    "appointment": "person: Sam Example\npost: Head of Inclusion",
    "good-news": "school: Example Primary School",
}
AUDIENCES = ["", "audience: schools", "audience: primary, secondary", "audience: governor", "", "audience: senco, head", "audience: parents-carers"]  # fmt: skip
SUBJECTS = "the spring census; a new reading scheme; school transport; the inclusion partnership; free school meals; the summer holiday programme; attendance in January; early help; the governor conference; music for every child".split("; ")  # fmt: skip
SENTENCES = [
    "We are writing to every school and setting because the dates have changed since the autumn.",
    "Please read this with your office team and tell us by reply if anything is unclear.",
    "The [guidance on the national site](https://www.gov.uk/guidance/school-census) has the full list of what to send.",
    "Last year **four schools in five** replied in the first week, and that made the difference.",
    "If you have already sent your form, thank you: there is *nothing more* to do.",
    "Our team can come to a staff meeting, online or in person, in any week of the half term.",
    "Write to inclusion@example.org or ring 01632 960001 between 9am and 4pm.",
    "Parents and carers told us that a short message with one link works better than a long letter.",
    "The money for this comes from the schools block and was agreed by the forum in December.",
    "A recording will be on our website within a week, with captions and a transcript.",
    "“It was the first time that we all sat round one table”, said a headteacher who took part.",
    "Places are limited to two for each school, so please choose who will gain most from the day.",
]
LIST = (
    "- your school’s name and number\n- the name of the person who will come\n- anything that we should know beforehand"
)
TABLE = "| Group | Date | Place |\n| --- | --- | --- |\n| North | 3 February | Example Hall |\n| South | 5 February | Sample House |"
QUOTE = "> We started with ten minutes a day. By Easter the whole year group was reading together."


def write_house(folder: Path) -> Path:
    """The starter's settings and pages, with this edition instead of its own."""
    shutil.copytree(STARTER, folder, ignore=shutil.ignore_patterns("weekly"))
    edition = folder / "content" / "weekly" / DAY
    edition.mkdir(parents=True)
    (edition / "edition.md").write_text(
        "---\nsubject: Census dates, an early help line and twenty more\n"
        "preheader: Three actions with dates, events for February, and good news from five schools.\n---\n"
        "Welcome back. **Two actions** have dates this week, and the summit has places left.\n"
    )
    for number in range(20):
        (edition / f"item-{number:02}.md").write_text(item(number))
    return folder


def item(number: int) -> str:
    kind = KINDS[number] if number < len(KINDS) else "good-news" if number >= 17 else "news"
    own = OWN.get(kind, "").format(n=number)
    headers = f"title: {SUBJECTS[number % 10].capitalize()}, part {number // 10 + 1}\nkind: {kind}\n{AUDIENCES[number % 7]}\n{own}\nsummary: What you need to know about {SUBJECTS[number % 10]}.\ncontact: Example Team, team@example.org"
    headers = re.sub("\n+", "\n", headers)
    return f"---\n{headers}\n---\n{body(number)}\n"


def body(number: int) -> str:
    chance = random.Random(number)
    blocks = [" ".join(chance.sample(SENTENCES, size)) for size in (3, 2, 2)]
    extra = {0: LIST, 1: "### What to send\n\n" + LIST, 2: QUOTE, 3: TABLE}.get(number % 7)
    if extra:
        blocks.insert(2, extra)
    return "\n\n".join(blocks)
