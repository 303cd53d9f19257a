"""Sending as a person does it: real files, a real mail server, real exit codes."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy

import db
from delivery.ledger import books
from delivery.ledger.books import Fate
from delivery.model import Counts
from desk import rounds
from desk.house import open_press
from desk.mailing.office import Office, open_office
from desk.mailing.sending import counted, found
from desk.settings import load
from desk.staff import store
from subscribers import acts
from subscribers.address import parse
from subscribers.model import Proof
from tests.desk.editing.houses import git, put_under_git
from tests.desk.sending_house import DAY, NAME, NOW, READERS, Desk, Inbox, text


def send(desk: Desk, *words: str, **environ: str) -> None:
    desk.ok("send", "weekly", DAY, "--yes", "--now", NOW, *words, **environ)


def test_every_reader_has_exactly_the_letter_that_is_theirs(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    desk.ok("subscribers", "add", "all@home.co.uk", "--audience", "governor", "--everything")
    send(desk)
    assert inbox.addresses == sorted([*READERS, "all@home.co.uk"])
    press = open_press(load(desk.house, None, {}), now=datetime.fromisoformat(f"{NOW}+00:00"))
    edition = press.content.edition("weekly", datetime.fromisoformat(DAY).date())
    assert edition
    every = {item.slug: item.title for item in press.items(edition)}
    for address, audience in {**READERS, "all@home.co.uk": ""}.items():
        theirs = press.receives(edition, frozenset(filter(None, audience.split(","))))
        words = " ".join(text(inbox.letter(address)).split())
        for slug, title in every.items():
            assert (f"- {' '.join(title.split())}" in words) == (slug in theirs), (address, slug)
    press.cache.close()


def test_the_headers_let_a_reader_leave_in_one_press(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    send(desk, BULLETIN__DELIVERY__UNSUBSCRIBE="leave@norfolk.example")
    letter = inbox.letter("parent@home.co.uk")
    assert letter["List-Unsubscribe"].startswith("<https://together.norfolk.example/unsubscribe/")
    assert "<mailto:leave@norfolk.example?subject=unsubscribe%20" in letter["List-Unsubscribe"]
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert len({inbox.letter(address)["List-Unsubscribe"] for address in READERS}) == len(READERS)


def test_where_the_house_is_in_git_what_became_public_is_a_commit_and_git_holds_no_letter_up(
    desk: Desk, inbox: Inbox
) -> None:
    (desk.house / ".gitignore").write_text("*site*/\nout/\n")
    put_under_git(desk.house)
    desk.subscribe()
    lock = desk.house / ".git" / "index.lock"
    lock.touch()  # somebody holds it, or a merge is under way
    send(desk)
    assert len(inbox.letters) == len(READERS)
    register = "content/permalinks.txt"
    assert git(desk.house, "status", "--porcelain", "content").endswith(f" {register}\n")  # as after a kill at any line
    lock.unlink()
    with open_office(load(desk.house, None, {}), datetime.fromisoformat(f"{NOW}+00:00")) as office:
        with db.writing(office.engine) as connection:
            store.add(connection, parse("sender@norfolk.example"), "sender", office.now, name="Sandy Fenn")
        edition = office.press.content.edition("weekly", datetime.fromisoformat(DAY).date())
        assert edition
        rounds.post(office, edition, by="staff:sender@norfolk.example")  # said again, it takes it along
    assert git(desk.house, "status", "--porcelain", "content") == ""
    told = git(desk.house, "show", "--name-only", "--format=%an <%ae> %s", "HEAD")
    assert told == f"Sandy Fenn <sender@norfolk.example> Write down the addresses that are public\n\n{register}\n"


def test_the_same_command_twice_sends_each_letter_once(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    send(desk)
    first = dict(inbox.letters)
    again = desk.run("send", "weekly", DAY, "--yes", "--now", NOW)
    assert again.exit_code == 0, again.output
    assert dict(inbox.letters) == first and len(inbox.letters) == len(READERS)
    assert "goes on with it" in again.stderr


def test_the_same_command_twice_at_once_sends_each_letter_once(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    both = [desk.start("send", "weekly", DAY, "--yes", "--now", NOW) for _ in range(2)]
    said = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert inbox.addresses == sorted(READERS)


def _fates(office: Office, mailing: int) -> list[Fate]:
    with db.reading(office.engine) as connection:
        return list(books.fates(connection, mailing))


def _number(office: Office, address: str) -> int:
    with db.reading(office.engine) as connection:
        return acts.found(connection, address).id


def _proof(how: str) -> Proof:
    return Proof(datetime.now(UTC), how)


def test_status_adds_up_and_has_the_promised_shape(desk: Desk) -> None:
    desk.subscribe()
    send(desk)
    assert desk.status(NAME) == {
        "recipients": 5, "accepted": 5, "failed": 0, "deferred": 0, "in_doubt": 0, "suppressed": 0, "withdrawn": 0, "queued": 0,
    }  # fmt: skip


def test_an_edit_after_the_freeze_changes_nothing_that_is_sent_and_is_told(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    desk.run("send", "weekly", DAY, "--yes", "--now", NOW, BULLETIN__DELIVERY__PORT="1")  # frozen; nobody answers
    assert not inbox.letters
    desk.edit(words="\nA sentence that came too late.\n")
    done = desk.run("send", "weekly", DAY, "--yes", "--now", NOW)
    assert done.exit_code == 0, done.output
    assert "edited since" in done.stderr
    assert inbox.addresses == sorted(READERS)
    assert not any(b"came too late" in raw for _, raw in inbox.letters)


def test_a_relay_that_does_not_answer_is_told_and_loses_nobody(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    done = desk.run("send", "weekly", DAY, "--yes", "--now", NOW, BULLETIN__DELIVERY__PORT="1")
    assert done.exit_code == 1
    assert "cannot be reached" in done.stderr and "bulletin resume" in done.stderr
    assert desk.status()["queued"] == len(READERS)
    said = desk.ok("status").stdout
    assert "It stopped: the mail server 127.0.0.1:1 cannot be reached: Connection refused" in said
    assert f"To go on: bulletin resume {NAME}" in said
    desk.run(
        "schedule", "run", "--now", NOW, BULLETIN__DELIVERY__USERNAME="x", BULLETIN__DELIVERY__PASSWORD_FILE="gone"
    )
    assert "gone cannot be read: No such file" in desk.ok("status").stdout
    desk.ok("resume")
    assert inbox.addresses == sorted(READERS)
    assert "stopped" not in desk.ok("status").stdout


def test_a_mailing_under_a_time_that_was_named_is_finished_at_that_time(desk: Desk) -> None:
    desk.subscribe(dict(list(READERS.items())[:1]))
    send(desk)
    with open_office(load(desk.house, None, desk.environ)) as office:
        sending = found(office, NAME)
        (fate,) = _fates(office, sending.id)
    assert sending.finished_at and fate.at
    assert sending.frozen_at <= fate.at <= sending.finished_at < sending.frozen_at + timedelta(minutes=5)


def test_who_leaves_by_mistake_and_comes_back_while_it_runs_gets_it_unless_it_was_tried(
    desk: Desk, inbox: Inbox
) -> None:
    desk.subscribe()
    desk.run("send", "weekly", DAY, "--yes", "--now", NOW, BULLETIN__DELIVERY__PORT="1")
    slip, tried, gone = sorted(READERS)[:3]
    with open_office(load(desk.house, None, desk.environ)) as office:
        numbers = {one: _number(office, one) for one in (slip, tried, gone)}
        with db.writing(office.engine) as connection:
            deferred = sqlalchemy.text("UPDATE recipient SET attempts = 1 WHERE subscriber = :who")
            connection.execute(deferred, {"who": str(numbers[tried])})
        for number in numbers.values():
            rounds.goodbye(office.engine, office.register.keys, number, "weekly", _proof("link"))
        assert counted(office, found(office, NAME).id) == Counts(queued=2, withdrawn=3)
        for one in (slip, tried):
            given = (
                numbers[one],
                "weekly",
                datetime.now(UTC) - timedelta(days=1),
                office.register.bases,
                _proof("undo"),
            )
            rounds.undo_goodbye(office.engine, office.register.keys, *given)
            rounds.undo_goodbye(office.engine, office.register.keys, *given)
        assert counted(office, found(office, NAME).id) == Counts(queued=3, withdrawn=2)
    desk.ok("resume")
    assert inbox.addresses == sorted(READERS.keys() - {tried, gone})
    assert desk.status(NAME)["withdrawn"] == 2


def test_a_dry_run_shows_who_gets_what_and_changes_nothing(new_desk: Desk, inbox: Inbox) -> None:
    new_desk.subscribe()
    plan = new_desk.json("send", "weekly", DAY, "--dry-run", "--now", NOW)
    assert plan["recipients"] == 5 and sum(letter["readers"] for letter in plan["letters"]) == 5
    assert not inbox.letters and not (new_desk.house / "site").exists()
    assert new_desk.run("status").exit_code == 1  # nothing was frozen


def test_a_finding_that_blocks_stops_the_send_and_is_listed(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    file = desk.house / "content" / "weekly" / DAY / "bad.md"
    file.write_text("---\ntitle: A bad item\naudience: primry\n---\nWords.\n")
    done = desk.run("send", "weekly", DAY, "--yes", "--now", NOW)
    assert done.exit_code == 1
    assert "primry" in done.stderr and "Nothing was sent" in done.stderr
    assert not inbox.letters and desk.run("status").exit_code == 1


def test_nobody_is_sent_an_edition_before_its_moment(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    done = desk.run("send", "weekly", DAY, "--yes", "--now", f"{DAY}T08:59")
    assert done.exit_code == 1 and "bulletin schedule" in done.stderr
    assert not inbox.letters


def test_an_edition_is_never_frozen_for_nobody(desk: Desk, inbox: Inbox) -> None:
    assert "no readers yet" in desk.run("send", "weekly", DAY, "--yes", "--now", NOW).stderr
    desk.subscribe()
    send(desk)
    assert inbox.addresses == sorted(READERS)


def test_the_archive_stands_before_the_first_letter_leaves(new_desk: Desk) -> None:
    new_desk.subscribe()
    new_desk.run("send", "weekly", DAY, "--yes", "--now", NOW, BULLETIN__DELIVERY__PORT="1")
    assert (new_desk.house / "site" / "editions" / DAY / "index.html").exists()


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"BULLETIN__DELIVERY__TRANSPORT": "pigeon"}, "must be one of folder, smtp"),
        ({"BULLETIN__DELIVERY__HOST": ""}, "host is missing"),
        ({"BULLETIN__DELIVERY__RATE": "fast"}, "letters a second"),
        ({"BULLETIN__DELIVERY__USERNAME": "us"}, "password-file is missing"),
        ({"BULLETIN__DELIVERY__USERNAME": "us", "BULLETIN__DELIVERY__PASSWORD_FILE": "no/such"}, "cannot be read"),
        ({"BULLETIN__DELIVERY__CONECTIONS": "3"}, "Did you mean"),
        ({"BULLETIN__DELIVERY__ENGINE": "dbos"}, "needs PostgreSQL"),
    ],
)
def test_a_wrong_setting_or_secret_is_told_and_nothing_is_sent(
    desk: Desk, inbox: Inbox, environ: dict[str, str], words: str
) -> None:
    desk.subscribe({"a@home.co.uk": ""})
    done = desk.run("send", "weekly", DAY, "--yes", "--now", NOW, **environ)
    assert done.exit_code == 1 and words in done.stderr, done.stderr
    assert not inbox.letters


def test_paused_readers_and_those_who_said_no_get_nothing(desk: Desk, inbox: Inbox) -> None:
    import db
    from desk.readers.register import open_register, staff_proof
    from subscribers import acts, store
    from subscribers.address import parse

    desk.subscribe()
    register = open_register(load(desk.house, None, {}))
    with db.writing(register.engine) as connection:
        away = acts.found(connection, "parent@home.co.uk").id
        until, today = datetime(2025, 2, 1).date(), datetime(2025, 1, 2).date()  # noqa: DTZ001
        acts.pause(connection, register.keys, away, None, until, today, staff_proof("test"))
        key = parse("governor@norfolk-schools.co.uk").key  # a "no" beside an open subscription, as from an old backup
        store.suppress(connection, register.keys, key, "", "complained", staff_proof("test"))
    register.engine.dispose()
    send(desk)
    assert "parent@home.co.uk" not in inbox.addresses and "governor@norfolk-schools.co.uk" not in inbox.addresses
    counts = desk.status(NAME)
    assert (counts["recipients"], counts["accepted"], counts["suppressed"]) == (4, 3, 1)
    (person,) = desk.json("status", "--list", "suppressed")["people"]
    assert (person["address"], person["words"]) == ("governor@norfolk-schools.co.uk", "has said no")


def test_a_test_letter_says_that_it_is_one_and_nobody_else_gets_it(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    desk.ok("test", "weekly", DAY, "--to", "me@council.co.uk", "--as", "governor", "--now", NOW)
    letter = inbox.letter("me@council.co.uk")
    assert inbox.addresses == ["me@council.co.uk"]
    assert letter["Subject"].startswith("[TEST] ")
    assert text(letter).startswith("This is a test.")
    html = letter.get_body(("html",))
    assert html is not None and "This is a test." in html.get_content()


def test_the_seed_list_of_the_settings_gets_tests(desk: Desk, inbox: Inbox) -> None:
    with (desk.house / "bulletin.toml").open("a") as file:
        file.write('\n[delivery]\nseeds = ["one@council.co.uk", "two@council.co.uk"]\n')
    desk.ok("test", "weekly", DAY, "--now", NOW)
    assert inbox.addresses == ["one@council.co.uk", "two@council.co.uk"]


def test_a_cancelled_mailing_sends_no_further_letter(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    desk.run("send", "weekly", DAY, "--yes", "--now", NOW, BULLETIN__DELIVERY__PORT="1")
    desk.ok("cancel", "--yes")
    assert desk.run("resume").exit_code == 1
    assert desk.run("send", "weekly", DAY, "--yes", "--now", NOW).exit_code == 1
    assert not inbox.letters
    assert desk.status(NAME)["withdrawn"] == len(READERS)


def test_a_paused_mailing_waits_for_resume(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    desk.run("send", "weekly", DAY, "--yes", "--now", NOW, BULLETIN__DELIVERY__PORT="1")
    desk.ok("pause")
    assert desk.run("send", "weekly", DAY, "--yes", "--now", NOW).exit_code == 1
    assert not inbox.letters
    desk.ok("resume")
    assert inbox.addresses == sorted(READERS)


def test_whoever_comes_after_the_freeze_gets_the_frozen_letter_that_is_theirs(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    send(desk)
    desk.ok("subscribers", "add", "late@home.co.uk", "--audience", "governor")
    desk.edit(words="\nA sentence that came too late.\n")
    desk.ok("resume", NAME, "--late")
    assert inbox.addresses == sorted([*READERS, "late@home.co.uk"])
    late, known = inbox.letter("late@home.co.uk"), inbox.letter("governor@norfolk-schools.co.uk")
    assert late["Subject"] == known["Subject"]
    assert [line for line in text(late).split("\n") if line.startswith("- ")] == [
        line for line in text(known).split("\n") if line.startswith("- ")
    ]


def test_a_person_at_a_terminal_can_still_say_no(desk: Desk, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.subscribe()
    monkeypatch.setattr("desk.commands.sending._agreed", lambda _context: False)
    desk.ok("send", "weekly", DAY, "--now", NOW)
    assert not inbox.letters and desk.run("status").exit_code == 1


def test_cancelling_in_mid_send_stops_within_a_second(desk: Desk, inbox: Inbox) -> None:
    import time

    desk.import_list(300)
    sender = desk.start("send", "weekly", DAY, "--yes", "--now", NOW, BULLETIN__DELIVERY__RATE="40")
    while len(inbox.letters) < 5:
        assert sender.poll() is None, sender.communicate()
        time.sleep(0.02)
    desk.ok("cancel", "--yes")
    begun, before = time.monotonic(), len(inbox.letters)
    assert sender.wait(10) == 1
    assert time.monotonic() - begun < 2.5  # the second that is promised, and the end of a Python process
    sender.communicate()
    counts = desk.status(NAME)
    assert counts["accepted"] == len(inbox.letters) < before + 60
    assert counts["accepted"] + counts["withdrawn"] == 300
    assert threading.active_count() < 50


def test_a_mailing_that_is_done_is_neither_paused_nor_cancelled(desk: Desk) -> None:
    desk.subscribe({"a@home.co.uk": ""})
    send(desk)
    for command in ("pause", "cancel"):
        done = desk.run(command)
        assert done.exit_code == 1 and "is finished" in done.stderr
    assert desk.status(NAME)["accepted"] == 1


def test_what_was_released_since_is_no_edit(desk: Desk) -> None:
    desk.subscribe({"a@home.co.uk": ""})
    file = desk.house / "content" / "weekly" / DAY / "held.md"
    words = (
        "---\ntitle: Held back for the day after\nsummary: It is told on Wednesday.\nrelease: 2025-01-15 10:00\n---\n"
    )
    file.write_text(f"{words}It is told on Wednesday, and not before.\n")
    send(desk)
    again = desk.run("send", "weekly", DAY, "--yes", "--now", "2025-01-16T09:00")
    assert again.exit_code == 0 and "edited since" not in again.stderr
