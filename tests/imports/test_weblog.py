"""Logs of web servers, in the combined format."""

import gzip
from pathlib import Path

import pytest

from liveinsight.core.country import Place
from liveinsight.core.limits import MINUTE
from liveinsight.core.session import fold
from liveinsight.core.site import Site, sites_of
from liveinsight.errors import ConfigError
from tests.imports.files import SITE, read, terms

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def a_line(  # noqa: PLR0913 what a line has
    target: str = "/",
    *,
    address: str = "198.51.100.7",
    time: str = "10/Mar/2026:13:55:36 +0900",
    status: int = 200,
    referrer: str = "-",
    agent: str = CHROME,
    method: str = "GET",
    before: str = "",
) -> str:
    request = f"{method} {target} HTTP/1.1"
    return (
        f'{before}{address} - - [{time}] "{request}" {status} 5120 '
        f'"{referrer}" "{agent}"'
    )


def a_log(folder: Path, *lines: str, name: str = "access.log") -> Path:
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_a_line_becomes_a_page_view(tmp_path: Path) -> None:
    line = a_line(
        "/%EA%B0%80/b?utm_source=news&utm_medium=email",
        referrer="https://www.google.com/search?q=x",
    )
    asked = terms(site=SITE, place_of=lambda _: Place(country="KR"))
    ((event,), left_out) = read([a_log(tmp_path, line)], asked)
    assert left_out == []
    assert event.page_url == (
        "https://shop.example/%EA%B0%80/b?utm_source=news&utm_medium=email"
    )
    assert (event.page, event.host, event.site) == ("/가/b", SITE, SITE)
    assert (event.timestamp, event.received_at) == (1_773_118_536_000,) * 2
    assert (event.source, event.channel) == ("news", "Email")
    assert event.referrer == "https://www.google.com/search"
    assert (event.browser, event.os, event.device) == ("Chrome", "Windows", "Desktop")
    assert (event.country, event.ip, event.user_id) == ("KR", None, None)
    assert (event.visitor_id or "").startswith("v_")
    assert event.event_type == "page_view"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (a_line("/style.css"), "not_a_page"),
        (a_line("/Photo.JPG?w=3"), "not_a_page"),
        (a_line("/robots.txt"), "not_a_page"),
        (a_line(status=301), "redirect"),
        (a_line(status=404), "error"),
        (a_line(status=500), "error"),
        (a_line(method="POST"), "not_a_get"),
        (a_line(method="HEAD"), "not_a_get"),
        (a_line(agent=GOOGLEBOT), "bot"),
        (a_line(agent="curl/8.5.0"), "bot"),
        (a_line(agent="-"), "bot"),
        (a_line(address="203.0.113.9"), "excluded_address"),
        (a_line(before="other.example:443 "), "other_site"),
        (a_line("/admin/users"), "excluded_page"),
        (a_line("*"), "malformed"),
        (a_line("/" + "x" * 2_050), "malformed"),
        (a_line(time="10/Mon/2026:13:55:36 +0900"), "malformed"),
        (a_line(time="31/Feb/2026:13:55:36 +0900"), "malformed"),
        (a_line(time="10/Mar/1999:13:55:36 +0900"), "malformed"),
        ("\\x16\\x03\\x01", "malformed"),
        ('198.51.100.7 - - [10/Mar/2026:13:55:36 +0900] "-" 400 0 "-" "-"', "error"),
        ("x" * 20_000, "malformed"),
    ],
    ids=str,
)
def test_what_is_no_view_of_a_page_by_a_person_is_left_out(
    line: str, reason: str, tmp_path: Path
) -> None:
    sites = sites_of([Site(SITE, excluded_addresses=("203.0.113.0/24",))])
    asked = terms(site=SITE, sites=sites, excluded_pages=("/admin/*",))
    events, left_out = read([a_log(tmp_path, a_line(), line)], asked)
    assert len(events) == 1
    assert [each for each, _ in left_out] == [reason]


