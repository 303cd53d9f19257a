"""Old lists merged into what is held, on both databases: the plan, its application, and the way back."""

from __future__ import annotations

import pytest
from sqlalchemy import select

import db
from db.schema import subscribers as tables
from subscribers import imports, store
from subscribers.address import parse
from subscribers.model import SubscribersError
from tests.subscribers.conftest import KEYS, Room


def test_a_plan_changes_nothing_until_it_is_applied(room: Room) -> None:
    with room.staged([room.file("Email\na@school.org\n")]) as staged:
        plan = imports.make_plan(staged)
        assert plan.counts["new"] == 1
        assert not room.reads("a@school.org")
        imports.apply(staged, plan, room.proof("import", "office"))
    assert room.reads("a@school.org")


def test_every_subscription_holds_who_when_how_source_and_lawful_basis(room: Room) -> None:
    room.take("Email,Name\nAnn.Bell@School.org,Ann Bell\n")
    person = room.person("ann.bell@school.org")
    assert person is not None
    assert (person.address, person.name) == ("Ann.Bell@school.org", "Ann Bell")
    (held,) = person.subscriptions
    assert (held.source, held.basis, held.started_at) == ("imported", "public-task", room.now)
    (event,) = room.look(store.history, person.id)
    assert (event.what, event.proof.how, event.proof.actor, event.proof.source) == (
        "imported",
        "import",
        "office",
        "together",
    )
    assert event.proof.evidence == '{"file": 0, "line": 2}'


def test_one_person_in_two_spellings_is_one_person(room: Room) -> None:
    assert room.take("Email\nAnn@School.org\nann@SCHOOL.ORG\n") == {"new": 1}


def test_running_an_import_twice_changes_nothing(room: Room) -> None:
    text = "Email,Status\na@x.org,subscribed\nb@x.org,unsubscribed\nc@x.org,perhaps\n"
    assert room.take(text) == {"new": 1, "suppressed": 1, "held": 1}
    before = _everything(room)
    assert room.take(text) == {"existing": 1, "suppressed": 1, "held": 1}
    assert _everything(room) == before


def _everything(room: Room) -> list[object]:
    names = ("subscriber", "subscription", "consent_event", "suppression", "held")
    with db.reading(room.engine) as connection:
        return [sorted(map(repr, connection.execute(select(tables.metadata.tables[name])))) for name in names]


def test_a_person_in_both_lists_is_joined_and_both_lists_are_in_the_history(room: Room) -> None:
    room.take("Email,Role\na@x.org,Head\n", maps=("Role=role", "Role:Head=head"))
    assert room.take("Email,Role\na@x.org,senco\n", source="ecourier", maps=("Role=role",)) == {"joined": 1}
    person = room.person("a@x.org")
    assert person is not None
    assert person.open[0].choices.audiences == {"head", "senco"}
    assert room.events("a@x.org") == ["imported", "joined"]


def test_choices_that_a_reader_made_personally_are_left_alone(room: Room) -> None:
    from subscribers import acts
    from subscribers.model import Choices

    person = room.add("a@x.org")
    with room.writing() as connection:
        acts.change(connection, KEYS, person.id, "weekly", Choices(frozenset({"head"})), room.proof())
    room.take("Email,Role\na@x.org,senco\n", maps=("Role=role",))
    found = room.person("a@x.org")
    assert found is not None
    assert found.open[0].choices.audiences == {"head"}


def test_a_no_in_one_list_ends_what_another_list_began(room: Room) -> None:
    room.take("Email\na@x.org\n")
    assert room.take("Email,Status\nA@X.org,Unsubscribed\n", source="ecourier") == {"suppressed": 1}
    assert not room.reads("a@x.org")
    assert room.noes("a@x.org") == {"weekly": "unsubscribed"}
    assert room.events("a@x.org") == ["imported", "ended"]


def test_a_no_is_kept_even_of_somebody_we_never_had(room: Room) -> None:
    room.take("Email,Status\na@x.org,unsubscribed\n", source="ecourier")
    assert room.person("a@x.org") is None
    assert room.take("Email\na@x.org\n") == {"suppressed": 1}
    assert not room.reads("a@x.org")


