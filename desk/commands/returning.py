"""What comes back, and how things stand: bounces, report, doctor, worker."""

from __future__ import annotations

import json
import re
import sys
import threading
from typing import TYPE_CHECKING

import click

from desk.commands.common import Context, json_option
from desk.commands.offices import chosen_mailing, opened

if TYPE_CHECKING:
    from desk.mailing.returning import Taken

ADDRESS = re.compile(r"[^\s<>;:,]+@[^\s<>;:,]+")
COLOURS = {"good": "green", "warning": "yellow", "bad": "red"}


@click.group()
def bounces() -> None:
    """Mail that came back: bounces, complaints, automatic answers."""


@bounces.command("read")
@click.argument("place", required=False, metavar="PATH|IMAP-URL|-")
@json_option
@click.pass_obj
def read(context: Context, place: str | None) -> None:
    """Read a mailbox, a folder or a message, and act on it once. People's mail stays as it is. Default: [delivery] mailbox."""
    from desk.mailing.returning import take_returned

    with opened(context) as office:
        where = place or office.delivering.mailbox
        if not where:
            raise click.ClickException("Where does returned mail wait? Name a mailbox, or set [delivery] mailbox.")
        taken = take_returned(office, where)
    if context.as_json:
        click.echo(json.dumps(_as_json(taken), ensure_ascii=False))
    else:
        _tell(taken)


def _as_json(taken: Taken) -> dict[str, object]:
    kinds = {kind: taken.kinds[kind] for kind in ("hard", "soft", "policy", "complaint")}
    staff = [{"address": one.address, "status": one.status, "words": one.words} for one in taken.policy]
    messages = sum(taken.natures.values())
    return {
        "messages": messages,
        **kinds,
        "unknown": taken.unknown,
        "natures": dict(taken.natures),
        "tell_staff": staff,
    }


def _tell(taken: Taken) -> None:
    click.echo(f"{sum(taken.natures.values()):,} messages")
    for number, words in (
        (taken.kinds["hard"], "readers whose mailbox is gone: suppressed"),
        (taken.kinds["complaint"], "readers who complained: they get nothing more"),
        (taken.kinds["soft"], "readers whose mailbox was full or away: counted"),
        (taken.natures["unsubscribe"], "readers who left by mail"),
        (taken.natures["automatic"] + taken.natures["delay"], "automatic answers and delays: ignored"),
        (taken.natures["person"] + taken.natures["unreadable"], "for a person to read: left as they are"),
        (taken.unknown, "reports about no letter of ours: nothing changed"),
    ):
        if number:
            click.echo(f"  {number:>9,}  {words}")
    for one in taken.policy:
        words = ADDRESS.sub("(the reader)", one.words)  # this output may end in a log
        click.echo(f"Refused because of us, not of the reader: {one.status} {words}", err=True)


@click.command()
@click.argument("mailing", required=False)
@json_option
@click.pass_obj
def report(context: Context, mailing: str | None) -> None:
    """Write a mailing's report (a page, and CSVs of every recipient and every answer), or print its numbers. Nobody is watched for it."""
    from delivery.ledger.sending import settle_leftovers
    from desk.mailing.reporting import reported, write_report

    with opened(context) as office:
        sending = chosen_mailing(office, mailing)
        settle_leftovers(office.engine, sending.id)
        found = reported(office, sending)
        if context.as_json:
            click.echo(json.dumps(found.as_dict(), ensure_ascii=False))
            return
        written = write_report(office, sending, found)
    click.echo("\n".join(map(str, written)))


@click.command()
@click.option("--migrate", is_flag=True, help="Bring the database up to date first; every command does so by itself.")
@json_option
@click.pass_obj
def doctor(context: Context, migrate: bool) -> None:  # noqa: ARG001 - opening the office migrates
    """Look at DNS (SPF, DKIM, DMARC, MX), relay, TLS, disk, database and templates; say what to publish. Exits 1 when bad."""
    from desk.doctoring import examine, system_world

    with opened(context) as office:
        found = examine(office, system_world(office.press.house.publisher.url))
    if context.as_json:
        rows = [{"subject": f.subject, "level": f.level, "words": f.words, "publish": f.publish} for f in found]
        click.echo(json.dumps({"findings": rows}, ensure_ascii=False, indent=2))
    else:
        for finding in found:
            mark = click.style(f"{finding.level:8}", fg=COLOURS[finding.level], bold=True)
            click.echo(f"{mark} {finding.subject}: {finding.words}")
            if finding.publish:
                click.echo(f"         publish: {finding.publish}")
    if any(finding.level == "bad" for finding in found):
        sys.exit(1)


@click.command()
@click.option("--name", default="", help="Its own among all workers; without it, made of the machine and the process.")
@click.pass_obj
def worker(context: Context, name: str) -> None:
    """Be one of several sender processes ([delivery] engine = "dbos"), until stopped."""
    import signal

    with opened(context) as office:
        from desk.mailing.clustering import working

        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        with working(office, name):
            click.echo("Working. Ctrl-C ends it.", err=True)
            while not stopped.wait(0.5):
                pass
