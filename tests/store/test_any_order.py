"""Any order, repetition, lateness and split of a set of events gives one result."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liveinsight.core.event import Event
from tests.naive_sessions import NaiveRun, first_copies, naive_runs
from tests.store.builders import MINUTE, T0, Machine

numbers = count()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    # One machine for all examples, each with a site of its own: opening one takes
    # as long as ten examples.
    machine = Machine(tmp_path_factory.mktemp("machine"))
    yield machine
    machine.close()


def stored_runs(machine: Machine, site: str) -> list[NaiveRun]:
    rows = machine.warehouse.query(
        """
        select
            runs.site, users.user_id, session_id, start_time, start_event,
            last_activity, last_event, present_at, entry_page, exit_page,
            page_views, total_events, conversions, engagement_ms, source, country,
            (
                select list(event_id order by time, event_id)
                from events where events.session_key = runs.session_key
            )
        from runs join users using (user_key)
        where runs.site = ?
        order by users.user_id, start_time
        """,
        [site],
    )
    return [NaiveRun(*row[:-1], tuple(row[-1] or ())) for row in rows]  # type: ignore[arg-type,call-arg,arg-type]  # columns in the order of the fields


def stored_rows(machine: Machine, site: str) -> list[tuple[object, ...]]:
    return machine.warehouse.query(
        "select event_id, time, received_at, event_type, page, session_key is null"
        " from events where site = ? order by event_id",
        [site],
    )


def expected_rows(events: list[Event]) -> list[tuple[object, ...]]:
    return sorted(
        (
            event.event_id,
            event.time,
            event.received_at,
            event.event_type,
            event.page,
            not (event.interactive or event.event_type == "engagement"),
        )
        for event in first_copies(events)
    )


MOMENTS = st.sampled_from(
    [
        0,
        1,
        10 * MINUTE,
        29 * MINUTE,
        30 * MINUTE,
        30 * MINUTE + 1,
        31 * MINUTE,
        60 * MINUTE,
        60 * MINUTE + 1,
        61 * MINUTE,
        90 * MINUTE,
        2000 * MINUTE,
    ]
)


@st.composite
def an_event_of_few_users(draw: st.DrawFn, number: int) -> Event:
    at = T0 + draw(MOMENTS)
    kind = draw(
        st.sampled_from(["page_view", "page_view", "engagement", "conversion", "vital"])
    )
    user = draw(st.sampled_from(["ann", "bob"]))
    sent = draw(st.sampled_from([None, None, "sess_one", "sess_two", "sess_three"]))
    return Event(
        site="",
        event_id=f"evt_{number:08d}",
        event_type=kind,
        timestamp=at,
        adjusted_timestamp=draw(st.sampled_from([None, None, None, at + 7 * MINUTE])),
        received_at=T0 + 3_000 * MINUTE + number,
        present_at=at,
        user_id=user if draw(st.booleans()) else None,
        visitor_id=user,
        session_id=sent or f"sess_given_{number}",
        session_sent=sent is not None,
        page=draw(st.sampled_from(["/", "/a", "/b"])),
        source=draw(st.sampled_from([None, "Google", "news.example"])),
        engagement_ms=500 if kind == "engagement" else None,
        interactive=kind not in ("vital", "engagement") or draw(st.booleans()),
    )


@st.composite
def sets_of_events(draw: st.DrawFn) -> list[Event]:
    total = draw(st.integers(1, 14))
    return [draw(an_event_of_few_users(number)) for number in range(total)]


def at_site(events: list[Event], site: str) -> list[Event]:
    return [msgspec.structs.replace(event, site=site) for event in events]


def deliver(machine: Machine, events: list[Event], seed: int) -> None:
    """In any order, some twice, in requests and batches of any size."""
    chance = Random(seed)  # a shuffle
    sent = events + chance.sample(events, chance.randint(0, len(events)))
    chance.shuffle(sent)
    while sent:
        size = chance.randint(1, 6)
        machine.inbox.append(sent[:size])
        if chance.random() < 0.7:
            machine.applier.apply_waiting()
        sent = sent[size:]
    machine.applier.apply_waiting()


BOUNDED = settings(
    max_examples=20,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@BOUNDED
@given(events=sets_of_events(), seed=st.integers(0, 1 << 30))
def test_any_delivery_of_a_set_of_events_gives_the_sessions_of_the_sorted_set(
    machine: Machine, events: list[Event], seed: int
) -> None:
    sorted_site, shuffled_site = (
        f"a{next(numbers)}.example",
        f"b{next(numbers)}.example",
    )
    in_order = at_site(events, sorted_site)
    shuffled = at_site(events, shuffled_site)
    machine.take(*in_order)
    deliver(machine, shuffled, seed)
    assert stored_runs(machine, sorted_site) == naive_runs(in_order)
    assert stored_runs(machine, shuffled_site) == naive_runs(shuffled)
    assert stored_rows(machine, sorted_site) == expected_rows(in_order)
    assert stored_rows(machine, shuffled_site) == expected_rows(shuffled)


@BOUNDED
@given(events=sets_of_events(), others=sets_of_events(), seed=st.integers(0, 1 << 30))
def test_of_copies_that_differ_the_one_received_first_is_kept_in_any_order(
    machine: Machine, events: list[Event], others: list[Event], seed: int
) -> None:
    site = f"c{next(numbers)}.example"
    later = [
        msgspec.structs.replace(other, received_at=other.received_at + 1_000)
        for other in others
    ]
    both = at_site(events + later, site)
    deliver(machine, both, seed)
    assert stored_runs(machine, site) == naive_runs(both)
    assert stored_rows(machine, site) == expected_rows(both)


@BOUNDED
@given(events=sets_of_events())
def test_folding_a_user_anew_from_the_table_changes_nothing(
    machine: Machine, events: list[Event]
) -> None:
    site = f"d{next(numbers)}.example"
    here = at_site(events, site)
    machine.take(*here)
    for user in ("ann", "bob"):
        machine.warehouse.refold(site, user)
    assert stored_runs(machine, site) == naive_runs(here)


def test_a_machine_made_of_real_parts_is_where_it_says(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert machine.path.exists()
    machine.close()