def test_a_bounced_address_is_refused_for_every_bulletin(room: Room) -> None:
    room.take("Email\na@x.org\n", bulletin="send")
    room.take("Email,Status\na@x.org,cleaned\n")
    assert not room.reads("a@x.org", "send")
    assert room.noes("a@x.org") == {"": "bounced"}


def test_a_no_to_one_bulletin_leaves_the_other_alone(room: Room) -> None:
    room.take("Email\na@x.org\n", bulletin="send")
    room.take("Email,Status\na@x.org,unsubscribed\n")
    assert room.reads("a@x.org", "send")


def test_an_unknown_status_is_held_and_beats_a_yes_in_the_same_import(room: Room) -> None:
    assert room.take("Email,Status\na@x.org,subscribed\na@x.org,misaligned\n") == {"held": 1}
    assert not room.reads("a@x.org")
    with db.reading(room.engine) as connection:
        row = connection.execute(select(tables.held)).one()
    assert (row.address, row.bulletin, row.why) == ("a@x.org", "weekly", 'status "misaligned"')


def test_a_dated_no_from_before_the_readers_own_confirmation_is_history(room: Room) -> None:
    from tests.subscribers.test_requests import signed_up

    signed_up(room, "a@x.org")
    header = "id,secondary_id,email,subscriber_type,subscription_date,unsubscription_date\n"
    room.take(header + "1,1,a@x.org,unsubscribed,2020-01-01,2024-12-01T10:00:00Z\n")
    assert room.reads("a@x.org")
    room.take(header + "1,1,a@x.org,unsubscribed,2020-01-01,2025-02-01T10:00:00Z\n")
    assert not room.reads("a@x.org")


def test_rows_that_cannot_be_read_are_listed_with_file_and_line(room: Room) -> None:
    path = room.file('Email,Name\na@x.org,"Ann\nBell"\nnot an address,Bo\n,Nobody\nb@x.org,Bo\n', "heads.csv")
    with room.staged([path]) as staged:
        plan = imports.make_plan(staged)
        bad = [(file, row.line, row.why) for file, row in imports.unreadable(staged)]
        new = [(row.address, row.line) for row in imports.listed(staged, "new")]
    assert plan.counts["unreadable"] == 2
    assert [(file, line) for file, line, _ in bad] == [("heads.csv", 4), ("heads.csv", 5)]
    assert bad[0][2].startswith('"not an address" is not an address:')
    assert new == [("a@x.org", 2), ("b@x.org", 6)]


def test_the_list_of_each_outcome_says_why(room: Room) -> None:
    path = room.file("Email,Status\nb@x.org,unsubscribed\nc@x.org,\na@x.org,subscribed\na@x.org,subscribed\n")
    with room.staged([path]) as staged:
        imports.make_plan(staged)
        said = {
            outcome: [(row.address, row.why) for row in imports.listed(staged, outcome)]
            for outcome in ("new", "suppressed", "held")
        }
    assert said == {
        "new": [("a@x.org", "")],
        "suppressed": [("b@x.org", "unsubscribed")],
        "held": [("c@x.org", "no status")],
    }


def test_a_plan_that_would_come_out_differently_is_refused_and_writes_nothing(room: Room) -> None:
    room.add("a@x.org")
    with room.staged([room.file("Email\na@x.org\nb@x.org\n")]) as staged:
        plan = imports.make_plan(staged)
        room.leave("a@x.org")
        with pytest.raises(imports.ListHasChanged):
            imports.apply(staged, plan, room.proof("import", "office"))
    assert not room.reads("b@x.org")


def test_a_change_that_does_not_touch_the_plan_does_not_hinder_it(room: Room) -> None:
    with room.staged([room.file("Email\na@x.org\n")]) as staged:
        plan = imports.make_plan(staged)
        room.add("somebody@else.org")
        imports.apply(staged, plan, room.proof("import", "office"))
    assert room.reads("a@x.org")


