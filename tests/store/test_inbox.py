"""The inbox as the collector sees it: the contract of core.ports.Store."""

import asyncio
import shutil
import sqlite3
from collections import namedtuple
from collections.abc import Sequence
from pathlib import Path

import pytest

from liveinsight.core.event import EncodedEvents, Event
from liveinsight.core.limits import DAY, HOUR
from liveinsight.core.outcome import LedgerKey, Outcome, Sample
from liveinsight.core.ports import Batch, Store
from liveinsight.errors import StoreUnavailable
from liveinsight.store.inbox import Inbox
from liveinsight.store.running import RunningSession
from tests.store.builders import MINUTE, SITE, T0, a_batch, an_event


def an_inbox(folder: Path, **options: int) -> Inbox:
    return Inbox(folder / "inbox.sqlite3", **options)  # type: ignore[arg-type]  # ints


def all_events(inbox: Inbox) -> list[Event]:
    return [event for row in inbox.rows.after(0, 1_000_000) for event in row.events]


def test_the_inbox_is_a_store(tmp_path: Path) -> None:
    store: Store = an_inbox(tmp_path)
    assert isinstance(store, Inbox)
    store.close()


def test_what_is_recorded_is_there_after_the_file_is_opened_again(
    tmp_path: Path,
) -> None:
    inbox = an_inbox(tmp_path)
    event = an_event(1, properties={"a": 1, "ß": "\0"}, adjusted_timestamp=T0)
    asyncio.run(inbox.record(a_batch(event, an_event(2))))
    inbox.close()
    inbox = an_inbox(tmp_path)
    assert all_events(inbox) == [event, an_event(2)]
    assert inbox.hosts() == {SITE}
    inbox.close()


def test_requests_at_once_share_few_commits(tmp_path: Path) -> None:
    inbox = an_inbox(tmp_path)

    async def send() -> None:
        await asyncio.gather(
            *(inbox.record(a_batch(an_event(number))) for number in range(500))
        )

    asyncio.run(send())
    assert inbox.rows.last_seq() < 100
    assert {event.event_id for event in all_events(inbox)} == {
        an_event(number).event_id for number in range(500)
    }
    assert sum(line.count for line in inbox.ledger()) == 500
    assert inbox.pending == 0
    assert inbox.backlog == 500
    inbox.close()


def test_the_listener_hears_of_events_once_they_are_durable(tmp_path: Path) -> None:
    heard: list[tuple[int, list[Event]]] = []
    inbox = Inbox(
        tmp_path / "inbox.sqlite3",
        on_commit=lambda committed: heard.append(
            (inbox.rows.last_seq(), [event for events in committed for event in events])
        ),
    )
    asyncio.run(inbox.record(a_batch(an_event(1))))
    inbox.close()
    assert heard == [(1, [an_event(1)])]


def test_a_listener_that_fails_stops_nothing(tmp_path: Path) -> None:
    def fail(events: Sequence[EncodedEvents]) -> None:
        raise RuntimeError("a mistake")

    inbox = Inbox(tmp_path / "inbox.sqlite3", on_commit=fail)
    asyncio.run(inbox.record(a_batch(an_event(1))))
    asyncio.run(inbox.record(a_batch(an_event(2))))
    assert len(all_events(inbox)) == 2
    inbox.close()


def test_a_request_that_only_rejects_is_counted_and_sampled(tmp_path: Path) -> None:
    inbox = an_inbox(tmp_path)
    rejected = LedgerKey(SITE, Outcome.REJECTED, "page_url")
    sample = Sample(
        site=SITE,
        outcome=Outcome.REJECTED,
        reason="page_url",
        received_at=T0,
        text='{"page_url": 5}',
    )
    for _ in range(30):
        batch = Batch(events=EncodedEvents(), ledger={rejected: 1}, samples=[sample])
        asyncio.run(inbox.record(batch))
    (line,) = inbox.ledger()
    assert (line.site, line.hour, line.outcome, line.reason, line.count) == (
        SITE,
        T0 - T0 % HOUR,
        Outcome.REJECTED,
        "page_url",
        30,
    )
    assert inbox.samples() == [sample] * 20
    assert inbox.rows.last_seq() == 0
    inbox.close()


