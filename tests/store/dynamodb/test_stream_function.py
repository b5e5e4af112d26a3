"""Batches of the stream, messages of the queue: crashes, poison, replays, costs."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from subprocess import run
from threading import Event as Signal
from threading import Thread
from typing import Any

import msgspec
import pytest
from botocore.exceptions import EndpointConnectionError

from liveinsight.core.event import Event
from liveinsight.store.dynamodb.items import event_item, session_of
from liveinsight.store.dynamodb.stream_function import TRIES
from tests.aws.event_source import (
    EventSource,
    Invocation,
    failure_message,
    records_of,
)
from tests.store.builders import MINUTE, T0, an_event
from tests.store.dynamodb.lagging import LaggingClient
from tests.store.dynamodb.streaming import (
    Streaming,
    a_record,
    naive_facts,
    put_events,
)
from tests.waiting import PATIENCE_S


def views(count: int, **changes: object) -> list[Event]:
    """Page views of 7 users, a second apart."""
    return [
        an_event(number, session_sent=True, received_at=T0 + 60_000, **changes)
        for number in range(count)
    ]


@contextmanager
def failing(client: Any, operation: str, *, times: int = 1_000) -> Iterator[None]:
    """No connection, for so many calls of an operation."""
    left = iter(range(times))

    def fail(**_: object) -> None:
        if next(left, None) is not None:
            raise EndpointConnectionError(endpoint_url="https://gone.example")

    client.meta.events.register(f"before-call.{operation}", fail)
    yield
    client.meta.events.unregister(f"before-call.{operation}", fail)


@contextmanager
def counting(client: Any) -> Iterator[dict[str, float]]:
    """Write and read units that the calls take, as DynamoDB says them."""
    units = {"write": 0.0, "read": 0.0}

    def ask(params: dict[str, Any], **_: object) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def add(kind: str) -> Callable[..., None]:
        def look(parsed: dict[str, Any], **_: object) -> None:
            said = parsed.get("ConsumedCapacity", [])
            for one in said if isinstance(said, list) else [said]:
                units[kind] += one["CapacityUnits"]

        return look

    kinds = dict.fromkeys(("PutItem", "UpdateItem", "DeleteItem"), "write")
    kinds |= dict.fromkeys(("Query", "GetItem", "BatchGetItem"), "read")
    handlers: list[tuple[str, Callable[..., None]]] = []
    for name, kind in kinds.items():
        handlers.append((f"before-parameter-build.dynamodb.{name}", ask))
        handlers.append((f"after-call.dynamodb.{name}", add(kind)))
    for name, handler in handlers:
        client.meta.events.register(name, handler)
    yield units
    for name, handler in handlers:
        client.meta.events.unregister(name, handler)


def test_a_batch_is_delivered_again_whole_while_the_archive_is_away(
    streaming: Streaming,
) -> None:
    events = views(5)
    records = [a_record(event) for event in events]
    put_events(streaming.database, events)
    with failing(streaming.s3, "s3.PutObject"):
        again = streaming.deliver(records)
    assert again == [records[0]["dynamodb"]["SequenceNumber"]]
    assert streaming.messages(streaming.resettle) == []
    assert streaming.deliver(records) == []
    assert streaming.archived() == events


def test_a_batch_is_delivered_again_if_nobody_would_settle_it_once_more(
    streaming: Streaming,
) -> None:
    events = views(5)
    put_events(streaming.database, events)
    records = [a_record(event) for event in events]
    with failing(streaming.sqs, "sqs.SendMessageBatch"):
        assert streaming.deliver(records) != []
    assert streaming.deliver(records) == []
    assert len(list(streaming.archive.objects_after(0))) == 1


def test_a_batch_delivered_again_overwrites_its_object_with_the_same_bytes(
    streaming: Streaming,
) -> None:
    records = [a_record(event) for event in views(3)]
    streaming.deliver(records)
    [found] = streaming.archive.objects_after(0)
    before = streaming.s3.get_object(Bucket=streaming.bucket, Key=found.name)
    streaming.deliver(records)
    assert list(streaming.archive.objects_after(0)) == [found]
    after = streaming.s3.get_object(Bucket=streaming.bucket, Key=found.name)
    assert after["Body"].read() == before["Body"].read()


def test_tables_that_do_not_answer_hold_up_neither_archive_nor_stream(
    streaming: Streaming,
) -> None:
    events = views(5)
    put_events(streaming.database, events)
    context = Invocation(remaining_ms=5_000)  # too little to settle anything
    answer = streaming.handle({"Records": [a_record(e) for e in events]}, context)
    assert answer == {"batchItemFailures": []}
    assert streaming.archived() == events
    assert streaming.rows() == []
    streaming.resettle_all()
    assert streaming.facts() == naive_facts(events)


def test_a_record_that_is_no_event_goes_to_the_failures_queue_and_holds_up_nobody(
    streaming: Streaming,
) -> None:
    events = views(6)
    for event in events:
        put_events(streaming.database, [event])
        if event is events[2]:
            streaming.database.client.put_item(
                TableName=streaming.database.tables.events,
                Item={"event_id": {"S": "evt_poison"}, "timestamp": {"N": "1"}},
            )
    source = EventSource(streaming.handle, shards=1)
    source.deliver(records_of(streaming.database))
    assert source.given_up == []
    assert {e.event_id for e in streaming.archived()} == {e.event_id for e in events}
    streaming.resettle_all()
    assert streaming.facts() == naive_facts(events)
    [body] = streaming.messages(streaming.failures)
    said = msgspec.json.decode(body)
    assert said["record"]["dynamodb"]["NewImage"]["event_id"] == {"S": "evt_poison"}
    assert said["reason"]


def test_a_poison_record_is_replayed_from_the_failures_queue_when_it_can_be_read(
    streaming: Streaming,
) -> None:
    event = views(1)[0]
    broken = a_record(event)
    good = broken["dynamodb"]["NewImage"].pop("site")
    assert streaming.deliver([broken]) == []
    [body] = streaming.messages(streaming.failures)
    assert streaming.deliver_messages([body]) == []  # still broken: back it goes
    [body] = streaming.messages(streaming.failures)
    mended = msgspec.json.decode(body)
    mended["record"]["dynamodb"]["NewImage"]["site"] = good
    put_events(streaming.database, [event])
    assert streaming.deliver_messages([msgspec.json.encode(mended).decode()]) == []
    streaming.resettle_all()
    assert streaming.archived() == [event]
    assert streaming.facts() == naive_facts([event])


def test_what_lambda_gave_up_is_read_from_the_stream_again(
    streaming: Streaming,
) -> None:
    events = views(8)
    put_events(streaming.database, events)

    def down(_event: dict[str, Any], _context: Invocation) -> dict[str, Any]:
        raise RuntimeError("no function")

    source = EventSource(down, batch_size=4, retries=1, shards=1)
    records = records_of(streaming.database)
    source.deliver(records[:6])
    lost = [record for batch in source.given_up for record in batch]
    assert lost == records[:6]
    messages = [failure_message(streaming.database, batch) for batch in source.given_up]
    assert streaming.deliver_messages(messages) == []
    streaming.resettle_all()
    archived = [event.event_id for event in streaming.archived()]
    assert sorted(archived) == sorted(event.event_id for event in events[:6])


def test_a_message_that_says_nothing_known_is_left_to_the_queue(
    streaming: Streaming,
) -> None:
    good = '{"touches":[]}'
    assert streaming.deliver_messages(["no JSON", good, '{"touches":[1]}']) == [
        "0",
        "2",
    ]


def test_while_an_index_lacks_an_event_its_session_is_settled_once_more(
    streaming: Streaming,
) -> None:
    lagging = LaggingClient(streaming.database.client)
    streaming.function = streaming.function_with(lagging)
    first, second = views(2, user_id="ann", session_id="sess_ann")
    lagging.held = {first.event_id, second.event_id}
    streaming.take(first)
    streaming.take(second)  # a fold that sees one event only, as the other did
    for _ in range(3):
        messages = streaming.messages(streaming.resettle)
        assert messages  # asked for again and again
        assert streaming.deliver_messages(messages) == []
    lagging.held.clear()
    streaming.resettle_all()
    assert streaming.facts() == naive_facts([first, second])


def test_a_session_that_cannot_be_settled_ends_in_the_failures_queue(
    streaming: Streaming,
) -> None:
    lagging = LaggingClient(streaming.database.client)
    streaming.function = streaming.function_with(lagging)
    [event] = views(1)
    lagging.held = {event.event_id}
    streaming.take(event)
    assert streaming.resettle_all() == TRIES
    [body] = streaming.messages(streaming.failures)
    lagging.held.clear()
    assert streaming.deliver_messages([body]) == []
    assert streaming.messages(streaming.failures) == []


def test_an_event_that_was_erased_meanwhile_is_not_waited_for(
    streaming: Streaming,
) -> None:
    [event] = views(1)
    streaming.deliver([a_record(event)])  # never in the table
    assert streaming.resettle_all() == 1
    assert streaming.messages(streaming.failures) == []


def test_a_fold_that_saw_less_does_not_overwrite_one_that_saw_more(
    streaming: Streaming,
) -> None:
    lagging = LaggingClient(streaming.database.client)
    first, second, third = views(3, user_id="ann", session_id="sess_ann")
    streaming.take(first)
    lagging.held = {second.event_id, third.event_id}
    put_events(streaming.database, [second, third])
    less_has_read, more_has_written = Signal(), Signal()

    class Meeting:
        """Who saw less writes last, and has read before the other wrote."""

        def put_item(self, **asked: Any) -> Any:
            if asked["Item"]["folded"]["N"] == "2":
                less_has_read.set()
                assert more_has_written.wait(PATIENCE_S)
                return lagging.put_item(**asked)
            assert less_has_read.wait(PATIENCE_S)
            answer = lagging.put_item(**asked)
            more_has_written.set()
            return answer

        def __getattr__(self, name: str) -> Any:
            return getattr(lagging, name)

    function = streaming.function_with(Meeting())
    threads = [
        Thread(
            target=function.handle,
            args=({"Records": [a_record(event) for event in batch]}, Invocation()),
        )
        for batch in ([second], [second, third])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert more_has_written.is_set()
    assert session_of(streaming.rows()[0]).folded == 3
    lagging.held.clear()
    streaming.resettle_all()
    assert streaming.facts() == naive_facts([first, second, third])


@pytest.mark.parametrize("known", [True, False])
def test_settling_costs_one_write_a_batch_and_none_when_nothing_changed(
    streaming: Streaming, known: bool
) -> None:
    who: dict[str, object] = {"session_id": "sess_ann"}
    who |= {"user_id": "ann"} if known else {"user_id": None, "visitor_id": "v1"}
    first, *later = views(20, **who)
    streaming.take(first)
    put_events(streaming.database, later)
    client = streaming.database.client
    with counting(client) as units:
        assert streaming.deliver([a_record(event) for event in later]) == []
    assert units["write"] == 1
    assert units["read"] <= 3.5
    with counting(client) as units:
        streaming.resettle_all()
        assert streaming.deliver([a_record(event) for event in later]) == []
    assert units["write"] == 0


def test_an_anonymous_session_costs_one_more_write_once(streaming: Streaming) -> None:
    event = views(1, user_id=None, visitor_id="v1", session_id="sess_one")[0]
    put_events(streaming.database, [event])
    with counting(streaming.database.client) as units:
        streaming.deliver([a_record(event)])
    assert units["write"] == 2  # the row, and what leads to the visitor's sessions


def test_what_is_archived_and_what_was_stored_before_is_counted(
    streaming: Streaming,
) -> None:
    first = an_event(0, session_sent=True)
    copy = an_event(0, session_sent=True, timestamp=first.timestamp + 500)
    streaming.take(first)
    streaming.take(copy)
    counts = [
        {name: line.get(name, 0) for name in ("Archived", "DuplicateStored", "Settled")}
        for line in streaming.lines
    ]
    assert counts[0] == {"Archived": 1, "DuplicateStored": 0, "Settled": 1}
    assert (counts[1]["Archived"], counts[1]["DuplicateStored"]) == (0, 1)
    streaming.resettle_all()
    assert streaming.facts() == naive_facts([first])


def test_an_item_of_somebody_else_in_the_table_is_no_event_of_a_session(
    streaming: Streaming,
) -> None:
    [event] = views(1)
    foreign = event_item(event) | {"event_id": {"S": "evt_foreign"}}
    foreign["event_type"] = {"N": "7"}
    streaming.database.client.put_item(
        TableName=streaming.database.tables.events, Item=foreign
    )
    streaming.take(event)
    streaming.resettle_all()
    assert streaming.facts() == naive_facts([event])


def test_the_handler_starts_from_its_environment_alone() -> None:
    said = "from liveinsight.store.dynamodb.stream_handler import handler;"
    said += "print(handler({'Records': []}, None))"
    environ = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "ARCHIVE_BUCKET": "archive",
        "RESETTLE_QUEUE_URL": "http://127.0.0.1:1/resettle",
        "FAILURES_QUEUE_URL": "http://127.0.0.1:1/failures",
    }
    command = [sys.executable, "-c", said]
    done = run(command, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "{'batchItemFailures': []}\n"
    del environ["ARCHIVE_BUCKET"]
    done = run(command, env=environ, capture_output=True, text=True, check=False)
    assert "ARCHIVE_BUCKET is not set" in done.stderr


def test_a_session_of_too_many_events_says_at_least(
    streaming: Streaming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liveinsight.store.dynamodb.chain.READ_EVENTS", 30)
    events = [
        an_event(
            number,
            user_id="ann",
            session_id="sess_ann",
            session_sent=True,
            timestamp=T0 + number * MINUTE,
            received_at=T0 + 90 * MINUTE,
            page=f"/{number}",
        )
        for number in range(50)
    ]
    for begin in range(0, 50, 10):
        streaming.take(*events[begin : begin + 10])
    with counting(streaming.database.client) as units:
        streaming.resettle_all()
    row = session_of(streaming.rows()[0])
    assert row.is_partial
    assert (row.start_time, row.last_activity) == (events[0].time, events[-1].time)
    assert (row.entry_page, row.exit_page) == ("/0", "/49")
    assert 30 <= row.page_views <= 50
    assert units["read"] <= 2.5 + 30  # it is not read again and again
