"""Page, API, CSV, command line and export, held against each other."""

import csv
import io
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from tests.cli.running import output_of
from tests.e2e.agreement import CARDS, DAY, as_shown
from tests.e2e.server import Server
from tests.e2e.signed_in import (
    befores_of,
    cards_of,
    question_of,
    read,
    rows_of,
    series_of,
    sign_in,
)

SITE: Final = "shop.example"
METRICS: Final = (*CARDS, "events", "conversions", "conversion_rate", "revenue")
PANELS: Final = (("pages", "page"), ("sources", "source"), ("devices", "browser"))


def yesterday(zone: ZoneInfo) -> tuple[str, str]:
    """The day from and to: a day that nothing is added to any more."""
    day = (datetime.now(zone) - timedelta(days=1)).date().isoformat()
    return day, day


def assert_all_agree(
    server: Server, key: str, days: tuple[str, str], timezone: str
) -> None:
    """Totals, rows and series of the days, five ways.

    The account is there, and all events of the days are applied.
    """
    asked: dict[str, Any] = {"site": SITE, "period": days, "metrics": METRICS}
    answer = ask(server, key, asked)
    totals = dict(zip(METRICS, answer["totals"]["metrics"], strict=True))
    assert totals["visitors"] > 10
    assert totals["revenue"] > 0
    heads, row = read_csv(server, key, asked)
    assert heads == list(METRICS)
    assert row == [json.dumps(value) for value in totals.values()]
    assert_command_line_agrees(server, days, answer)
    assert_pages_agree(server, key, days, totals)
    assert_export_agrees(server, days, timezone, totals)


def assert_command_line_agrees(
    server: Server, days: tuple[str, str], answer: Any
) -> None:
    """`liveinsight query` as JSON and CSV."""
    options = ["--from", days[0], "--to", days[1], "--site", SITE]
    command = ["query", *METRICS, *options, "--data", str(server.data)]
    told = json.loads(output_of(*command, "--format", "json"))
    assert told["totals"] == answer["totals"]
    assert told["query"] == answer["query"]
    _, row = csv.reader(io.StringIO(output_of(*command, "--format", "csv")))
    assert row == [json.dumps(value) for value in answer["totals"]["metrics"]]


def assert_pages_agree(
    server: Server, key: str, days: tuple[str, str], totals: dict[str, Any]
) -> None:
    """The statistics page: cards, chart and panels."""
    opener = sign_in(server)
    scope = {"site": SITE, "from": days[0], "to": days[1]}
    for panel, dimension in PANELS:
        query = urlencode({**scope, "metric": "page_views", panel: dimension})
        page = read(opener, f"{server.address}/statistics/?{query}")
        assert cards_of(page)[: len(CARDS)] == [
            as_shown(metric, totals[metric]) for metric in CARDS
        ]
        assert sum(filter(None, series_of(page))) == totals["page_views"]
        shown = rows_of(page, panel)
        asked = {
            "site": SITE,
            "period": days,
            "metrics": ["visitors"],
            "dimensions": [dimension],
            "limit": len(shown),
        }
        told = ask(server, key, asked)["results"]
        assert shown == {
            row["dimensions"][0] or "": str(row["metrics"][0]) for row in told
        }
        rows = read_csv(server, key, asked)[1:]
        assert rows == [
            [row["dimensions"][0] or "", str(row["metrics"][0])] for row in told
        ]


def assert_running_agrees(server: Server, key: str, zone: ZoneInfo) -> None:
    """Yesterday and as much of today as there is, beside as much before; four ways.

    The page says what to ask for its figures, so the others compare with the same.
    """
    days = yesterday(zone)[0], datetime.now(zone).date().isoformat()
    opener = sign_in(server)
    query = urlencode({"site": SITE, "from": days[0], "to": days[1]})
    page = read(opener, f"{server.address}/statistics/?{query}")
    asked = question_of(page)
    told = ask(server, key, asked)
    totals, rows = told["totals"], told["results"]
    assert all(totals["before"][:3])
    assert cards_of(page)[: len(CARDS)] == write_figures(totals["metrics"])
    assert befores_of(page) == write_figures(totals["before"])
    values = [value for value in series_of(page) if value is not None]
    assert 24 < len(values) <= len(rows) == 48
    assert [*values, *[0] * (len(rows) - len(values))] == [
        r["metrics"][0] for r in rows
    ]
    before = series_of(page, "before")
    assert before == [row["before"][0] for row in rows if "before" in row]
    table = read_csv(server, key, asked)
    assert len(table) == len(rows) + 1
    command = ["query", "--question", json.dumps(asked), "--data", str(server.data)]
    by_shell = json.loads(output_of(*command, "--format", "json"))
    assert (by_shell["totals"], by_shell["results"]) == (totals, rows)
    lines = output_of(*command, "--format", "csv").splitlines()
    assert list(csv.reader(lines)) == table
    began = time.time_ns() // 1_000_000
    by_dates = {**asked, "period": days, "compare": "previous"}
    end = ask(server, key, by_dates)["query"]["compare"][1]
    assert began <= end + 2 * DAY <= time.time_ns() // 1_000_000


def write_figures(values: list[Any]) -> list[str]:
    """The figures as the cards write them."""
    return [as_shown(*each) for each in zip(CARDS, values, strict=True)]


def assert_export_agrees(
    server: Server, days: tuple[str, str], timezone: str, totals: dict[str, Any]
) -> None:
    """The events themselves, counted here."""
    options = ["--from", days[0], "--to", days[1], "--format", "ndjson"]
    lines = output_of(
        "export", "--site", SITE, *options, "--output", "-", "--data", server.data
    )
    events = [json.loads(line) for line in lines.splitlines()]
    own = [each for each in events if each["event_type"] != "engagement"]
    assert len(own) == totals["events"]
    assert len({each["user_id"] for each in own}) == totals["visitors"]
    views = [each for each in own if each["event_type"] == "page_view"]
    assert len(views) == totals["page_views"]
    assert {local_day(each["timestamp"], timezone) for each in own} <= {
        day.isoformat() for day in days_between(*map(datetime.fromisoformat, days))
    }
    paid = sum(float((each.get("revenue") or {"amount": 0})["amount"]) for each in own)
    assert paid == pytest.approx(totals["revenue"], abs=1e-6)


def local_day(ms: int, timezone: str) -> str:
    """The date of the wall clock."""
    moment = datetime.fromtimestamp(ms / 1000, UTC).astimezone(ZoneInfo(timezone))
    return moment.date().isoformat()


def days_between(first: datetime, last: datetime) -> list[Any]:
    """Every day from the first to the last."""
    return [(first + timedelta(days=n)).date() for n in range((last - first).days + 1)]


def ask(server: Server, key: str, question: dict[str, Any]) -> Any:
    """What the API answers."""
    query = urlencode({"question": json.dumps(question)})
    return server.ask(f"/api/v1/query?{query}", key)


def read_csv(server: Server, key: str, question: dict[str, Any]) -> list[list[str]]:
    """The rows of the CSV, its heads first."""
    query = urlencode({"question": json.dumps(question), "format": "csv"})
    text = server.read(f"/api/v1/query?{query}", key).decode()
    return list(csv.reader(io.StringIO(text)))
