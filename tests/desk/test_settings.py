"""bulletin.toml and the environment: what they may say, and how their mistakes are told."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desk.settings import Settings, SettingsError, find_root, load

FAIR = """[publisher]
name = "A council"
address = "1 High Street, Ambridge"
url = "https://news.example/"
email = "a@council.example"

[calendar]
zone = "Europe/London"
[[calendar.terms]]
name = "Spring"
first = 2025-01-06
last = 2025-04-04
breaks = [{ name = "Half-term", first = 2025-02-17, last = 2025-02-21 }]
[[calendar.terms]]
name = "Summer"
first = 2025-04-22
last = 2025-07-22

[audiences.phase]
name = "Phase"
[audiences.phase.tags]
primary = "Primary"
secondary = { name = "Secondary", description = "Secondary schools" }
[audiences.role]
name = "Role"
[audiences.role.tags]
head = "Head"

[groups]
schools = ["primary", "secondary"]

[personas]
"A head" = ["primary", "head"]

[release-groups]
inclusion = 2025-06-10T09:00:00

[bulletins.weekly]
name = "Weekly update"
weekday = "Tuesday"
first = 2025-01-14
cut-off = { days-before = 5, at = 12:00:00 }
sections = [
    { id = "news", title = "News", kinds = ["news"] },
    { id = "events", title = "Events", kinds = ["event"] },
]

[words]
known-acronyms = ["UK"]

