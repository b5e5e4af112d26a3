"""The archive in S3 into a warehouse: resumed anywhere, each event once."""

import gzip
import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

import boto3
import pytest

from liveinsight.core.event import Event
from liveinsight.core.limits import DAY, HOUR
from liveinsight.errors import StoreUnavailable
from liveinsight.store import s3_source
from liveinsight.store.applier import Applier
from liveinsight.store.archive_s3 import Archived, S3Archive
from liveinsight.store.keeper import Keeper
from liveinsight.store.s3_source import FLOOR, LOADED, S3Source
from liveinsight.store.source import Portion
from liveinsight.store.warehouse import Warehouse
from tests.aws.ministack import MiniStack
from tests.store.builders import T0, an_event

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

NOW: Final = T0 + 20 * DAY
_sequences = count(10**20)


class Bucket:
    """A bucket that the stream function writes to."""

    def __init__(self, client: "S3Client", name: str) -> None:
        self.client = client
        self.name = name
        self.archive = S3Archive(client, name)

    def put(self, *events: Event) -> list[str]:
        """As one batch of the stream; the names of the objects."""
        records = [Archived(str(next(_sequences)), event) for event in events]
        return self.archive.write_batch(records)


@pytest.fixture
def bucket(ministack: MiniStack) -> Bucket:
    client = ministack.s3
    name = f"archive-{ministack.account}"
    client.create_bucket(
        Bucket=name,
        CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"},
    )
    return Bucket(client, name)


class Loading:
    """A process that loads the archive into a warehouse; its time is in our hands."""

    def __init__(self, folder: Path, archive: S3Archive, now: int = NOW) -> None:
        self.now = now
        self.warehouse = Warehouse.open(folder / "warehouse.duckdb", memory_mb=100)
        self.source = S3Source(archive, lambda: self.now, poll_seconds=0)
        self.source.find_place(self.warehouse.marks())

    def step(self, most: int = 10) -> bool:
        """Applies a portion; whether there was one."""
        portion = self.source.next_portion(most)
        if portion is None:
            return False
        self.warehouse.apply(portion.events, portion.marks)
        self.source.note_applied(portion)
        return True

    def finish(self) -> None:
        while self.step():
            continue

    def ids(self) -> list[str]:
        rows = self.warehouse.query("select event_id from events order by event_id")
        return [str(event_id) for (event_id,) in rows]

    def ledger(self) -> dict[str, int]:
        lines = self.warehouse.ledger()
        return {
            outcome: sum(line.count for line in lines if line.outcome == outcome)
            for outcome in {str(line.outcome) for line in lines}
        }

    def close(self) -> None:
        self.source.close()
        self.warehouse.close()


def a_history(bucket: Bucket, days: int = 5, objects: int = 3) -> list[str]:
    """Some objects of several events on each of the last days; ids of all events."""
    ids = []
    for day in range(days):
        for number in range(objects):
            at = NOW - day * DAY - number * HOUR
            events = [
                an_event(
                    event_id=f"evt_{day:02d}{number:02d}{each:02d}00",
                    timestamp=at + each,
                    received_at=at + each,
                )
                for each in range(4)
            ]
            bucket.put(*events)
            ids += [event.event_id for event in events]
    return sorted(ids)


def test_all_of_the_archive_is_loaded_and_few_marks_are_left(
    bucket: Bucket, tmp_path: Path
) -> None:
    ids = a_history(bucket, days=6)
    loading = Loading(tmp_path, bucket.archive)
    assert loading.source.progress() == 0.0
    loading.finish()
    assert loading.ids() == ids
    assert loading.source.progress() is None
    assert loading.source.complete_through == NOW
    marks = loading.warehouse.marks()
    assert marks[LOADED] == 0
    followed = [
        found for found in bucket.archive.objects_after(0) if found.hour >= marks[FLOOR]
    ]
    assert len(marks) == 2 + len(followed)
    assert loading.ledger() == {"stored": len(ids)}
    loading.close()


