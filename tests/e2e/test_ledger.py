"""received = stored + duplicate + dropped + rejected, whatever was sent."""

import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.e2e.server import (
    Reply,
    Server,
    create_account,
    running_server,
    send,
    server_with_site,
)
from tests.waiting import PATIENCE_S, wait_until

SITE = "shop.example"
OTHER = "other.example"
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
SENDERS = 4
ROUNDS = 12
LINE = re.compile(
    r'^liveinsight_events_total\{site="(.*)",outcome="(.*)",reason="(.*)"\} (\d+)$',
    re.MULTILINE,
)
Count = Counter[tuple[str, str]]


def an_event(event_id: str, **fields: object) -> dict[str, object]:
    page_url = f"https://{SITE}/"
    return {"site": SITE, "event_id": event_id, "page_url": page_url, **fields}


def a_batch(name: str) -> dict[str, object]:
    events = [an_event(f"{name}_event{number}", user_id=name) for number in range(10)]
    return {"events": events}


def send_a_mix(server: Server, name: str) -> list[Reply]:
    """Sends 28 events; what becomes of them is `MIX`."""
    batch = a_batch(name)
    spoilt = {"events": [an_event(f"{name}_good"), an_event("bad"), an_event("x" * 99)]}
    return [
        send(server, batch),
        send(server, batch),
        send(server, an_event(f"{name}_event3", page_url=f"https://{SITE}/other")),
        send(server, spoilt),
        send(server, an_event(f"{name}_bot1"), user_agent=BOT),
        send(
            server, an_event(f"{name}_else", site=OTHER, page_url=f"https://{OTHER}/")
        ),
        send(server, b'{"event_type": "page_view"'),
        send(server, {"event_type": "page_view"}),
    ]


STATUSES = [200, 200, 200, 200, 200, 200, 400, 400]
MIX: Count = Counter(
    {
        ("received", ""): 28,
        ("stored", ""): 11,
        ("duplicate", "repeated"): 10,
        ("duplicate", "conflict"): 1,
        ("dropped", "bot"): 1,
        ("dropped", "unknown_site"): 1,
        ("rejected", ""): 4,
    }
)
"""By outcome and reason; the reasons of rejected events are not told apart."""


def read_ledger(server: Server, key: str) -> dict[str, Count]:
    """What `/metrics` counts, by site."""
    found: dict[str, Count] = {}
    for site, outcome, reason, count in LINE.findall(
        server.read("/metrics", key).decode()
    ):
        kind = (outcome, "" if outcome == "rejected" else reason)
        found.setdefault(site, Counter())[kind] += int(count)
    return found


def total_of(ledger: dict[str, Count]) -> Count:
    return sum(ledger.values(), Counter())


def unexplained(count: Count) -> int:
    """Received events that no outcome explains."""
    outcomes = sum(number for (outcome, _), number in count.items())
    return 2 * count["received", ""] - outcomes


def times(count: Count, factor: int) -> Count:
    return Counter({kind: number * factor for kind, number in count.items()})


@pytest.mark.browser
def test_the_ledger_adds_up_after_a_mixed_load_and_a_restart(
    tmp_path: Path, new_visitor: Callable[..., BrowserContext]
) -> None:
    names = [f"s{sender}r{r}" for sender in range(SENDERS) for r in range(ROUNDS)]
    with server_with_site(tmp_path, SITE) as server:
        key = server.add_key()
        with ThreadPoolExecutor(SENDERS) as senders:
            replies = list(senders.map(lambda name: send_a_mix(server, name), names))
        statuses = [[reply.status for reply in each] for each in replies]
        assert statuses == [STATUSES] * len(names)
        expected = times(MIX, len(names))
        wait_until(lambda: not unexplained(total_of(read_ledger(server, key))))
        assert total_of(read_ledger(server, key)) == expected
        assert len(server.stored_events()) == expected["stored", ""]
        server.process.terminate()
        server.process.communicate(timeout=PATIENCE_S)

    with running_server(tmp_path) as server:
        assert total_of(read_ledger(server, key)) == expected
        # The door has forgotten these ids; the warehouse has not.
        said = {send(server, a_batch(name)).said for name in names[:5]}
        assert said == {"accepted"}
        expected += Counter({("received", ""): 50, ("duplicate", "repeated"): 50})
        wait_until(lambda: total_of(read_ledger(server, key)) == expected)
        ledger = read_ledger(server, key)
        assert {site for site, count in ledger.items() if unexplained(count)} == set()
        assert_page_says(server, ledger[SITE], new_visitor)


def assert_page_says(
    server: Server, count: Count, new_visitor: Callable[..., BrowserContext]
) -> None:
    """The site's page shows the same, and that it adds up."""
    page = new_visitor().new_page()
    create_account(page, server)
    page.goto(f"{server.address}/sites/{SITE}/")
    expect(page.locator(".verdict")).to_have_text("It adds up.")
    names = page.locator(".sum dt").all_inner_texts()
    numbers = page.locator(".sum dd").all_inner_texts()
    shown = {
        name.lower(): int(number.replace(",", ""))
        for name, number in zip(names, numbers, strict=True)
    }
    by_outcome: Counter[str] = Counter()
    for (outcome, _), number in count.items():
        by_outcome[outcome] += number
    assert shown == by_outcome