[delivery]
host = "mail.example"
"""


def house(root: Path, text: str = FAIR, **environ: str) -> Settings:
    (root / "bulletin.toml").write_text(text)
    return load(root, environ=environ)


def mistakes(root: Path, find: str, put: str, **environ: str) -> list[str]:
    assert not find or find in FAIR
    with pytest.raises(SettingsError) as caught:
        house(root, FAIR.replace(find, put, 1) if find else FAIR + put, **environ)
    return str(caught.value).split("\n")


def line_of(text: str) -> int:
    return FAIR[: FAIR.index(text)].count("\n") + 1


def test_a_fair_file_becomes_a_house(tmp_path: Path) -> None:
    made = house(tmp_path).house
    weekly = made.main_bulletin
    assert (weekly.name, weekly.weekday, weekly.at, weekly.first) == ("Weekly update", 1, time(9), date(2025, 1, 14))
    assert (weekly.cut_off_days, weekly.cut_off_at) == (5, time(12))
    assert [section.id for section in weekly.sections] == ["news", "events"]
    assert made.audiences.names == ("primary", "secondary", "head", "schools")
    assert made.personas == {"A head": frozenset({"primary", "head"})}
    assert made.calendar.terms[0].breaks[0].name == "Half-term"
    assert made.publisher.url == "https://news.example"
    assert made.publisher.reply_to == "a@council.example"


def test_moments_without_a_zone_are_on_the_publisher_s_clock(tmp_path: Path) -> None:
    assert house(tmp_path).house.release_groups["inclusion"] == datetime(2025, 6, 10, 8, tzinfo=UTC)


def test_other_rooms_get_their_tables_as_they_stand(tmp_path: Path) -> None:
    rooms = house(tmp_path, BULLETIN__DELIVERY__PORT="2525", BULLETIN__DB__URL="sqlite:///x").rooms
    assert rooms["delivery"] == {"host": "mail.example", "port": 2525}
    assert rooms["db"] == {"url": "sqlite:///x"}
    assert rooms["goodnews"] == {}


# --- where it is -----------------------------------------------------------------------------------------------------


def test_the_house_is_found_upward_like_a_repository(tmp_path: Path) -> None:
    inner = tmp_path / "content" / "weekly"
    inner.mkdir(parents=True)
    (tmp_path / "bulletin.toml").write_text(FAIR)
    assert find_root(inner) == tmp_path
    assert load(inner, environ={}).root == tmp_path


def test_no_house_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="bulletin init"):
        load(tmp_path, environ={})


def test_another_file_can_be_named(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    with pytest.raises(SettingsError, match="There is no file"):
        load(tmp_path, other, environ={})
    other.write_text(FAIR)
    assert load(Path("/"), other, environ={}).root == tmp_path


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe", b"[publisher", b"a = " + b"[" * 5000, b"\0", b'name = "\xed\xa0\x80"']
)
def test_what_is_no_toml_is_refused_with_the_file_s_name(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "bulletin.toml").write_bytes(raw)
    with pytest.raises(SettingsError, match=r"bulletin\.toml"):
        load(tmp_path, environ={})


def test_a_byte_order_mark_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "bulletin.toml").write_bytes(b"\xef\xbb\xbf" + FAIR.encode())
    assert load(tmp_path, environ={}).house.main_bulletin.id == "weekly"


def test_a_file_cut_off_at_any_line_is_refused(tmp_path: Path) -> None:
    lines = FAIR[: FAIR.index("[words]")].rstrip().split("\n")
    for end in range(len(lines)):
        with pytest.raises(SettingsError):
            house(tmp_path, "\n".join(lines[:end]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.integers(0, len(FAIR) - 1), st.sampled_from(['"', "=", "[", "]", "{", "0", "x", "\n", ".", "-", "#", "true"]))
def test_no_slip_of_the_finger_raises_anything_else(tmp_path: Path, place: int, slip: str) -> None:
    try:
        house(tmp_path, FAIR[:place] + slip + FAIR[place + 1 :])
    except SettingsError:
        return


# --- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("find", "put", "where", "said"),
    [
        ('name = "A council"', 'nmae = "A council"', 'name = "A council"', 'Did you mean "name"?'),
        ('email = "a@council.example"', 'email = "council.example"', "email =", "must be a mail address"),
        ('url = "https://news.example/"', 'url = "news.example"', "url =", "must begin with https://"),
        ('zone = "Europe/London"', 'zone = "Europe/Ambridge"', "zone =", "must be a time zone"),
        ('zone = "Europe/London"', 'zone = 3', "zone =", "must be a text in quotes, and is 3"),
        ("last = 2025-04-04", "last = 2024-04-04", "last = 2025-04-04", "is before first"),
        ("first = 2025-04-22", "first = 2025-04-22T09:00:00", "first = 2025-04-22", "must be a date like"),
        ("last = 2025-07-22", 'last = "22 July"', "last = 2025-07-22", "must be a date like"),
        ("first = 2025-02-17", "first = 2024-12-30", "breaks =", "is outside its term"),
        ("first = 2025-02-17", "frist = 2025-02-17", "breaks =", 'Did you mean "first"?'),
        ('primary = "Primary"', 'Primary = "Primary"', "primary =", "use small letters"),
        ('head = "Head"', 'primary = "Head"', "[audiences.role]", "a tag belongs to one axis"),
        ('schools = ["primary", "secondary"]', 'schools = ["primry"]', "schools =", 'Did you mean "primary"?'),
        ('schools = ["primary", "secondary"]', 'schools = "primary"', "schools =", "must be a list"),
        ('schools = ["primary", "secondary"]', "schools = [1]", "schools =", "must be a list of texts"),
        ('"A head" = ["primary", "head"]', '"A head" = ["haed"]', '"A head" =', 'Did you mean "head"?'),
        ("inclusion = 2025-06-10T09:00:00", "inclusion = 2025-06-10", "inclusion =", "must be a date and time"),
        ('weekday = "Tuesday"', 'weekday = "Tusday"', "weekday =", "must be a day like Tuesday"),
        ("days-before = 5", "days-before = -5", "cut-off =", "must be 0 to 60"),
        ("days-before = 5", "days-before = true", "cut-off =", "must be a whole number"),
        ('kinds = ["event"]', 'kinds = ["evnet"]', '{ id = "events"', 'Did you mean "event"?'),
        ('{ id = "events", ', "{ ", '{ id = "events"', "is missing"),
        ('id = "events"', 'id = "news"', '{ id = "events"', "is given to more than one section"),
        ('    { id = "events", title = "Events", kinds = ["event"] },', '    "events",', "sections =", "must be a list of tables"),
        ("[bulletins.weekly]", "[bulletins.items]", "[bulletins.weekly]", "cannot be a bulletin's name"),
        ("[delivery]", "[delviery]", "[delivery]", 'Did you mean "delivery"?'),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(tmp_path: Path, find: str, put: str, where: str, said: str) -> None:
    told = mistakes(tmp_path, find, put)
    assert any(line.startswith(f"bulletin.toml, line {line_of(where)}: ") and said in line for line in told), told


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = FAIR.replace("Europe/London", "Nowhere").replace("Tuesday", "Someday").replace('["event"]', '["evnt"]')
    with pytest.raises(SettingsError) as caught:
        house(tmp_path, text)
    assert len(str(caught.value).split("\n")) == 3


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            '\n[bulletins.send]\nname = "SEND"\nsections = [{ id = "a", title = "A" }]\n',
            "Exactly one bulletin must have main",
        ),
        ("\n[calendar.holidays]\n", "is not a setting"),
    ],
)
def test_tables_are_checked_together(tmp_path: Path, more: str, said: str) -> None:
    assert any(said in line for line in mistakes(tmp_path, "", more))


def test_a_bulletin_succeeds_only_one_that_is_there(tmp_path: Path) -> None:
    told = mistakes(tmp_path, 'weekday = "Tuesday"', 'succeeds = ["togther"]')
    assert told == [f'bulletin.toml, line {line_of("weekday")}: bulletins.weekly.succeeds names "togther", which is not a bulletin.']  # fmt: skip


def test_holidays_are_those_of_a_part_of_the_kingdom(tmp_path: Path) -> None:
    told = mistakes(tmp_path, "[[calendar.terms]]", 'bank-holidays = "FRA"\n[[calendar.terms]]')
    assert "must be one of ENG, WLS, SCT, NIR" in told[0]


# --- the environment -------------------------------------------------------------------------------------------------


def test_every_key_can_come_from_the_environment(tmp_path: Path) -> None:
    made = house(
        tmp_path,
        BULLETIN__PUBLISHER__REPLY_TO="desk@council.example",
        BULLETIN__BULLETINS__WEEKLY__FIRST="2025-01-21",
        BULLETIN__BULLETINS__WEEKLY__AT="08:30",
        BULLETIN__BULLETINS__WEEKLY__CUT_OFF__DAYS_BEFORE="4",
        BULLETIN__BULLETINS__WEEKLY__NUMBERED="false",
        OTHER="x",
    ).house
    weekly = made.main_bulletin
    assert made.publisher.reply_to == "desk@council.example"
    assert (weekly.first, weekly.at, weekly.cut_off_days, weekly.numbered) == (date(2025, 1, 21), time(8, 30), 4, False)


@pytest.mark.parametrize("text", ["2025", "true", "2025-01-14"])
def test_a_text_from_the_environment_stays_a_text(tmp_path: Path, text: str) -> None:
    assert house(tmp_path, BULLETIN__PUBLISHER__NAME=text).house.publisher.name == text


def test_a_mistake_from_the_environment_names_its_variable(tmp_path: Path) -> None:
    told = mistakes(tmp_path, "", "", BULLETIN__CALENDAR__ZONE="Nowhere")
    assert told == ['bulletin.toml (from BULLETIN__CALENDAR__ZONE): calendar.zone must be a time zone like Europe/London, and is "Nowhere".']  # fmt: skip


def test_a_variable_that_makes_a_table_of_a_value_is_told(tmp_path: Path) -> None:
    assert "BULLETIN__PUBLISHER__NAME__FIRST" in mistakes(tmp_path, "", "", BULLETIN__PUBLISHER__NAME__FIRST="x")[0]


def test_a_room_s_table_must_be_a_table(tmp_path: Path) -> None:
    assert (
        "delivery must be a table"
        in mistakes(tmp_path, '[delivery]\nhost = "mail.example"', "", BULLETIN__DELIVERY="x")[0]
    )