def test_the_newest_is_there_first(bucket: Bucket, tmp_path: Path) -> None:
    a_history(bucket, days=6)
    loading = Loading(tmp_path, bucket.archive)
    progress = []
    while loading.step(most=4):
        progress.append(loading.source.progress())
        if len(progress) == 1:
            assert loading.ids() == [f"evt_0000{each:02d}00" for each in range(4)]
    shown = [done for done in progress if done is not None]
    assert shown == sorted(shown)
    assert 0.0 <= shown[0] < 0.5 < shown[-1] <= 1.0
    loading.close()


@pytest.mark.parametrize("steps", [1, 3, 8])
def test_a_process_that_ends_anywhere_is_gone_on_from(
    bucket: Bucket, tmp_path: Path, steps: int
) -> None:
    ids = a_history(bucket, days=4, objects=2)
    runs, more = 0, True
    while more:
        loading = Loading(tmp_path, bucket.archive)
        for _ in range(steps):
            more = loading.step(most=3)
        taken = loading.source.next_portion(3)  # read, but never applied
        assert not more or taken is not None or loading.ids() == ids
        loading.close()
        runs += 1
    loading = Loading(tmp_path, bucket.archive)
    loading.finish()
    assert runs > 1
    assert loading.ids() == ids
    assert loading.ledger() == {"stored": len(ids)}
    loading.close()


def test_a_large_object_is_applied_in_parts(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_source, "SMALL_BYTES", 0)  # so that it is streamed
    events = [an_event(n, timestamp=NOW + n, received_at=NOW) for n in range(25)]
    bucket.put(*events)
    loading = Loading(tmp_path, bucket.archive)
    assert loading.step(most=10)
    assert len(loading.ids()) == 10
    assert loading.source.backlog == 15
    loading.close()
    again = Loading(tmp_path, bucket.archive)
    again.finish()
    assert again.ids() == [event.event_id for event in events]
    assert again.ledger() == {"stored": 25}
    again.close()


def test_a_restart_after_weeks_loads_what_has_come_since(
    bucket: Bucket, tmp_path: Path
) -> None:
    ids = a_history(bucket, days=3)
    first = Loading(tmp_path, bucket.archive, now=NOW)
    first.finish()
    first.close()
    later = NOW + 12 * DAY
    for day in range(12):
        at = NOW + day * DAY + HOUR
        bucket.put(an_event(event_id=f"evt_later{day:03d}", received_at=at))
    again = Loading(tmp_path, bucket.archive, now=later)
    again.finish()
    assert len(again.ids()) == len(ids) + 12
    assert again.ledger() == {"stored": len(ids) + 12}
    marks = again.warehouse.marks()
    assert marks[FLOOR] == (later - 2 * DAY) // HOUR * HOUR
    again.close()


def test_what_a_held_up_shard_writes_late_is_found(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_history(bucket, days=2)
    loading = Loading(tmp_path, bucket.archive)
    loading.finish()
    before = len(loading.ids())
    bucket.put(an_event(event_id="evt_heldup01", received_at=NOW - 9 * HOUR))
    monkeypatch.setattr(s3_source, "SWEEP_SECONDS", 0)
    loading.finish()
    assert len(loading.ids()) == before  # not among the last two hours
    loading.source._sweep_at = 0.0  # ten minutes later
    loading.finish()
    assert len(loading.ids()) == before + 1
    loading.close()


def test_an_object_that_is_broken_does_not_stop_the_others(
    bucket: Bucket, tmp_path: Path
) -> None:
    ids = a_history(bucket, days=1)
    (name,) = bucket.put(
        an_event(900, received_at=NOW - HOUR), an_event(901, received_at=NOW - HOUR)
    )
    whole = bucket.client.get_object(Bucket=bucket.name, Key=name)["Body"].read()
    first_line = gzip.decompress(whole).splitlines()[0]
    bucket.client.put_object(
        Bucket=bucket.name, Key=name, Body=gzip.compress(first_line + b"\n{cut")
    )
    loading = Loading(tmp_path, bucket.archive)
    loading.finish()
    assert loading.ids() == sorted([*ids, "evt_00000900"])
    loading.close()


def test_what_may_not_be_read_is_not_passed_over(
    bucket: Bucket,
    ministack: MiniStack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids = a_history(bucket, days=1)
    may_list = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": f"arn:aws:s3:::{bucket.name}",
            }
        ],
    }
    iam = ministack.iam
    iam.create_user(UserName="reader")
    iam.put_user_policy(
        UserName="reader", PolicyName="list", PolicyDocument=json.dumps(may_list)
    )
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    client = boto3.Session().client("s3")
    loading = Loading(tmp_path, S3Archive(client, bucket.name))
    with pytest.raises(StoreUnavailable, match="AccessDenied"):
        loading.finish()
    assert loading.warehouse.marks() == {}
    loading.close()
    mended = Loading(tmp_path, bucket.archive)
    mended.finish()
    assert mended.ids() == ids
    mended.close()