def test_one_bad_file_among_several_stops_all_of_them(room: Room) -> None:
    paths = [room.file("Email\na@x.org\n"), room.file("Name\nAnn\n", "names.csv"), room.file(b"\x89PNG\0\0\0", "p.csv")]
    with pytest.raises(SubscribersError) as refused, room.staged(paths):
        pass
    assert "names.csv has no column of e-mail addresses" in str(refused.value)
    assert "p.csv is not a list" in str(refused.value)


def test_an_import_leaves_no_temporary_table_behind(room: Room) -> None:
    for _ in range(3):
        with room.staged([room.file("Email\na@x.org\n")]) as staged:
            imports.make_plan(staged)


def test_an_undone_import_takes_along_whom_it_brought(room: Room) -> None:
    room.add("known@x.org", "send")
    room.take("Email,Status\na@x.org,subscribed\nknown@x.org,subscribed\nc@x.org,perhaps\n")
    undone = room.undo()
    assert (undone.removed, undone.kept, undone.held_withdrawn) == (2, 0, 1)
    assert room.person("a@x.org") is None
    assert room.reads("known@x.org", "send")
    assert not room.reads("known@x.org")
    assert room.events("known@x.org")[-1] == "import-undone"


def test_an_undone_import_keeps_every_no(room: Room) -> None:
    room.take("Email\na@x.org\n")
    first = room.number
    room.take("Email,Status\na@x.org,unsubscribed\nb@x.org,cleaned\n", source="ecourier")
    room.undo()
    room.undo(first)
    assert room.noes("a@x.org") == {"weekly": "unsubscribed"}
    assert room.take("Email\na@x.org\nb@x.org\n") == {"suppressed": 2}


def test_an_undone_import_gives_joined_readers_their_former_choices_back(room: Room) -> None:
    room.take("Email,Role\na@x.org,head\n", maps=("Role=role",))
    room.take("Email,Role\na@x.org,senco\n", source="ecourier", maps=("Role=role",))
    assert room.undo().choices_restored == 1
    person = room.person("a@x.org")
    assert person is not None
    assert person.open[0].choices.audiences == {"head"}
    assert room.take("Email,Role\na@x.org,senco\n", source="ecourier", maps=("Role=role",)) == {"joined": 1}


def test_a_reader_who_used_the_subscription_since_stays_when_the_import_is_undone(room: Room) -> None:
    from subscribers import acts
    from subscribers.model import Choices

    room.take("Email\na@x.org\n")
    person = room.person("a@x.org")
    assert person is not None
    with room.writing() as connection:
        acts.change(connection, KEYS, person.id, "weekly", Choices(frozenset({"head"})), room.proof())
    undone = room.undo()
    assert (undone.removed, undone.kept) == (0, 1)
    assert room.reads("a@x.org")


def test_an_import_is_undone_once(room: Room) -> None:
    room.take("Email\na@x.org\n")
    room.undo()
    with pytest.raises(SubscribersError, match="was undone on 2025-01-14 by office"):
        room.undo()
    with pytest.raises(SubscribersError, match="no import 99"):
        room.undo(99)


def test_an_undone_import_can_be_run_again(room: Room) -> None:
    room.take("Email\na@x.org\n")
    room.undo()
    assert room.take("Email\na@x.org\n") == {"new": 1}


@pytest.mark.parametrize(
    "name", ["=cmd|' /C calc'!A0", "a\0b", "\ud800", "‮gnp", "'; DROP TABLE subscriber; --", "\\N", "a\tb"]
)
def test_hostile_names_are_only_names(room: Room, name: str) -> None:
    text = f'Email,Name\na@x.org,"{name}"\n'.encode("utf-8", "surrogatepass")
    assert room.take(text) == {"new": 1}
    assert room.reads("a@x.org")


def test_a_large_import_on_postgresql_puts_back_every_promise(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    from subscribers.imports import bulk
    from tests.db.schemas import described

    before = described(room.engine)
    monkeypatch.setattr(bulk, "LARGE_ROWS", 1)
    room.take("Email\n" + "".join(f"r{number}@x.org\n" for number in range(50)))
    assert described(room.engine) == before
    assert room.look(store.find, parse("r7@x.org").key) is not None
