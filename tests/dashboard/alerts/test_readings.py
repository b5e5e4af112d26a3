"""What one look finds, over a real warehouse."""

from typing import Any

import msgspec
import pytest

from liveinsight.core.limits import DAY, HOUR, MINUTE
from liveinsight.core.outcome import Outcome
from liveinsight.dashboard import runtime
from liveinsight.dashboard.alerts.model import (
    Change,
    Direction,
    Quiet,
    Refused,
    State,
    Visitors,
    Watched,
)
from liveinsight.dashboard.alerts.readings import Look, read
from liveinsight.dashboard.alerts.steps import Reading
from tests.dashboard.project import NOW, SITE, Line, Stats, a_server, a_visit_of
from tests.query.tables import an_event

WEEK = 7 * DAY
THIS_HOUR = NOW - NOW % HOUR


def look(watched: Watched, **chosen: Any) -> Reading | None:
    """One look at the shop, now, by a server that has been up for long."""
    fields: dict[str, Any] = {
        "site": SITE,
        "timezone": "UTC",
        "now": NOW,
        "up_since": NOW - 30 * DAY,
        "state": State(),
        "server": runtime.current(),
    }
    return read(watched, Look(**fields | chosen))


def verdict(reading: Reading | None) -> str:
    """In a word."""
    if reading is None:
        return "nothing"
    return "over" if reading.is_over else "calm" if reading.is_calm else "between"


def visitors(count: int, at: int, name: str = "v") -> list[Any]:
    """So many visitors at this time."""
    return [
        event
        for number in range(count)
        for event in a_visit_of("/", user=f"{name}{number}-{at}", at=at)
    ]


@pytest.mark.parametrize(
    ("direction", "than", "said"),
    [
        (Direction.ABOVE, 2, "over"),
        (Direction.ABOVE, 3, "between"),
        (Direction.ABOVE, 4, "calm"),
        (Direction.BELOW, 4, "over"),
        (Direction.BELOW, 3, "between"),
        (Direction.BELOW, 2, "calm"),
    ],
)
def test_current_visitors_are_compared(
    direction: Direction, than: int, said: str
) -> None:
    a_server(visitors(3, NOW - MINUTE) + visitors(5, NOW - 20 * MINUTE))
    found = look(Visitors(direction=direction, than=than))
    assert found is not None
    assert found.value == 3
    assert verdict(found) == said


def test_nobody_at_all_is_below_one_and_ends_what_was_above_none() -> None:
    a_server()
    assert verdict(look(Visitors(direction=Direction.BELOW, than=1))) == "over"
    assert verdict(look(Visitors(direction=Direction.ABOVE, than=1))) == "calm"


def test_a_server_that_has_just_begun_tells_of_nobody_missing() -> None:
    a_server(visitors(3, NOW - MINUTE))
    for direction, than, said in (
        (Direction.BELOW, 9, "between"),
        (Direction.BELOW, 1, "calm"),
        (Direction.ABOVE, 9, "between"),
        (Direction.ABOVE, 1, "over"),
    ):
        watched = Visitors(direction=direction, than=than)
        assert verdict(look(watched, up_since=NOW - 4 * MINUTE)) == said


def an_hour_among_weeks(now: int, *before: int) -> None:
    """Visitors of the last full hour, and of the same hour of the weeks before."""
    hour = THIS_HOUR - HOUR
    events = visitors(now, hour + 5 * MINUTE)
    for week, count in enumerate(before, start=1):
        events += visitors(count, hour - week * WEEK + 50 * MINUTE)
    # The site has been there for longer; other hours do not count.
    events += visitors(1, hour - 10 * WEEK) + visitors(40, hour - 2 * HOUR)
    a_server(events)


@pytest.mark.parametrize(
    ("now", "direction", "said"),
    [
        (4, Direction.BELOW, "over"),
        (5, Direction.BELOW, "over"),
        (9, Direction.BELOW, "calm"),
        (14, Direction.ABOVE, "between"),
        (15, Direction.ABOVE, "over"),
        (4, Direction.ABOVE, "calm"),
    ],
)
def test_an_hour_is_compared_with_the_same_hour_of_recent_weeks(
    now: int, direction: Direction, said: str
) -> None:
    an_hour_among_weeks(now, 8, 12, 10, 10)
    percent = 50 if said != "between" else 42
    found = look(Change(direction=direction, percent=percent, least=5))
    assert found is not None
    assert (found.value, found.usual) == (now, 10)
    assert verdict(found) == said


