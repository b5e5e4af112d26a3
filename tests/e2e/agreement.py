"""The same numbers by every way: pages, addresses, and the oracle over the events."""

import json
import time
from urllib.parse import quote

from playwright.sync_api import Page, expect

from liveinsight.query.model import Interval, Period, Question
from tests.e2e.server import Server
from tests.oracle import Oracle, Value, Visit
from tests.waiting import wait_until

DAY = 86_400_000
MINUTE = 60_000
CARDS = (
    "visitors",
    "sessions",
    "page_views",
    "views_per_session",
    "bounce_rate",
    "session_duration",
)


def assert_numbers_agree(server: Server, key: str, page: Page, site: str) -> None:
    """Compares all that is shown and answered with the oracle on the stored events.

    Everything has to lie within the last day, in UTC.
    """
    wait_until(
        lambda: b"liveinsight_backlog_events 0\n" in server.read("/metrics", key)
    )
    expected = Expected(server, site)
    assert_api_agrees(server, key, expected)
    assert_statistics_agree(server, page, expected)


class Expected:
    """The oracle's word on what is stored for a site."""

    def __init__(self, server: Server, site: str) -> None:
        self.site = site
        self.events = server.stored_events()
        now = time.time_ns() // 1_000_000
        # To the end of the day: so asks the page, too.
        self.period = Period(now - now % DAY - DAY, now - now % DAY + DAY)

    def question(self, *metrics: str, by: str | None = None) -> Question:
        return Question(
            site=self.site,
            period=self.period,
            metrics=metrics,
            dimensions=(by,) if by else (),
            interval=Interval.HOUR if by == "time" else None,
        )

    def totals(self, *metrics: str) -> list[Value]:
        return Oracle(self.events, self.question(*metrics)).totals(self.period)

    def groups(self, metric: str, by: str) -> dict[object, Value]:
        rows = Oracle(self.events, self.question(metric, by=by)).rows(self.period)
        return {labels[0]: values[0] for labels, values in rows.items()}

    def sessions(self) -> list[Visit]:
        """Newest activity first."""
        found = Oracle(self.events, self.question("sessions")).sessions
        return sorted(found, key=lambda visit: -visit.last)


def assert_api_agrees(server: Server, key: str, expected: Expected) -> None:
    """The six addresses."""
    period = expected.period
    scope = f"?site={expected.site}&from={period.start}&to={period.end}"
    sessions, events, duration, rate = expected.totals(
        "sessions", "events", "session_duration", "conversion_rate"
    )
    assert isinstance(duration, float)
    assert server.ask(f"/api/statistics/summary/{scope}", key) == {
        "total_sessions": sessions,
        "total_events": events,
        "avg_session_time": duration / 1000,
        "conversion_rate": rate,
    }
    hours = server.ask(f"/api/statistics/hourly/{scope}", key)
    assert len(hours) == 48
    assert sum(each["count"] for each in hours) == events
    busy = [each["count"] for each in hours if each["count"]]
    assert busy == list(expected.groups("events", "time").values())
    pages = server.ask(f"/api/statistics/pages/{scope}", key)
    assert {each["page"]: each["views"] for each in pages} == expected.groups(
        "page_views", "page"
    )
    sources = server.ask(f"/api/statistics/referrers/{scope}", key)
    assert dict(zip(sources["labels"], sources["data"], strict=True)) == {
        name or "Direct": count
        for name, count in expected.groups("sessions", "source").items()
    }
    active = server.ask(f"/api/sessions/active/?site={expected.site}", key)
    visits = expected.sessions()
    assert [each["user_id"] for each in active] == [v.events[0].user for v in visits]
    assert [each["current_page"] for each in active] == [
        v.views[-1].page for v in visits
    ]
    assert [each["duration"] for each in active] == [v.last - v.start for v in visits]
    for each, visit in zip(active, visits, strict=True):
        name = quote(each["session_id"])
        told = server.ask(f"/api/sessions/{name}/events/?site={expected.site}", key)
        assert told == [
            {
                "event_id": event.event_id,
                "timestamp": event.timestamp,
                "event_type": event.event_type,
                "page_url": event.page_url,
                "referrer": event.referrer,
            }
            for event in visit.counted
        ]


def assert_statistics_agree(server: Server, page: Page, expected: Expected) -> None:
    """Cards, chart and panels of `/statistics/`."""
    first = time.strftime("%Y-%m-%d", time.gmtime(expected.period.start / 1000))
    last = time.strftime("%Y-%m-%d", time.gmtime(expected.period.end / 1000 - 1))
    address = (
        f"{server.address}/statistics/?site={expected.site}&from={first}&to={last}"
    )
    page.goto(address)
    values = page.locator(".metric .value")
    expect(values).to_have_count(len(CARDS))
    totals = dict(zip(CARDS, expected.totals(*CARDS), strict=True))
    assert values.all_inner_texts() == [as_shown(m, v) for m, v in totals.items()]
    for metric in ("page_views", "visitors", "sessions"):
        page.goto(f"{address}&metric={metric}")
        text = page.locator("#series").text_content()
        shown = [value for value in json.loads(text or "")["values"] if value]
        assert shown == list(expected.groups(metric, "time").values()), metric
    for panel, tab, metric in (
        ("pages", "page", "visitors"),
        ("pages", "entry_page", "sessions"),
        ("pages", "exit_page", "sessions"),
        ("sources", "source", "visitors"),
        ("sources", "channel", "visitors"),
        ("sources", "utm_campaign", "visitors"),
        ("places", "country", "visitors"),
        ("devices", "browser", "visitors"),
        ("devices", "os", "visitors"),
    ):
        page.goto(f"{address}&{panel}={tab}")
        rows = page.locator(f"#panel-{panel} .bar-row").all()
        shown_rows = {
            row.get_attribute("data-key"): int(row.locator(".number").inner_text())
            for row in rows
        }
        groups = expected.groups(metric, tab)
        assert shown_rows == {name or "": count for name, count in groups.items()}, tab


def as_shown(metric: str, value: Value) -> str:
    """The number as a card writes it."""
    assert value is not None
    if metric == "bounce_rate":
        return f"{value * 100:.1f}%"
    if metric == "session_duration":
        minutes, seconds = divmod(round(value / 1000), 60)
        return f"{minutes}m {seconds}s" if minutes else f"{seconds}s"
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else str(round(value))
