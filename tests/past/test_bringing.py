"""Newsletters of other systems become editions: numbers, days, links and pictures stay, and nothing is lost unsaid."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder import preflight
from builder.content import read_content
from builder.model import Finding, Item
from desk.past.blocks import read_html
from desk.past.bringing import bring
from desk.past.sorting import sort_out, to_markdown
from desk.past.sources import Source
from desk.past.writing import Brought, lay_out
from desk.settings import load
from tests.builder.written import NOW, open_written, picture, site_of, write_house
from tests.desk.sending_house import Desk
from tests.past import letters


@pytest.fixture
def house(tmp_path: Path) -> Path:
    return write_house(tmp_path / "house", {})


def put(tmp_path: Path, name: str, raw: bytes | str) -> Path:
    file = tmp_path / "from" / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    return file


def take(house: Path, *paths: Path, bulletin: str = "weekly", **how: object) -> list[Brought]:
    press = open_written(house)
    chosen: dict[str, object] = {"day": None, "fetch": None, "dry": False, "subscribers": False, **how}
    done = bring(press, paths, press.house.bulletins[bulletin], **chosen)  # type: ignore[arg-type]
    press.cache.close()
    return done


def items(house: Path) -> dict[str, Item]:
    content = read_content(house, load(house, None, {}).house)
    assert not content.findings, content.findings
    return {item.title: item for edition in content.editions for item in edition.items}


def blocking(house: Path) -> list[Finding]:
    rules = load(house, None, {}).house
    found = preflight.check(read_content(house, rules), rules, now=NOW, root=house)
    return [finding for finding in found if finding.severity == "block"]


def test_a_page_that_mailchimp_made(house: Path, tmp_path: Path) -> None:
    (done,) = take(house, put(tmp_path, "march.html", letters.mailchimp()))
    content = read_content(house, load(house, None, {}).house)
    (edition,) = content.editions
    assert (edition.key, edition.number) == ("weekly/2019-03-05", 42)
    assert edition.subject == "Schools' update – spring" and edition.preheader == "Clubs, coats and a clear deadline"
    assert edition.opening == "Welcome to this week's update. There is a deadline in it."
    assert list(items(house)) == ["Holiday clubs: places by phase", "Winter coats for every child"]
    coats, clubs = items(house)["Winter coats for every child"], items(house)["Holiday clubs: places by phase"]
    assert coats.picture and coats.picture.alt == "A rail of winter coats" and (house / coats.picture.file).is_file()
    assert "**Monday**. Bring what is too small & take what fits." in coats.body
    assert "- County Hall\n- Example Library\n    - upstairs" in coats.body
    assert "[Where the coat exchange is](https://www.example.org/coats)" in coats.body
    assert "| Primary | 1,200 |" in clubs.body and "## How to book" in clubs.body
    assert "[the clubs team](mailto:clubs@example.org)" in clubs.body
    assert coats.weight < clubs.weight and clubs.body.endswith("clubs@example.org).")
    said = " ".join(done.left_over)
    assert "View this email in your browser" in said and "Copyright © 2019" in said and "banner.png" in said
    assert "track/open" not in said and not blocking(house)
    assert site_of(house)["items/winter-coats-for-every-child/index.html"]


def test_a_mail_that_outlook_saved_with_sections_and_a_picture_inside(house: Path, tmp_path: Path) -> None:
    (done,) = take(house, put(tmp_path, "bulletin.eml", letters.outlook()))
    found = items(house)
    assert list(found) == ["Choir wins", "Kitchen inspections", "School census: check your figures"]
    assert done.folder == "content/weekly/2013-10-04"  # half past midnight in London
    assert {item.section for item in found.values()} == {"news"}
    assert found["Kitchen inspections"].picture and done.pictures == 1
    assert "It’s the third week" in found["School census: check your figures"].body
    assert found["Choir wins"].body.endswith("> We sang as if nobody listened.")
    assert "Section heading: For action (over “School census: check your figures”)" in done.left_over
    assert "subject: School bulletin – autumn" in (house / done.folder / "edition.md").read_text()


def test_a_page_that_was_pasted_from_word(house: Path, tmp_path: Path) -> None:
    take(house, put(tmp_path, "heads.htm", letters.word()))
    found = items(house)
    assert list(found) == ["Sports day – what to bring", "Staff changes"]
    assert found["Sports day – what to bring"].key.day.isoformat() == "2016-06-14"
    assert found["Sports day – what to bring"].body.endswith("- a hat\n- a **full** bottle of water")
    assert "£50 well spent. 1. She says" in found["Staff changes"].body


def test_a_feed_becomes_an_edition_for_each_day_and_old_links_lead_on(house: Path, tmp_path: Path) -> None:
    done = take(house, put(tmp_path, "feed.xml", letters.ATOM))
    assert sorted(each.folder for each in done) == ["content/weekly/2018-05-01", "content/weekly/2018-07-02"]
    found = items(house)
    assert set(found) == {"Pond opened & frogs counted", "Frogs moved in", "Fair", "Fete"}
    assert (
        "**open**" in found["Pond opened & frogs counted"].body
        and "alert" not in found["Pond opened & frogs counted"].body
    )
    assert "formerly: /2018/summer/" in (house / "content/weekly/2018-07-02/edition.md").read_text()
    assert b"/2018/summer/ /editions/2018-07-02/ 301" in site_of(house)["_redirects"]


def test_plain_text_with_a_message_that_is_signed(house: Path, tmp_path: Path) -> None:
    text = """Weekly update
