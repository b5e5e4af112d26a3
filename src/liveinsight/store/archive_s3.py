"""The archive in S3: the same lines as in a folder, written by the stream function.

`v=1/date=2026-01-31/hour=09/FIRST-LAST-DIGEST-EVENTS.ndjson.gz`: date and hour are
those of receipt, FIRST and LAST sequence numbers of the Events stream, DIGEST says of
which records. So a batch that is delivered again overwrites its own object with the
same bytes. One that is cut anew (after a partial failure) leaves events in two
objects: that is legal, and every reader keeps the first copy of an event.

Nothing here deletes or lists more than it must: the function may only put. Who erases a
visitor puts other lines under the names of objects; their EVENTS then says too many.
"""

import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import takewhile
from typing import TYPE_CHECKING, Final

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from liveinsight.core.event import Event
from liveinsight.core.limits import DAY, HOUR, SECOND
from liveinsight.errors import StoreError, StoreUnavailable

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

RELISTED: Final = 2 * HOUR
"""Before the mark: objects of an hour may come this long after its first one."""

BLOCK_BYTES: Final = 1024 * 1024
_LEVEL: Final = 6
_NAME: Final = re.compile(
    r"v=1/date=(\d{4}-\d\d-\d\d)/hour=(\d\d)/[^/]*?(?:-(\d{1,12}))?\.ndjson\.gz"
)
_DATE: Final = re.compile(r"v=1/date=(\d{4}-\d\d-\d\d)/")
_encode_lines = msgspec.json.Encoder().encode_lines
_decode = msgspec.json.Decoder(Event).decode


class Archived(msgspec.Struct, frozen=True):
    """An event, and the sequence number of its record in the stream."""

    sequence: str
    event: Event


class S3Object(msgspec.Struct, frozen=True, order=True):
    """One object, by what its name says; sorted by the hour of receipt."""

    hour: int
    """Its start, ms since 1970."""
    name: str
    """The key in the bucket."""
    events: int
    """Duplicates of other objects included."""
    size: int
    """Bytes, compressed."""