@pytest.mark.parametrize(
    "target", ["/a.html", "/index.php?id=3", "/v1.2", "/a.b/", "/post.2026"]
)
def test_pages_may_end_with_what_looks_like_a_file(target: str, tmp_path: Path) -> None:
    events, _ = read([a_log(tmp_path, a_line(target))], terms(site=SITE))
    assert len(events) == 1


def test_the_virtual_host_before_the_address_may_be_a_part_of_the_site(
    tmp_path: Path,
) -> None:
    line = a_line("/x", before="blog.shop.example:443 ")
    events, _ = read([a_log(tmp_path, line)], terms(site=SITE))
    assert (events[0].host, events[0].site) == ("blog.shop.example", SITE)


def test_escapes_of_the_server_are_read(tmp_path: Path) -> None:
    line = a_line(
        "/a?q=\\x22b\\\\c", referrer='https://news.example/\\"\\xea\\xb0\\x80'
    )
    events, _ = read([a_log(tmp_path, line)], terms(site=SITE))
    assert events[0].page_url == 'https://shop.example/a?q="b\\c'
    assert events[0].referrer == 'https://news.example/"가'


def test_a_visitor_is_an_address_with_a_browser_for_a_day(tmp_path: Path) -> None:
    lines = [
        a_line("/", time="10/Mar/2026:10:00:00 +0000"),
        a_line("/", time="10/Mar/2026:10:00:01 +0000", address="198.51.100.8"),
        a_line("/", time="10/Mar/2026:10:00:02 +0000", agent=CHROME + " Edg/1"),
        a_line("/a", time="10/Mar/2026:10:10:00 +0000"),
        a_line("/b", time="10/Mar/2026:23:50:00 +0000"),
        a_line("/c", time="11/Mar/2026:00:10:00 +0000"),  # still here: the same
        a_line("/d", time="11/Mar/2026:10:00:00 +0000"),
    ]
    events, _ = read([a_log(tmp_path, *lines)], terms(site=SITE))
    who = [event.visitor_id for event in events]
    assert who[0] == who[3] == who[4] == who[5] != who[6]
    assert len(set(who)) == 4
    assert [run.page_views for run in fold(events) if run.user == who[0]] == [2, 2]
    # The ids are those that the fold gives.
    assert {run.made_id for run in fold(events)} == {e.session_id for e in events}


def test_without_the_key_nothing_leads_back_to_an_address(tmp_path: Path) -> None:
    path = a_log(tmp_path, a_line())
    one = read([path], terms(site=SITE, key=b"1" * 32))[0][0]
    other = read([path], terms(site=SITE, key=b"2" * 32))[0][0]
    assert one.visitor_id != other.visitor_id
    assert one.event_id == other.event_id


def test_lines_have_the_same_id_in_whatever_file(tmp_path: Path) -> None:
    lines = [a_line(f"/{n}", time=f"10/Mar/2026:10:00:0{n} +0000") for n in range(6)]
    lines.insert(3, lines[2])  # two requests alike in one second are two
    whole = read([a_log(tmp_path, *lines)], terms(site=SITE))[0]
    first = a_log(tmp_path, *lines[:5], name="access.log.1")
    second = tmp_path / "access.log.2.gz"
    second.write_bytes(gzip.compress("\n".join(lines[5:]).encode()))
    parts = read([second, first], terms(site=SITE))[0]  # read by their first time
    assert [event.event_id for event in parts] == [event.event_id for event in whole]
    assert len({event.event_id for event in whole}) == 7


def test_a_log_needs_a_site(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--site"):
        read([a_log(tmp_path, a_line())], terms())


def test_silence_of_30_minutes_is_the_limit_here_too(tmp_path: Path) -> None:
    lines = [a_line(time=f"10/Mar/2026:1{n}:00:00 +0000") for n in range(2)]
    events, _ = read([a_log(tmp_path, *lines)], terms(site=SITE))
    assert events[1].time - events[0].time > 30 * MINUTE
    assert events[0].session_id != events[1].session_id
