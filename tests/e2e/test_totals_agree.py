"""Page, API, CSV, command line and export agree to the digit."""

import random
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from liveinsight.core.limits import DAY, MINUTE
from tests.cli.running import output_of
from tests.e2e.every_way import (
    SITE,
    assert_all_agree,
    assert_running_agrees,
    yesterday,
)
from tests.e2e.server import NAME, PASSWORD, Server, running_server, send
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

SOURCES: Final = ("", "https://www.google.com/", "https://news.example/")
BROWSERS: Final = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/140.0.0.0 Safari/537.36",
)


def test_generated_visits_agree_by_every_way(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        server.add_site(SITE, "Asia/Kolkata")
        words = f"{PASSWORD}\n" * 2
        output_of("account", "add", NAME, "--data", tmp_path, stdin=words)
        generate(server, random.Random(4))
        last = yesterday(ZoneInfo("Asia/Kolkata"))[1]
        first = (datetime.fromisoformat(last) - timedelta(days=3)).date().isoformat()
        key = server.add_key()
        wait_until(
            lambda: b"liveinsight_backlog_events 0\n" in server.read("/metrics", key)
        )
        assert_all_agree(server, key, (first, last), "Asia/Kolkata")
        assert_running_agrees(server, key, ZoneInfo("Asia/Kolkata"))


def generate(server: Server, chance: random.Random) -> None:
    """Visits of 40 visitors over the last 5 days, by two browsers."""
    now = time.time_ns() // 1_000_000
    for number in range(80):
        at = now - chance.randrange(5 * DAY)
        user, browser = f"user{chance.randrange(40)}", chance.choice(BROWSERS)
        source = chance.choice(SOURCES)
        events: list[dict[str, object]] = []
        for step in range(chance.randrange(1, 6)):
            kind = chance.choice(("page_view", "page_view", "engagement", "conversion"))
            at = min(at + chance.randrange(10 * MINUTE), now)
            event: dict[str, object] = {
                "site": SITE,
                "event_id": f"generated_{number}_{step}",
                "event_type": kind,
                "timestamp": at,
                "user_id": user,
                "page_url": f"https://{SITE}/{chance.choice('abc')}",
            }
            if source:
                event["referrer"] = source
            if kind == "engagement":
                event["engagement_ms"] = chance.randrange(30_000)
            if kind == "conversion":
                amount = chance.randrange(1, 10_000) / 100
                event["revenue"] = {"amount": amount, "currency": "EUR"}
            events.append(event)
        assert send(server, {"events": events}, browser).status == 200
