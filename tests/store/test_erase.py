"""After an erasure all is as if that visitor had never come, whatever they did."""

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveinsight.core.event import Event, encode_events
from liveinsight.store.person import Person, copy_of, count_copies, part
from tests.naive_sessions import naive_runs
from tests.store.builders import Machine
from tests.store.test_any_order import (
    BOUNDED,
    at_site,
    deliver,
    expected_rows,
    sets_of_events,
    stored_rows,
    stored_runs,
)

numbers = count()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    machine = Machine(tmp_path_factory.mktemp("machine"))
    yield machine
    machine.close()


def is_anns(event: Event) -> bool:
    return event.user == "ann"


@BOUNDED
@given(events=sets_of_events(), seed=st.integers(0, 1 << 30))
def test_the_warehouse_is_as_if_an_erased_visitor_had_never_come(
    machine: Machine, events: list[Event], seed: int
) -> None:
    site = f"e{next(numbers)}.example"
    here = at_site(events, site)
    deliver(machine, here, seed)
    kept = [event for event in here if not is_anns(event)]
    gone = [event for event in here if is_anns(event)]
    copies = count_copies(map(copy_of, gone))
    assert machine.warehouse.erase(Person(site, "ann"), copies) == len(gone)
    assert stored_runs(machine, site) == naive_runs(kept)
    assert stored_rows(machine, site) == expected_rows(kept)
    users = machine.warehouse.query("select user_id from users where site = ?", [site])
    assert {str(user) for (user,) in users} == {event.user for event in kept}
    stored = sum(
        line.count
        for line in machine.warehouse.ledger()
        if line.site == site and line.outcome == "stored"
    )
    assert stored == len(kept)
    assert machine.warehouse.erase(Person(site, "ann"), copies) == 0


@BOUNDED
@given(events=sets_of_events(), user=st.sampled_from(["ann", "bob", 'a"n\\n', "앤"]))
def test_lines_lose_the_events_of_one_visitor_and_no_others(
    events: list[Event], user: str
) -> None:
    site = "here.example"
    mixed = at_site(events[::2], site) + at_site(events[1::2], "there.example")
    kept, found = part(encode_events(mixed).lines, Person(site, user))
    theirs = [e for e in mixed if e.user == user and e.site == site]
    others = [e for e in mixed if e not in theirs]
    assert found == theirs
    assert kept == encode_events(others).lines
