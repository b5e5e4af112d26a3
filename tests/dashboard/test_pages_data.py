"""Import and export: the page, the download, and what other tools had counted."""

import csv
import http.client
import importlib
import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
from django.conf import settings
from django.test import Client
from msgspec.structs import replace

from liveinsight.core.event import Event
from liveinsight.dashboard import runtime
from liveinsight.dashboard.asgi import Dashboard
from liveinsight.dashboard.configuration import Configuration
from liveinsight.dashboard.models import AuditLine, ImportedTotal
from liveinsight.dashboard.sites import add_site
from liveinsight.dashboard.totals import (
    count_kept,
    count_values,
    list_spans,
    save_totals,
)
from liveinsight.imports.marks import Account, Mark, Place, list_imports
from liveinsight.imports.model import Reason
from liveinsight.imports.plausible import Total
from liveinsight.store.exporter import Exporter
from liveinsight.store.warehouse import Warehouse
from tests.dashboard.clients import an_account, nobody
from tests.dashboard.pages import Shown
from tests.dashboard.project import SITE, a_server, a_visit_of
from tests.query.tables import NOON
from tests.serving import serving
from tests.waiting import PATIENCE_S

DAY = "2026-03-01"
"""Of NOON."""

Download = Callable[[], http.client.HTTPResponse]


def a_total(day: str = "2025-01-01", **fields: object) -> Total:
    values = {"day": day, "dimension": "", "value": "", "detail": ""} | fields
    return msgspec.convert(values, Total)


@pytest.fixture(name="folder")
def an_exporting_server() -> Iterator[Path]:
    """A server with three events that can export; gives the folder of parts."""
    server = a_server(a_visit_of("/", "/a", "/b", title="=1+1"))
    add_site(SITE)
    with tempfile.TemporaryDirectory() as folder:
        parts = Path(folder) / "parts"
        runtime.bind(
            replace(
                server,
                exporter=Exporter(server.reader, parts),
                imports=lambda: list_imports(Path(folder)),
            )
        )
        yield parts


def content(response: object) -> bytes:
    """All of a streamed answer."""
    return b"".join(response.streaming_content)  # type: ignore[attr-defined]  # Django's


@pytest.mark.usefixtures("folder")
def test_the_page_says_what_there_is_and_how_to_bring_in_more() -> None:
    page = Shown(an_account().get("/data/"))
    assert page.status == 200
    assert f"{SITE} has 3 events, from Mar 1, 2026 to Mar 1, 2026." in page.text
    assert f"liveinsight import umami-export.zip --site {SITE}" in page.text
    assert "/data/" in " ".join(page.links())


def test_without_a_site_the_page_leads_to_adding_one() -> None:
    page = Shown(an_account().get("/data/"))
    assert "No site is configured" in page.text


@pytest.mark.usefixtures("folder")
def test_a_site_without_events_says_so() -> None:
    add_site("new.example")
    page = Shown(an_account().get("/data/?site=new.example"))
    assert "new.example has no event yet." in page.text


def test_a_download_holds_the_events_and_leaves_no_part(folder: Path) -> None:
    response = an_account().get(
        "/data/export/",
        {"site": SITE, "from": DAY, "to": DAY, "format": "csv"},
    )
    assert response.headers["Content-Disposition"] == (
        f'attachment; filename="{SITE}-{DAY}-{DAY}.csv"'
    )
    assert response.headers["Cache-Control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(content(response).decode())))
    assert [row["page"] for row in rows] == ["/", "/a", "/b"]
    response.close()
    assert list(folder.iterdir()) == []
    line = AuditLine.objects.get(action="export")
    assert (line.account, line.subject) == ("ada", f"{SITE}-{DAY}-{DAY}.csv")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("form", "begin"),
    [("ndjson", b'{"site"'), ("parquet", b"PAR1"), ("csv&compressed=on", b"\x1f\x8b")],
)
def test_each_format_can_be_downloaded(form: str, begin: bytes) -> None:
    response = an_account().get(f"/data/export/?format={form}")
    assert content(response).startswith(begin)
    assert "all-sites." in response.headers["Content-Disposition"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "query",
    ["format=xls", "site=other.example", "from=2026-03-02&to=2026-03-01", "period=x"],
)
def test_what_cannot_be_exported_is_refused(query: str) -> None:
    assert an_account().get(f"/data/export/?{query}").status_code == 400


@pytest.mark.usefixtures("folder")
def test_a_large_parquet_file_is_left_to_the_command_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = importlib.import_module("liveinsight.dashboard.pages.data")
    monkeypatch.setattr(module, "MOST_PARQUET", 2)
    page = Shown(an_account().get("/data/export/?format=parquet"))
    assert page.status == 400
    assert "liveinsight export --format parquet" in page.text


@pytest.mark.usefixtures("folder")
def test_two_exports_are_made_at_once_and_no_third() -> None:
    client = an_account()
    begun = [client.get("/data/export/") for _ in range(2)]
    refused = Shown(client.get("/data/export/", follow=True))
    assert refused.response.redirect_chain == [("/data/", 302)]
    assert "Other exports are being made." in refused.text
    for response in begun:
        content(response)
    assert client.get("/data/export/").status_code == 200


@pytest.mark.parametrize("path", ["/data/", "/data/export/", "/imported/"])
def test_nobody_gets_in_without_an_account(path: str) -> None:
    assert nobody().get(path).status_code == 302


