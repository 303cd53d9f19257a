"""Every export that people really have: the same few people, in each system's own words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers.formats import open_list
from subscribers.formats.mapping import parse_rules
from subscribers.model import NO, UNKNOWN, YES, Row, SubscribersError, Unreadable
from tests.subscribers.conftest import AXES, TAGS

MAILCHIMP = (
    "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,"
    "DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS"
)
MAILCHIMP_ROW = "{},Ann,Bell,2,,,2023-05-01 09:00:00,192.0.2.1,,,,,,,,2024-01-01 00:00:00,1,e1,,"


def read(folder: Path, text: str | bytes, name: str = "list.csv", maps: tuple[str, ...] = ()) -> list[Row | Unreadable]:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    bits = {tag: bit for bit, tag in enumerate(TAGS)}
    return list(open_list(path, parse_rules(maps, AXES), bits).rows)


def said(folder: Path, text: str | bytes, name: str = "list.csv") -> dict[str, tuple[int, str]]:
    return {row.address: (row.says, row.why) for row in read(folder, text, name) if isinstance(row, Row)}


def kind(folder: Path, text: str | bytes, name: str = "list.csv") -> str:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return open_list(path).format


def test_govdelivery_topics(tmp_path: Path) -> None:
    text = "TOPIC_ID,TOPIC_NAME,TOPIC_CODE,TOPIC_VISIBILITY,SUBSCRIBER_ID,DESTINATION\r\n1,Café news,X_1,Listed,7,a@x.org\r\n"
    assert kind(tmp_path, text.encode("cp1252")) == "GovDelivery topics"
    (row,) = read(tmp_path, text.encode("cp1252"))
    assert isinstance(row, Row)
    assert (row.address, row.says) == ("a@x.org", YES)
    assert '"topic name": "Café news"' in row.evidence


def test_govdelivery_digests_tell_who_hears_at_once(tmp_path: Path) -> None:
    rows = read(tmp_path, "DESTINATION,SUBSCRIBER_TYPE,DIGEST_FOR\na@x.org,email,0\nb@x.org,email,7\nc@x.org,email,1\n")
    assert [row.at_once for row in rows if isinstance(row, Row)] == [True, False, False]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("subscribed_members_export_1.csv", (YES, "")),
        ("Subscribed_Members_Export (1).csv", (YES, "")),
        ("unsubscribed_members_export_1.csv", (NO, "unsubscribed")),
        ("cleaned_members_export_1.csv", (NO, "bounced")),
        ("nonsubscribed_members_export_1.csv", (UNKNOWN, "never subscribed, according to the file's name")),
        ("list.csv", (UNKNOWN, "the file's name does not say subscribed, unsubscribed or cleaned")),
        (
            "subscribed_and_unsubscribed.csv",
            (UNKNOWN, "the file's name does not say subscribed, unsubscribed or cleaned"),
        ),
    ],
)
def test_mailchimp_says_it_in_the_name_of_the_file(tmp_path: Path, name: str, expected: tuple[int, str]) -> None:
    text = f"{MAILCHIMP}\n{MAILCHIMP_ROW.format('a@x.org')}\n"
    assert kind(tmp_path, text, name) == "Mailchimp"
    assert said(tmp_path, text, name) == {"a@x.org": expected}


def test_mailchimp_with_its_columns_of_leavers_is_a_no_whatever_the_file_is_called(tmp_path: Path) -> None:
    text = MAILCHIMP + ",UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER\n"
    text += MAILCHIMP_ROW.format("a@x.org") + ",2024-05-01 10:00:00,,,NORMAL,\n"
    (row,) = read(tmp_path, text, "subscribed_members_export.csv")
    assert isinstance(row, Row)
    assert (row.says, row.why, row.at, row.name) == (NO, "unsubscribed", "2024-05-01 10:00:00", "Ann Bell")
    assert '"confirm ip": "192.0.2.1"' in row.evidence


SYSTEMS = {
    "listmonk": (
        "uuid,email,name,attributes,status,created_at,updated_at\n"
        "1,y@x.org,Ann,{},enabled,,\n2,n@x.org,Bo,{},blocklisted,,\n3,d@x.org,Cy,{},disabled,,\n4,u@x.org,Di,{},,,\n",
        {"y": YES, "n": NO, "d": NO, "u": UNKNOWN},
    ),
    "Keila": (
        "Email;First name;Last name;Data;Status;External ID\r\ny@x.org;Ann;Bell;{};active;\r\nn@x.org;;;;unsubscribed;\r\n"
        "b@x.org;;;;unreachable;\r\nu@x.org;;;;pending;\r\n",
        {"y": YES, "n": NO, "b": NO, "u": UNKNOWN},
    ),
    "Buttondown": (
        "id,secondary_id,email,notes,subscriber_type,referrer_url,utm_source,utm_medium,utm_campaign,creation_date,ip_address,"
        "subscription_date,unsubscription_date,tags,metadata\n"
        "1,1,y@x.org,,regular,,,,,,,2023-01-01,,,\n2,2,n@x.org,,unsubscribed,,,,,,,2023-01-01,2024-01-01,,\n"
        "3,3,d@x.org,,regular,,,,,,,2023-01-01,2024-01-01,,\n4,4,u@x.org,,unactivated,,,,,,,,,,\n",
        {"y": YES, "n": NO, "d": NO, "u": UNKNOWN},
    ),
    "Ghost": (
        "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers\n"
        "1,y@x.org,Ann,,true,false,,,,,\n2,n@x.org,Bo,,false,false,,,,,\n3,d@x.org,Cy,,true,false,,,2024-01-01,,\n4,u@x.org,,,,,,,,,\n",
        {"y": YES, "n": NO, "d": NO, "u": UNKNOWN},
    ),
    "Substack": (
        "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at\n"
        "y@x.org,false,,,false,,\nn@x.org,true,,,true,,\nu@x.org,true,,,,,\n",
        {"y": YES, "n": NO, "u": UNKNOWN},
    ),
    "Brevo": (
        "EMAIL;FIRSTNAME;LASTNAME;EMAIL_BLACKLISTED;ADDED_TIME;MODIFIED_TIME\ny@x.org;Ann;Bell;false;;\nn@x.org;;;true;;\n",
        {"y": YES, "n": NO},
    ),
    "Outlook contacts": (
        '"First Name","Last Name","E-mail Address","E-mail Type","E-mail Display Name","E-mail 2 Address"\n'
        '"Ann","Bell","y@x.org","SMTP","Ann Bell (y@x.org)","z@x.org"\n',
        {"y": YES},
    ),
}  # fmt: skip


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_system_is_known_by_its_headers_and_read_by_its_own_words(tmp_path: Path, system: str) -> None:
    text, expected = SYSTEMS[system]
    assert kind(tmp_path, text) == system
    assert {address[0]: says for address, (says, _) in said(tmp_path, text).items()} == expected


@pytest.mark.parametrize("system", SYSTEMS)
def test_capitals_in_headers_do_not_matter(tmp_path: Path, system: str) -> None:
    text, expected = SYSTEMS[system]
    header, _, rows = text.partition("\n")
    for other in (header.upper(), header.lower(), header.swapcase()):
        assert kind(tmp_path, f"{other}\n{rows}") == system
        assert {address[0]: says for address, (says, _) in said(tmp_path, f"{other}\n{rows}").items()} == expected


def test_brevo_without_its_status_is_held_as_a_whole(tmp_path: Path) -> None:
    text = "EMAIL,FIRSTNAME,LASTNAME,ADDED_TIME,MODIFIED_TIME\na@x.org,Ann,Bell,,\n"
    assert said(tmp_path, text) == {"a@x.org": (UNKNOWN, "exported without the subscription status")}


def test_an_outlook_distribution_list(tmp_path: Path) -> None:
    text = "Distribution List Name:\tHeads\r\n\r\nMembers:\r\n\r\nAnn Bell\tann@x.org\r\nBo\tbo@x.org\r\nCy\t/o=Exchange/cn=cy\r\n"
    rows = read(tmp_path, text.encode("utf-16"), "heads.txt")
    assert [(row.line, row.address, row.name) for row in rows if isinstance(row, Row)] == [
        (5, "ann@x.org", "Ann Bell"),
        (6, "bo@x.org", "Bo"),
    ]
    assert [row.line for row in rows if isinstance(row, Unreadable)] == [7]


def test_a_to_line_pasted_into_a_text_file(tmp_path: Path) -> None:
    rows = read(tmp_path, 'Ann Bell <ann@x.org>; "Bo, Cy" <bo@x.org>; cy@x.org', "to.txt")
    assert [row.address for row in rows if isinstance(row, Row)] == ["ann@x.org", "bo@x.org", "cy@x.org"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_encoding_delimiter_and_line_end(tmp_path: Path, encoding: str, delimiter: str, end: str) -> None:
    lines = ["E-mail,Name,School", "a@x.org,Zoë O’Hara,Café", "b@x.org,Bo,Hill"]
    text = end.join(lines).replace(",", delimiter) + end
    rows = read(tmp_path, text.encode(encoding))
    assert [(row.address, row.name) for row in rows if isinstance(row, Row)] == [
        ("a@x.org", "Zoë O’Hara"),
        ("b@x.org", "Bo"),
    ]


def test_two_encodings_in_one_file(tmp_path: Path) -> None:
    rows = read(tmp_path, b"Email,Name\na@x.org,Zo\xc3\xab\nb@x.org,Zo\xeb\n")
    assert [row.name for row in rows if isinstance(row, Row)] == ["Zoë", "Zoë"]


def test_excels_own_line_that_names_the_delimiter(tmp_path: Path) -> None:
    assert list(said(tmp_path, "sep=;\r\nEmail;Name\r\na@x.org;Bell, Ann\r\n")) == ["a@x.org"]


def test_a_title_above_the_headers_is_skipped(tmp_path: Path) -> None:
    rows = read(tmp_path, "All schools,,\n,,\nName,Email address,Area\nAnn,a@x.org,North\n")
    assert [(row.line, row.address) for row in rows if isinstance(row, Row)] == [(4, "a@x.org")]


def test_a_list_without_headers(tmp_path: Path) -> None:
    assert said(tmp_path, "a@x.org\nb@x.org,unsubscribed\n") == {"a@x.org": (YES, ""), "b@x.org": (NO, "unsubscribed")}


def test_of_two_columns_with_one_header_the_stricter_counts(tmp_path: Path) -> None:
    text = "Email,Status,Email,Status\na@x.org,active,,unsubscribed\n,active,b@x.org,active\n"
    assert said(tmp_path, text) == {"a@x.org": (NO, "unsubscribed"), "b@x.org": (YES, "")}


@pytest.mark.parametrize(
    ("header", "cell", "says"),
    [
        ("Status", "Subscribed", YES), ("STATUS", " opted-in ", YES), ("Opted in", "yes", YES), ("Opted in", "no", NO),
        ("Status", "Unsubscribed", NO), ("Status", "CLEANED", NO), ("Status", "blocklisted", NO), ("Status", "", UNKNOWN),
        ("Status", "Gold member", UNKNOWN), ("Unsubscribed", "", YES), ("Unsubscribed", "2024-01-01", NO),
        ("Do not email", "TRUE", NO), ("Do not email", "FALSE", YES), ("Bounced", "1", NO), ("Opt-out", "x", NO),
    ],
)  # fmt: skip
def test_a_plain_lists_column_of_statuses(tmp_path: Path, header: str, cell: str, says: int) -> None:
    assert said(tmp_path, f"Email,{header}\na@x.org,{cell}\n")["a@x.org"][0] == says


def test_a_row_whose_cells_may_be_misaligned_is_held(tmp_path: Path) -> None:
    text = "Email,Name,Status\na@x.org,Bell, Ann,active\nb@x.org,active\nc@x.org,Cy,active,,\n"
    found = said(tmp_path, text)
    assert found["a@x.org"] == (UNKNOWN, "4 cells under 3 headers")
    assert found["b@x.org"] == (UNKNOWN, "2 cells under 3 headers")
    assert found["c@x.org"] == (YES, "")


def test_a_short_row_in_a_list_without_statuses_only_lacks_its_last_cells(tmp_path: Path) -> None:
    assert said(tmp_path, "Email,Name,School\na@x.org\n") == {"a@x.org": (YES, "")}


def test_a_quoted_note_over_several_lines_keeps_the_line_numbers_right(tmp_path: Path) -> None:
    rows = read(tmp_path, 'Email,Note\na@x.org,"one\ntwo\nthree"\nb@x.org,-\n')
    assert [(row.line, row.address) for row in rows if isinstance(row, Row)] == [(2, "a@x.org"), (5, "b@x.org")]


def test_a_quotation_mark_that_is_never_closed_costs_one_row(tmp_path: Path) -> None:
    text = 'Email,Name\na@x.org,"Ann\n' + "".join(f"r{number}@x.org,Bo\n" for number in range(1000))
    rows = read(tmp_path, text)
    assert len({row.address for row in rows if isinstance(row, Row)}) == 1001
    assert [row.line for row in rows] == list(range(2, 1003))


def test_quotation_marks_inside_a_cell_are_taken_as_they_come(tmp_path: Path) -> None:
    (row,) = read(tmp_path, 'Email,Name\na@x.org,"Ann "Annie" Bell"\n')
    assert isinstance(row, Row)
    assert row.address == "a@x.org"


def test_a_line_of_ten_megabytes_costs_one_row(tmp_path: Path) -> None:
    rows = read(tmp_path, b"Email,Name\na@x.org," + b"x" * 10_000_000 + b"\nb@x.org,Bo\n")
    assert [type(row) for row in rows] == [Unreadable, Row]


@pytest.mark.parametrize(
    ("text", "name", "advice"),
    [
        ("", "empty.csv", "no column of e-mail addresses"),
        ("Name,School\nAnn,Hill\n", "names.csv", "no column of e-mail addresses"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "photo.csv", "is not a list"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 500, "old.xls", "save it as .xlsx"),
        (b"PK\x05\x06" + b"\0" * 18, "empty.xlsx", "cannot be read as a workbook"),
    ],
)
def test_what_is_no_list_is_refused_with_advice(tmp_path: Path, text: str | bytes, name: str, advice: str) -> None:
    with pytest.raises(SubscribersError, match=advice):
        read(tmp_path, text, name)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SubscribersError, match="No such file"):
        open_list(tmp_path / "gone.csv")


def workbook(folder: Path, *sheets: list[list[object]]) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    book.save(folder / "list.xlsx")
    book.close()
    return folder / "list.xlsx"


def test_a_workbook_is_read_from_the_sheet_that_has_addresses(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["About this list"]], [["Schools"], ["Email", "Name"], ["a@x.org", 7], [None, None]])
    rows = list(open_list(path).rows)
    assert [(row.line, row.address, row.name) for row in rows if isinstance(row, Row)] == [(3, "a@x.org", "7")]


def test_a_workbook_that_unpacks_to_gigabytes_is_refused_at_once(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 310 * 1024 * 1024, compresslevel=1)
    with pytest.raises(SubscribersError, match="would unpack to 310 MiB"):
        open_list(tmp_path / "bomb.xlsx")


def test_an_xml_bomb_in_a_workbook_is_refused(tmp_path: Path) -> None:
    import zipfile

    path = workbook(tmp_path, [["Email"], ["a@x.org"]])
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "lol">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
    )
    bomb += "]><workbook>&a9;</workbook>"
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w") as new:
        for name, data in parts.items():
            new.writestr(name, bomb if name == "xl/workbook.xml" else data)
    with pytest.raises(SubscribersError, match="cannot be read as a workbook"):
        open_list(path)


def test_columns_become_audiences(tmp_path: Path) -> None:
    maps = ("Phase=phase", "Head=head", "Area code:GOV=governor")
    text = "Email,PHASE,Head,Area Code\na@x.org,Primary; early years,yes,GOV\nb@x.org,Unknown,no,N1\n"
    rows = [row for row in read(tmp_path, text, maps=maps) if isinstance(row, Row)]
    chosen = [{tag for bit, tag in enumerate(TAGS) if row.choices >> bit & 1} for row in rows]
    assert chosen == [{"primary", "early-years", "head", "governor"}, set()]


def test_every_mistake_in_a_mapping_is_told_at_once() -> None:
    with pytest.raises(SubscribersError) as refused:
        parse_rules(("Phase", "Role=heads"), AXES)
    assert '--map "Phase" is not column=audience' in str(refused.value)
    assert '"heads" is not an audience or an axis. There are: phase, role, early-years' in str(refused.value)


@settings(max_examples=150, deadline=None)
@given(
    data=st.binary(max_size=2000),
    header=st.sampled_from([b"", b"Email,Name,Status\n", MAILCHIMP.encode() + b"\n", b"PK"]),
)
def test_any_bytes_at_all_are_a_list_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, header: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "list.csv"
    path.write_bytes(header + data)
    try:
        rows = list(open_list(path).rows)
    except SubscribersError as error:
        assert path.name in str(error)
    else:
        assert all(row.line >= 1 for row in rows)
