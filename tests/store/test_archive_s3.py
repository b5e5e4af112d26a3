"""The archive in S3: what is written is read again, whatever else is in the bucket."""

import gzip
from pathlib import Path

import pytest

from liveinsight.core.limits import DAY, HOUR
from liveinsight.errors import StoreError, StoreUnavailable
from liveinsight.store.archive import Archive
from liveinsight.store.archive_s3 import Archived, S3Archive, S3Object
from liveinsight.store.inbox import Inbox
from tests.aws.ministack import MiniStack
from tests.store.builders import SITE, T0, an_event
from tests.store.dynamodb.streaming import a_bucket

NINE = T0 - T0 % HOUR


class Bucket:
    """A bucket, and the archive in it."""

    def __init__(self, stack: MiniStack) -> None:
        self.s3 = stack.s3
        self.name = a_bucket(self.s3)
        self.archive = S3Archive(self.s3, self.name)

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=self.name, Key=key, Body=body)

    def write(self, *hours: int) -> list[str]:
        """One event received in each of these hours, in one batch."""
        return self.archive.write_batch(
            [
                Archived(str(hour), an_event(hour, received_at=NINE + hour * HOUR + 5))
                for hour in hours
            ]
        )


@pytest.fixture
def bucket(ministack: MiniStack) -> Bucket:
    return Bucket(ministack)


def test_the_events_of_a_batch_are_read_as_they_were_written(bucket: Bucket) -> None:
    events = [
        an_event(n, received_at=NINE, properties={"n": n, "text": "é\n"}, page=None)
        for n in range(300)
    ]
    bucket.archive.write_batch([Archived(f"{e.timestamp}", e) for e in events])
    [found] = bucket.archive.objects_after(0)
    assert found.events == 300
    assert found.hour == NINE
    assert 0 < found.size < 20_000
    assert list(bucket.archive.read(found)) == events


def test_a_batch_over_two_hours_of_receipt_leaves_an_object_in_each(
    bucket: Bucket,
) -> None:
    names = bucket.write(0, 1, 0)
    assert [found.events for found in bucket.archive.objects_after(0)] == [2, 1]
    assert sorted(names) == [f.name for f in bucket.archive.objects_after(0)]


def test_other_records_of_the_same_range_are_another_object(bucket: Bucket) -> None:
    event = an_event(0, received_at=NINE)
    more = [Archived("1", event), Archived("2", an_event(1, received_at=NINE))]
    one = bucket.archive.write_batch([*more, Archived("9", event)])
    other = bucket.archive.write_batch([more[0], Archived("9", event)])
    assert one != other
    assert one[0].split("/")[-1].split("-")[:2] == ["1", "9"]


def test_what_is_listed_begins_two_hours_before_the_mark(bucket: Bucket) -> None:
    bucket.write(0, 1, 2, 3, 30)
    listed = bucket.archive.objects_after(NINE + 3 * HOUR + 99)
    assert [(found.hour - NINE) // HOUR for found in listed] == [1, 2, 3, 30]


def test_the_lines_are_those_of_the_archive_in_a_folder(
    bucket: Bucket, tmp_path: Path
) -> None:
    events = [an_event(number, received_at=NINE) for number in range(3)]
    inbox, folder = Inbox(tmp_path / "inbox.sqlite3"), Archive(tmp_path / "archive")
    inbox.append(events)
    folder.write(iter(inbox.rows.raw_after(0, 10)), 1, 1)
    inbox.close()
    [written] = folder.objects()
    body = (folder.folder / written.name).read_bytes()
    bucket.archive.write_batch([Archived("1", event) for event in events])
    [found] = bucket.archive.objects_after(0)
    stored = bucket.s3.get_object(Bucket=bucket.name, Key=found.name)["Body"].read()
    assert gzip.decompress(stored) == gzip.decompress(body)
    # So a folder copied into the bucket is history, too.
    bucket.put(written.name, body)
    copied = [o for o in bucket.archive.objects_after(0) if o.name == written.name]
    assert list(bucket.archive.read(copied[0])) == events
    assert copied[0].events == 3


def test_what_else_is_in_the_bucket_is_no_object_of_the_archive(bucket: Bucket) -> None:
    for key in (
        "v=1/",
        "v=1/date=2027-01-15/hour=08/",
        "v=1/date=2027-01-15/hour=08/notes.txt",
        "v=1/date=2027-13-15/hour=08/1-2-3.ndjson.gz",
        "v=1/date=2027-01-15/hour=88/1-2-3.ndjson.gz",
        "v=1/date=soon/hour=08/1-2-3.ndjson.gz",
        "v=2/date=2027-01-15/hour=08/1-2-3.ndjson.gz",
        "1-2-3.ndjson.gz",
    ):
        bucket.put(key, b"")
    [name] = bucket.write(0)
    assert [found.name for found in bucket.archive.objects_after(0)] == [name]
    assert bucket.archive.days() == [NINE - NINE % DAY]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(gzip.compress(b'{"site":"x"}\n'), id="no event"),
        pytest.param(gzip.compress(b"no JSON\n"), id="no JSON"),
        pytest.param(b"not compressed", id="not compressed"),
        pytest.param(gzip.compress(b"{}" * 9_000)[:-9], id="cut short"),
    ],
)
def test_a_broken_object_is_an_error_of_the_store(bucket: Bucket, body: bytes) -> None:
    name = "v=1/date=2027-01-15/hour=08/1-2-3.ndjson.gz"
    bucket.put(name, body)
    [found] = bucket.archive.objects_after(0)
    with pytest.raises(StoreError, match="1-2-3"):
        list(bucket.archive.read(found))


def test_an_object_that_is_gone_is_an_error_of_the_store(bucket: Bucket) -> None:
    gone = S3Object(NINE, "v=1/date=2027-01-15/hour=08/1-2-3.ndjson.gz", 3, 9)
    with pytest.raises(StoreError):
        list(bucket.archive.read(gone))


def test_a_bucket_that_is_not_to_be_had_is_unavailable(ministack: MiniStack) -> None:
    archive = S3Archive(ministack.s3, "no-such-bucket-here")
    with pytest.raises(StoreUnavailable):
        archive.write_batch([Archived("1", an_event(0, site=SITE))])
    with pytest.raises(StoreUnavailable):
        list(archive.objects_after(0))