def test_an_hour_is_judged_once() -> None:
    an_hour_among_weeks(1, 10, 10, 10, 10)
    watched = Change(percent=50, least=5)
    first = look(watched)
    assert first is not None
    assert first.at == THIS_HOUR
    assert look(watched, state=State(judged=first.at)) is None
    assert look(watched, state=State(judged=first.at - HOUR)) is not None


@pytest.mark.parametrize("minutes", [0, 4])
def test_an_hour_is_not_judged_before_late_events_have_come(minutes: int) -> None:
    an_hour_among_weeks(1, 10, 10, 10, 10)
    watched = Change(percent=50, least=5)
    early = look(watched, now=THIS_HOUR + minutes * MINUTE)
    assert early is None or early.at == THIS_HOUR - HOUR


def test_an_hour_with_too_little_to_compare_with_is_asked_about_once() -> None:
    watched = Change(percent=50, least=5)
    few = [4, 4, 4, 4]
    an_hour_among_weeks(0, *few)
    for _ in range(2):
        found = look(watched)
        assert found is not None
        assert (found.value, verdict(found)) == (None, "between")
        assert look(watched, state=State(judged=found.at)) is None
        a_server(visitors(30, THIS_HOUR - HOUR - WEEK) + visitors(1, THIS_HOUR - HOUR))


def test_an_hour_that_is_not_in_the_warehouse_yet_is_not_judged() -> None:
    an_hour_among_weeks(1, 10, 10, 10, 10)
    behind = msgspec.structs.replace(
        runtime.current(),
        applier_stats=lambda: Stats(
            backlog_events=9, applied_through_received_at=THIS_HOUR - 1
        ),
    )
    assert look(Change(percent=50, least=5), server=behind) is None
    rebuilt = msgspec.structs.replace(runtime.current(), rebuild_progress=lambda: 0.5)
    assert look(Change(percent=50, least=5), server=rebuilt) is None
    assert look(Quiet(minutes=5), server=rebuilt) is None


@pytest.mark.parametrize(
    ("minutes", "said"), [(5, "over"), (30, "over"), (31, "calm"), (600, "calm")]
)
def test_silence_is_measured_from_the_last_receipt(minutes: int, said: str) -> None:
    last = NOW - 30 * MINUTE
    wrong_clock = NOW - 3 * HOUR
    a_server([an_event(wrong_clock, received_at=last, user_id="anna")])
    found = look(Quiet(minutes=minutes))
    assert found is not None
    assert found.at == last
    assert verdict(found) == said


@pytest.mark.parametrize(
    ("events", "up_since"),
    [
        pytest.param([], 0, id="a site that nothing has come for"),
        pytest.param([NOW - 8 * DAY], 0, id="a site that was given up"),
        pytest.param([NOW - DAY], NOW - 10 * MINUTE, id="a server that was down"),
    ],
)
def test_silence_that_is_no_news_is_not_told(events: list[int], up_since: int) -> None:
    a_server([an_event(at, received_at=at) for at in events])
    assert look(Quiet(minutes=60), up_since=up_since) is None


def lines(
    hour: int, received: int, dropped: int, rejected: int, site: str = SITE
) -> Any:
    """A line of the ledger for each."""
    counts = {
        Outcome.RECEIVED: received,
        Outcome.DROPPED: dropped,
        Outcome.REJECTED: rejected,
    }
    return [
        Line(site=site, hour=hour, outcome=outcome, count=count)
        for outcome, count in counts.items()
    ]


@pytest.mark.parametrize(
    ("dropped", "rejected", "said"),
    [(10, 0, "calm"), (29, 0, "between"), (20, 10, "over"), (0, 60, "over")],
)
def test_the_share_of_refused_events_is_compared_with_the_week_before(
    dropped: int, rejected: int, said: str
) -> None:
    ledger = [
        *lines(THIS_HOUR, 100, dropped, rejected),
        *lines(THIS_HOUR - 2 * DAY, 1000, 100, 0),
        *lines(THIS_HOUR, 100, 100, 0, "other.example"),
        *lines(THIS_HOUR - 9 * DAY, 1000, 0, 1000),
    ]
    a_server(ledger=ledger)
    found = look(Refused(points=20))
    assert found is not None
    assert found.usual == pytest.approx(0.1)
    assert verdict(found) == said


def test_a_few_refused_events_are_no_share() -> None:
    a_server(ledger=lines(THIS_HOUR, 49, 49, 0))
    assert look(Refused(points=20)) is None


def test_what_came_for_no_site_counts_for_each() -> None:
    a_server(ledger=lines(THIS_HOUR, 100, 0, 100, ""))
    assert verdict(look(Refused(points=20))) == "over"