class S3Archive:
    """The archive in a bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def write_batch(self, records: Sequence[Archived]) -> list[str]:
        """Writes records of one stream, in their order; the names of the objects.

        One object for each hour of receipt. The same records give the same objects.

        Raises:
            StoreUnavailable: not all is durable; the same call may be made again.
        """
        hours: dict[int, list[Archived]] = {}
        for record in records:
            received = record.event.received_at
            hours.setdefault(received - received % HOUR, []).append(record)
        names = []
        for hour, part in hours.items():
            name = folder_of(hour) + _name_of(part)
            lines = _encode_lines([record.event for record in part])
            try:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=name,
                    Body=gzip.compress(lines, _LEVEL, mtime=0),
                    ContentType="application/gzip",
                )
            except (BotoCoreError, ClientError) as error:
                raise StoreUnavailable(f"archive: {error}") from error
            names.append(name)
        return names

    def objects_after(self, mark: int) -> Iterator[S3Object]:
        """All objects of `mark` (ms) and later, and of the two hours before.

        In order of their hours; 1,000 a request. Ask with the hour of the newest
        object that was read, and skip what is known: the other shards of a stream
        may be behind. Whoever shall miss nothing even of a shard that was held up
        asks once an hour with a mark of a day ago: no record gets older in a stream.

        Raises:
            StoreUnavailable: the bucket does not answer.
        """
        return self._list(max(mark - mark % HOUR - RELISTED, 0))

    def objects_of_day(self, day: int) -> Iterator[S3Object]:
        """All objects of the UTC day that starts at `day` (ms), in order of hours.

        Raises:
            StoreUnavailable: the bucket does not answer.
        """
        return takewhile(lambda found: found.hour < day + DAY, self._list(day))

    def days(self) -> list[int]:
        """The starts (ms) of the UTC days that have objects, in their order.

        Raises:
            StoreUnavailable: the bucket does not answer.
        """
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix="v=1/date=", Delimiter="/"
        )
        try:
            dates = [
                _DATE.fullmatch(entry["Prefix"])
                for page in pages
                for entry in page.get("CommonPrefixes", ())
            ]
        except (BotoCoreError, ClientError) as error:
            raise StoreUnavailable(f"archive: {error}") from error
        days = [_hour_of(date.group(1), "00") for date in dates if date]
        return [day for day in days if day is not None]

    def _list(self, start: int) -> Iterator[S3Object]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix="v=1/", StartAfter=folder_of(start)
        )
        try:
            for page in pages:
                for entry in page.get("Contents", ()):
                    found = _object(entry["Key"], entry.get("Size", 0))
                    if found is not None:
                        yield found
        except (BotoCoreError, ClientError) as error:
            raise StoreUnavailable(f"archive: {error}") from error

    def read(self, found: S3Object) -> Iterator[Event]:
        """The events of an object, in order; it is not held in memory.

        Raises:
            StoreUnavailable: the bucket does not answer.
            StoreError: the object is gone, cut short or broken.
        """
        with _translated(found), ExitStack() as ends:
            answer = self._client.get_object(Bucket=self._bucket, Key=found.name)
            body = ends.enter_context(answer["Body"])
            for line in ends.enter_context(gzip.GzipFile(fileobj=body)):
                yield _decode(line)

    def blocks(self, found: S3Object) -> Iterator[bytes]:
        """The lines of an object, many whole ones at a time.

        Raises:
            StoreUnavailable: the bucket does not answer.
            StoreError: the object is gone, cut short or broken.
        """
        with _translated(found), ExitStack() as ends:
            answer = self._client.get_object(Bucket=self._bucket, Key=found.name)
            body = ends.enter_context(answer["Body"])
            lines = ends.enter_context(gzip.GzipFile(fileobj=body))
            while block := lines.read(BLOCK_BYTES):
                yield block + lines.readline()

    def replace(self, found: S3Object, lines: bytes) -> None:
        """Gives the object other lines, under its name; erasing alone does that.

        Raises:
            StoreUnavailable: it is as it was, or not; the same call may be made again.
        """
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=found.name,
                Body=gzip.compress(lines, _LEVEL, mtime=0),
                ContentType="application/gzip",
            )
        except (BotoCoreError, ClientError) as error:
            raise StoreUnavailable(f"archive: {error}") from error


@contextmanager
def _translated(found: S3Object) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        # Not the object's fault, but of rights, names or the way there: it must
        # not be passed over for that.
        is_gone = error.response.get("Error", {}).get("Code") == "NoSuchKey"
        kind = StoreError if is_gone else StoreUnavailable
        raise kind(f"{found.name}: {error}") from error
    except BotoCoreError as error:
        raise StoreUnavailable(f"{found.name}: {error}") from error
    except (OSError, EOFError, zlib.error, msgspec.DecodeError) as error:
        raise StoreError(f"{found.name}: {error}") from error


def folder_of(hour: int) -> str:
    """What the names of an hour's objects begin with."""
    at = datetime.fromtimestamp(hour // SECOND, UTC)
    return f"v=1/date={at:%Y-%m-%d}/hour={at:%H}/"


def _name_of(part: Sequence[Archived]) -> str:
    first, last = part[0].sequence, part[-1].sequence
    said = "\n".join(record.sequence + record.event.event_id for record in part)
    digest = blake2b(said.encode(), digest_size=8).hexdigest()
    return f"{first}-{last}-{digest}-{len(part)}.ndjson.gz"


def _object(name: str, size: int) -> S3Object | None:
    matched = _NAME.fullmatch(name)
    if matched is None:
        return None
    date, hour_of_day, events = matched.groups()
    hour = _hour_of(date, hour_of_day)
    return None if hour is None else S3Object(hour, name, int(events or 0), size)


def _hour_of(date: str, hour: str) -> int | None:
    """Its start in ms; None if there is no such day or hour."""
    try:
        at = datetime.fromisoformat(f"{date}T{hour}:00:00+00:00")
    except ValueError:
        return None
    return int(at.timestamp()) * SECOND
