"""The account of an import that a kill interrupted."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from liveinsight.core.event import Event
from liveinsight.errors import ConfigError, StoreUnavailable
from liveinsight.imports.marks import Place
from liveinsight.imports.run import AT_ONCE, Identity, Report, import_all
from tests.query.tables import NOON, an_event


class SlowStore:
    """What it gets is durable at once, and known when it is applied."""

    def __init__(self) -> None:
        self.durable: list[Event] = []
        self.applied: set[Identity] = set()

    def known(self, events: Sequence[Event]) -> set[Identity]:
        return self.applied & {(each.site, each.event_id) for each in events}

    def hand_over(self, events: Sequence[Event]) -> None:
        self.durable += events

    def apply(self) -> None:
        self.applied = {(each.site, each.event_id) for each in self.durable}


class KilledStore(SlowStore):
    """Takes nothing any more."""

    def hand_over(self, events: Sequence[Event]) -> None:
        raise StoreUnavailable("killed")


def run(events: Sequence[Event], place: Place, store: SlowStore) -> Report:
    mark = place.read([Path("a.ndjson")])
    return import_all(iter(events), mark, place, store, lambda _: None)


def test_an_event_that_comes_again_after_a_kill_is_counted_once(
    tmp_path: Path,
) -> None:
    events = [an_event(NOON + number) for number in range(AT_ONCE)]
    again = [*events, events[0]]
    place, store = Place(tmp_path, "a"), SlowStore()
    with pytest.raises(StoreUnavailable):
        run(again, place, KilledStore())
    account = run(again, place, store).account
    store.apply()
    assert account.stored == len(store.applied) == AT_ONCE
    assert account.duplicates == 1


class FullStore(SlowStore):
    """Takes the first batches only."""

    def hand_over(self, events: Sequence[Event]) -> None:
        if len(self.durable) >= AT_ONCE:
            raise StoreUnavailable("full")
        super().hand_over(events)


def test_files_that_have_shrunk_since_a_kill_are_not_resumed(tmp_path: Path) -> None:
    events = [an_event(NOON + number) for number in range(AT_ONCE + 1)]
    place = Place(tmp_path, "a")
    with pytest.raises(StoreUnavailable):
        run(events, place, FullStore())
    with pytest.raises(ConfigError, match="--again"):
        run(events[:-2], place, SlowStore())