@contextmanager
def a_long_download(folder: Path, windows: int) -> Iterator[Download]:
    """Begins a download of as many parts, one event each; gives how to begin another."""
    events = a_visit_of(*(f"/{number}" for number in range(windows)), at=NOON)
    server = a_server(events)
    runtime.bind(replace(server, exporter=Exporter(server.reader, folder)))
    cookie = an_account().cookies[settings.SESSION_COOKIE_NAME].value
    dashboard = Dashboard(Configuration())
    connections: list[http.client.HTTPConnection] = []
    with serving(dashboard) as address:

        def begin() -> http.client.HTTPResponse:
            connection = http.client.HTTPConnection(
                urlsplit(address).netloc, timeout=PATIENCE_S
            )
            connections.append(connection)
            connection.request(
                "GET",
                "/data/export/?format=ndjson",
                headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}"},
            )
            return connection.getresponse()

        yield begin
        for connection in connections:
            connection.close()
    dashboard.close()


def test_a_download_is_streamed_and_ends_with_its_reader(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liveinsight.store.export.WINDOW_EVENTS", 1)
    with a_long_download(folder, windows=40) as begin:
        response = begin()
        assert response.headers["transfer-encoding"] == "chunked"
        found = msgspec.json.Decoder(Event).decode_lines(response.read())
        assert [each.page for each in found] == [f"/{n}" for n in range(40)]
        begin().read(10)
    assert list(folder.iterdir()) == []


def test_a_download_that_fails_half_way_does_not_look_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liveinsight.store.export.WINDOW_EVENTS", 1)
    with a_long_download(folder, windows=400) as begin:
        response = begin()
        response.read(10)
        reader = runtime.current().reader
        assert isinstance(reader, Warehouse)
        reader.close()
        with pytest.raises(http.client.IncompleteRead):
            response.read()
    assert list(folder.iterdir()) == []


def test_totals_are_kept_once_and_add_up() -> None:
    totals = [
        a_total(visitors=10, visits=12, page_views=30, bounces=3, duration_s=120),
        a_total(dimension="browser", value="Chrome", detail="a", visitors=6),
        a_total(dimension="browser", value="Chrome", detail="b", visitors=3),
        a_total(dimension="browser", value="Safari", visitors=8),
        a_total("2025-02-01", dimension="browser", value="Safari", visitors=2),
    ]
    for _ in range(2):
        save_totals(SITE, "Plausible", totals)
    assert ImportedTotal.objects.filter(site=SITE).count() == 5
    save_totals(SITE, "Plausible", [a_total(visitors=11, visits=12, bounces=3)])
    found = count_values(SITE, "Plausible", "browser", 10)
    assert [(each.value, each.visitors) for each in found] == [
        ("Safari", 10),
        ("Chrome", 9),
    ]
    (span,) = list_spans(SITE)
    assert (span.first, span.last) == ("2025-01-01", "2025-02-01")


@pytest.mark.usefixtures("folder")
def test_what_another_tool_counted_is_shown_as_that_and_can_be_removed() -> None:
    save_totals(
        SITE,
        "Plausible",
        [
            a_total(visitors=10, visits=12, page_views=30, bounces=3, duration_s=120),
            a_total("2025-01-02", visitors=5, visits=8, bounces=2),
            a_total(dimension="country", value="KR", visitors=7),
        ],
    )
    client = an_account()
    page = Shown(client.get("/imported/"))
    assert "January 2025 15 20 30 25.0% 6s" in page.text
    assert "South Korea 7" in page.text
    assert "who came on two days counts twice" in page.text
    assert "Counted by Plausible" in Shown(client.get("/data/")).text
    said = "Plausible had counted from Jan 1, 2025 to Jan 2, 2025"
    assert said in Shown(client.get("/statistics/?from=2025-01-02&to=2025-01-09")).text
    assert said not in Shown(client.get("/statistics/?from=2025-01-03")).text
    gone = client.post("/imported/remove/", {"site": SITE, "tool": "Plausible"})
    assert gone.status_code == 302
    assert not ImportedTotal.objects.exists()
    assert client.get("/imported/").status_code == 404
    again = client.post("/imported/remove/", {"site": SITE, "tool": "Plausible"})
    assert again.status_code == 404


def test_removing_needs_the_token_of_a_form() -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = an_account().cookies
    assert client.post("/imported/remove/", {"site": SITE}).status_code == 403


def test_imports_that_were_begun_are_listed(folder: Path) -> None:
    skipped = {Reason.BOT: 2, Reason.REDIRECT: 1, Reason.MALFORMED: 4}
    account = Account(read=16, stored=6, duplicates=3, skipped=skipped)
    Place(folder.parent, "one").write(
        Mark(names=["<b>access.log"], key="00", account=account)
    )
    (folder.parent / "broken.json").write_text("{")
    page = Shown(an_account().get("/data/"))
    assert "Records Stored Duplicate Dropped Rejected <b>access.log interrupted" in (
        page.text
    )
    assert " 16 6 3 3 4 Every record" in page.text
    assert "&lt;b&gt;access.log" in page.html


def test_totals_that_were_there_already_are_counted_as_that() -> None:
    totals = [a_total(visitors=1), a_total(dimension="browser", value="Safari")]
    assert count_kept(SITE, "Plausible", totals) == 0
    save_totals(SITE, "Plausible", totals)
    more = [a_total("2025-01-02"), a_total("2025-01-02", visitors=2), *totals]
    assert count_kept(SITE, "Plausible", more) == 3
    save_totals(SITE, "Plausible", more)
    assert ImportedTotal.objects.get(day="2025-01-02").visitors == 2