def test_an_object_that_was_deleted_since_is_passed_over(
    bucket: Bucket, tmp_path: Path
) -> None:
    ids = a_history(bucket, days=1)
    (name,) = bucket.put(an_event(900, received_at=NOW - HOUR))
    loading = Loading(tmp_path, bucket.archive)
    loading.source.next_portion(1)  # has listed it
    loading.source.note_applied(Portion(events=(), marks={}))
    bucket.client.delete_object(Bucket=bucket.name, Key=name)
    loading.finish()
    assert set(loading.ids()) >= set(ids)
    loading.close()


class Moody(S3Archive):
    """A bucket that does not answer every other time."""

    calls = 0

    def read(self, found: object) -> Iterator[Event]:
        Moody.calls += 1
        if Moody.calls % 2:
            raise StoreUnavailable("the bucket does not answer")
        return super().read(found)  # type: ignore[arg-type]


def test_the_applier_goes_on_when_the_bucket_answers_again(
    bucket: Bucket, tmp_path: Path
) -> None:
    ids = a_history(bucket, days=4)
    warehouse = Warehouse.open(tmp_path / "warehouse.duckdb", memory_mb=100)
    source = S3Source(Moody(bucket.client, bucket.name), lambda: NOW, poll_seconds=0.1)
    applier = Applier(source, warehouse)
    applier.start()
    while warehouse.marks().get(LOADED) != 0:
        assert applier.stats().unstorable == 0
    applier.stop(drain=False)
    source.close()
    assert len(warehouse.query("select * from events")) == len(ids)
    assert {(line.outcome.value, line.count) for line in warehouse.ledger()} >= {
        ("stored", 4)
    }
    warehouse.close()


def test_a_damaged_warehouse_is_loaded_from_the_archive_again(
    bucket: Bucket, tmp_path: Path
) -> None:
    ids = a_history(bucket, days=3)
    loading = Loading(tmp_path, bucket.archive)
    loading.finish()
    loading.close()
    path = tmp_path / "warehouse.duckdb"
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 3)
        file.write(b"\xff" * (size // 3))
    keeper = Keeper(path, memory_mb=100)
    keeper.open()
    source = S3Source(bucket.archive, lambda: NOW, poll_seconds=0.1)
    applier = Applier(source, keeper.warehouse, on_damage=keeper.recover)
    applier.start()
    while keeper.warehouse.marks().get(LOADED) != 0:
        assert applier.stats().unstorable == 0
    applier.call_between_batches(keeper.start_over)  # as `liveinsight rebuild` asks
    before = keeper.warehouse.generation
    while keeper.warehouse.generation == before:
        assert applier.stats().unstorable == 0
    applier.stop(drain=False)
    source.find_place(keeper.warehouse.marks())
    while (portion := source.next_portion(100)) is not None:
        keeper.warehouse.apply(portion.events, portion.marks)
        source.note_applied(portion)
    assert len(keeper.warehouse.query("select * from events")) == len(ids)
    assert len(list(tmp_path.glob("warehouse.duckdb.bad-*"))) == 2
    source.close()
    keeper.close()