def test_more_than_may_wait_is_refused_and_nothing_of_it_is_kept(
    tmp_path: Path,
) -> None:
    inbox = an_inbox(tmp_path, max_pending_events=5)
    with pytest.raises(StoreUnavailable):
        asyncio.run(inbox.record(a_batch(*(an_event(n) for n in range(6)))))
    asyncio.run(inbox.record(a_batch(*(an_event(n) for n in range(5)))))
    assert len(all_events(inbox)) == 5
    inbox.close()


def test_too_long_a_backlog_is_refused_until_it_is_applied(tmp_path: Path) -> None:
    inbox = an_inbox(tmp_path, max_backlog_events=3)
    inbox.append([an_event(n) for n in range(4)])
    with pytest.raises(StoreUnavailable):
        asyncio.run(inbox.record(a_batch(an_event(9))))
    inbox.note_applied(4)
    asyncio.run(inbox.record(a_batch(an_event(9))))
    inbox.close()


def test_a_full_disk_fails_those_who_wait_and_nobody_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = an_inbox(tmp_path)
    usage = namedtuple("usage", "free")  # as shutil's
    with monkeypatch.context() as disk:
        disk.setattr(shutil, "disk_usage", lambda path: usage(1_000))
        with pytest.raises(StoreUnavailable, match="full"):
            asyncio.run(inbox.record(a_batch(an_event(1))))
    asyncio.run(asyncio.sleep(1.1))
    asyncio.run(inbox.record(a_batch(an_event(2))))
    assert all_events(inbox) == [an_event(2)]
    assert inbox.pending == 0
    inbox.close()


def test_a_locked_file_fails_those_who_wait_and_leaves_no_half(tmp_path: Path) -> None:
    inbox = an_inbox(tmp_path)
    other = sqlite3.connect(tmp_path / "inbox.sqlite3", isolation_level=None)
    other.execute("begin exclusive")

    async def send() -> list[BaseException | None]:
        batches = (a_batch(an_event(number)) for number in range(20))
        return await asyncio.gather(
            *(inbox.record(batch) for batch in batches), return_exceptions=True
        )

    failures = asyncio.run(send())
    assert all(isinstance(failure, StoreUnavailable) for failure in failures)
    other.execute("rollback")
    other.close()
    asyncio.run(inbox.record(a_batch(an_event(99))))
    assert all_events(inbox) == [an_event(99)]
    assert sum(line.count for line in inbox.ledger()) == 1
    inbox.close()


def test_a_closed_inbox_has_settled_all_and_refuses_more(tmp_path: Path) -> None:
    inbox = an_inbox(tmp_path)

    async def send() -> None:
        waiting = asyncio.gather(
            *(inbox.record(a_batch(an_event(number))) for number in range(50))
        )
        await asyncio.sleep(0)
        await asyncio.to_thread(inbox.close)
        await waiting
        with pytest.raises(StoreUnavailable):
            await inbox.record(a_batch(an_event(99)))

    asyncio.run(send())
    inbox = an_inbox(tmp_path)
    assert len(all_events(inbox)) == 50
    inbox.close()


def test_a_cancelled_request_keeps_the_others_waiting_in_peace(tmp_path: Path) -> None:
    inbox = an_inbox(tmp_path)

    async def send() -> None:
        first = asyncio.create_task(inbox.record(a_batch(an_event(1))))
        second = asyncio.create_task(inbox.record(a_batch(an_event(2))))
        await asyncio.sleep(0)
        first.cancel()
        await second

    asyncio.run(send())
    assert an_event(2) in all_events(inbox)
    inbox.close()


def test_history_keeps_its_hours_of_receipt(tmp_path: Path) -> None:
    inbox = an_inbox(tmp_path)
    inbox.append([an_event(n * 600) for n in range(12)])
    hours = [(row.hour, row.events) for row in inbox.rows.raw_after(0, 100)]
    assert sum(events for _, events in hours) == 12
    assert [hour for hour, _ in hours] == sorted({hour for hour, _ in hours})
    assert {line.hour: line.count for line in inbox.ledger()} == dict(hours)
    inbox.close()