Tuesday 4 June 2019 - Issue 7
On this page
A message from Ann
Summer is here, and so are the last things that have to be done before it, of which there are not few.
Ann Example
Director of Everything
Example County Council
Reading challenge
The library's reading challenge begins on the first day of the holidays, and every child can join it.
• read six books
• get a medal
"""
    (done,) = take(house, put(tmp_path, "update.txt", text))
    found = items(house)
    message = found["A message from Ann"]
    assert message.kind == "message" and message.details.signed.first == "Ann Example"  # type: ignore[attr-defined]
    assert found["Reading challenge"].body.endswith("- read six books\n- get a medal")
    assert done.folder.endswith("2019-06-04") and "number: 7" in (house / done.folder / "edition.md").read_text()


def test_the_same_file_is_brought_in_once_and_nothing_is_written_over(house: Path, tmp_path: Path) -> None:
    file = put(tmp_path, "march.html", letters.mailchimp())
    take(house, file)
    before = {path: path.read_bytes() for path in (house / "content").rglob("*") if path.is_file()}
    (again,) = take(house, file.parent)
    assert "already" in again.skipped
    (other,) = take(house, put(tmp_path, "march-2.html", letters.mailchimp() + b"<p>More</p>"))
    assert "there is an edition" in other.skipped
    assert before == {path: path.read_bytes() for path in (house / "content").rglob("*") if path.is_file()}


def test_a_dry_run_writes_nothing(house: Path, tmp_path: Path) -> None:
    (done,) = take(house, put(tmp_path, "march.html", letters.mailchimp()), dry=True)
    assert done.items == 2 and not list((house / "content").iterdir())


def test_pictures_on_the_web_are_listed_or_fetched_when_asked(house: Path, tmp_path: Path) -> None:
    page = (
        "<h1>5 May 2015</h1><h2>One</h2><p>x</p><img src='https://old.example/a.png' alt='A tree'><h2>Two</h2><p>y</p>"
    )
    (listed,) = take(house, put(tmp_path, "a.html", page), dry=True)
    assert listed.left_over[-1].startswith("Picture that is not here: https://old.example/a.png")
    asked: list[str] = []
    (fetched,) = take(house, put(tmp_path, "a.html", page), fetch=lambda url: (asked.append(url), picture())[1])
    assert asked == ["https://old.example/a.png"] and fetched.pictures == 1
    shown = items(house)["One"].picture
    assert shown is not None and shown.alt == "A tree"


def test_no_page_reads_a_file_outside_of_its_own_folder(house: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(picture())
    page = "<h1>5 May 2015</h1><h2>One</h2><p>x</p><img src='../secret.png'><img src='file:///etc/passwd'><h2>Two</h2><p>y</p>"
    (done,) = take(house, put(tmp_path, "a.html", page))
    assert done.pictures == 0 and sum("not here" in text for text in done.left_over) == 2


def test_a_feed_that_is_only_the_name_of_a_file_opens_no_file(house: Path, tmp_path: Path) -> None:
    item = "<item><title>A secret</title><pubDate>Mon, 5 May 2015 09:00:00 GMT</pubDate><description>x</description></item>"
    hidden = put(tmp_path, "hidden.rss", f'<rss version="2.0"><channel>{item}</channel></rss>')
    (done,) = take(house, put(tmp_path, "a.xml", str(hidden)))
    assert "is no feed" in done.skipped


def test_what_went_to_subscribers_only_stays_with_them(house: Path, tmp_path: Path) -> None:
    take(house, put(tmp_path, "march.html", letters.mailchimp()), subscribers=True)
    assert all(item.subscribers_only for item in items(house).values())
    assert not any(b"Winter coats" in raw for raw in site_of(house).values())


@pytest.mark.parametrize(
    ("name", "raw", "words"),
    [
        ("a.html", b"", "nothing was found|does not say its day"),
        ("a.html", b"<h1>31 February 2019</h1><p>x</p>", "does not say its day"),
        ("a.html", b"<h1>5 March 1066</h1><h2>x</h2><p>y</p>", "its day would be"),
        ("a.eml", b"\xff\xfe\x00", "does not say its day|nothing"),
        ("a.xml", b"<not><a>feed", "is no feed"),
        (
            "a.xml",
            b"<!DOCTYPE a [<!ENTITY b 'c'>]><rss><channel><item><title>&b;</title></item></channel></rss>",
            "entities",
        ),
        (
            "a.eml",
            b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(2000)),
            "damaged",
        ),
        ("a.pdf", b"%PDF", "is none of"),
    ],
)
def test_what_cannot_be_brought_in_is_told(house: Path, tmp_path: Path, name: str, raw: bytes, words: str) -> None:
    import re

    (done,) = take(house, put(tmp_path, name, raw))
    assert re.search(words, done.skipped), done.skipped
    assert not list((house / "content").iterdir())


def test_markup_that_is_nested_ten_thousand_deep_or_endless_is_read_in_time(house: Path, tmp_path: Path) -> None:
    deep = "<h1>5 May 2015</h1><h2>Deep</h2>" + "<div><b><i>" * 10_000 + "words" + "</b>" * 5
    long = "<h1>6 May 2015</h1><h2>Long</h2><p>" + "word " * 100_000
    done = take(house, put(tmp_path, "deep.html", deep), put(tmp_path, "long.html", long))
    assert not any(each.skipped for each in done)
    assert any("is cut; the source has the rest" in note for note in done[1].notes)


def test_the_command_tells_what_came_and_what_is_left_to_do(house: Path, tmp_path: Path) -> None:
    desk = Desk(house)
    file = str(put(tmp_path, "march.html", letters.mailchimp()))
    assert "2 items" in desk.ok("import-archive", file, "--bulletin", "send", "--dry-run").output
    told = desk.json("import-archive", file, "--bulletin", "send")
    assert told["editions"][0]["folder"] == "content/send/2019-03-05" and told["editions"][0]["left_over"]
    assert not [f for f in told["findings"] if f["severity"] == "block"]
    assert "already" in desk.ok("import-archive", file, "--bulletin", "send").output
    bad = put(tmp_path, "bad.xml", b"no feed")
    assert desk.run("import-archive", str(bad), "--bulletin", "send").exit_code == 1


TAGS = st.sampled_from(
    "<p> </p> <b> </b> <h1> <h2> </h2> <h3> <ul> <li> </li> </ul> <ol> <table> <tr> <td> <th> </table> <br> <hr> <div "
    "style='display:none'> </div> <a href='javascript:x'> <a href='https://example.org/a(b)'> </a> <img src=x> <img "
    "src='data:image/png;base64,AA'> <!-- --> <![if x]> <script> </script> <blockquote> </blockquote> <![CDATA[ &amp; &#0; &#x202e;".split(
        " "
    )
)
WORDS = st.text(alphabet="abc DEF.:*_[]()#>-|`\\<&\u202e\u200b\ud7ff1é\n\t—\x00", max_size=30)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TAGS | WORDS | st.just("<h2>A heading</h2>"), max_size=40))
def test_any_markup_gives_files_that_the_house_can_read(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str]
) -> None:
    house = write_house(tmp_path_factory.mktemp("any"), {})
    rules = load(house, None, {}).house
    source = Source("any.html", "0" * 16, read_html("<h1>5 May 2015</h1>" + " ".join(parts)).blocks, folder=house)
    draft = sort_out(source, rules.bulletins["weekly"])
    done = lay_out(draft, rules.bulletins["weekly"], set(), None, subscribers=False)
    for name, raw in done.files.items():
        (house / name).parent.mkdir(parents=True, exist_ok=True)
        (house / name).write_bytes(raw)
    content = read_content(house, rules)
    assert not [f for f in content.findings if f.code not in {"too-much-markup"}], (content.findings, done.files)
    assert len(content.editions[0].items) == done.items
    for item in draft.items:
        assert "](javascript:" not in to_markdown(item.blocks)