def test_rows_leave_only_when_archived_and_checkpointed(tmp_path: Path) -> None:
    inbox = an_inbox(tmp_path)
    for number in range(4):
        inbox.append([an_event(number)])
    assert inbox.rows.remove_through(4) == 0
    inbox.rows.mark_archived(3)
    assert inbox.rows.remove_through(2) == 2
    assert inbox.rows.remove_through(4) == 1
    assert inbox.rows.first_seq() == 4
    assert sum(line.count for line in inbox.ledger()) == 4
    inbox.close()


def test_row_numbers_are_never_used_again(tmp_path: Path) -> None:
    inbox = an_inbox(tmp_path)
    inbox.append([an_event(1)])
    inbox.rows.mark_archived(1)
    inbox.rows.remove_through(1)
    inbox.close()
    inbox = an_inbox(tmp_path)
    inbox.append([an_event(2)])
    assert [row.seq for row in inbox.rows.after(0, 10)] == [2]
    inbox.rows.continue_after(50)
    inbox.append([an_event(3)])
    assert inbox.rows.last_seq() == 51
    inbox.close()


def test_salts_last_their_day_and_the_next_and_are_gone_then(tmp_path: Path) -> None:
    inbox = an_inbox(tmp_path)
    first = asyncio.run(inbox.salts(T0))
    assert first == asyncio.run(inbox.salts(T0))
    assert len(first.today) == 16
    assert first.yesterday is None
    second = asyncio.run(inbox.salts(T0 + DAY))
    assert second.yesterday == first.today
    assert second.today != first.today
    third = asyncio.run(inbox.salts(T0 + 3 * DAY))
    assert third.yesterday is None
    inbox.forget_old_salts(T0 + 9 * DAY)
    inbox.close()
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert all(salt not in left for salt in (first.today, second.today, third.today))


def session_at(inbox: Inbox, minutes: float, proposed: str, *, sent: bool) -> str:
    at = T0 + int(minutes * MINUTE)
    return asyncio.run(inbox.session_of(SITE, "ann", at, proposed, sent=sent))


def test_a_request_without_a_session_joins_the_running_one(tmp_path: Path) -> None:
    inbox = an_inbox(tmp_path)
    assert session_at(inbox, 0, "sess_a", sent=False) == "sess_a"
    assert session_at(inbox, 30, "sess_b", sent=False) == "sess_a"
    assert asyncio.run(inbox.is_running(SITE, "ann", T0 + 60 * MINUTE))
    assert not asyncio.run(inbox.is_running(SITE, "ann", T0 + 60 * MINUTE + 1))
    assert session_at(inbox, 61, "sess_c", sent=False) == "sess_c"
    assert session_at(inbox, 62, "sess_sent", sent=True) == "sess_sent"
    assert session_at(inbox, 63, "sess_d", sent=False) == "sess_sent"
    assert session_at(inbox, -500, "sess_late", sent=False) == "sess_late"
    assert session_at(inbox, 64, "sess_e", sent=False) == "sess_sent"
    inbox.close()


def test_sessions_that_ran_before_the_start_go_on(tmp_path: Path) -> None:
    inbox = an_inbox(tmp_path)
    running = RunningSession(
        site=SITE, user="ann", session_id="sess_before", start=T0, last=T0
    )
    inbox.seed_running([running])
    assert session_at(inbox, 5, "sess_new", sent=False) == "sess_before"
    inbox.close()


def test_the_event_loop_turns_while_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    inbox = an_inbox(tmp_path)
    other = sqlite3.connect(
        tmp_path / "inbox.sqlite3", isolation_level=None, check_same_thread=False
    )
    other.execute("begin exclusive")

    async def turn() -> None:
        recording = asyncio.create_task(inbox.record(a_batch(an_event(1))))
        for _ in range(10):
            await asyncio.sleep(0.001)
        assert not recording.done()
        other.execute("rollback")
        await recording

    asyncio.run(turn())
    other.close()
    inbox.close()
