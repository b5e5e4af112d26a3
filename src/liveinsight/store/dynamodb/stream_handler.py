"""The stream function: put together once in a process, then called.

EVENTS_TABLE, SESSIONS_TABLE, ACTIVE_SESSIONS_TABLE, ARCHIVE_BUCKET,
RESETTLE_QUEUE_URL, FAILURES_QUEUE_URL and AWS_DEFAULT_REGION say where everything
is; LIVEINSIGHT_LOG_LEVEL how much is logged.
"""

import os
import sys
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from liveinsight.errors import ConfigError
from liveinsight.log import configure_logging
from liveinsight.store.archive_s3 import S3Archive
from liveinsight.store.dynamodb.client import config_for, dynamodb_client, region_of
from liveinsight.store.dynamodb.items import tables_of
from liveinsight.store.dynamodb.queues import Queue
from liveinsight.store.dynamodb.quick_client import quick_session
from liveinsight.store.dynamodb.settle import Settler
from liveinsight.store.dynamodb.stream_function import (
    Answer,
    Context,
    Parts,
    StreamFunction,
)

if TYPE_CHECKING:
    from types_boto3_dynamodbstreams.client import DynamoDBStreamsClient
    from types_boto3_s3.client import S3Client
    from types_boto3_sqs.client import SQSClient

_ATTEMPTS: Final = 4


def open_function(environ: Mapping[str, str]) -> StreamFunction:
    """The function as the environment says.

    Raises:
        ConfigError: something is missing there.
    """
    region, config = region_of(environ), config_for(_ATTEMPTS)
    make = partial(quick_session().create_client, region_name=region, config=config)
    sqs, archive = cast("SQSClient", make("sqs")), cast("S3Client", make("s3"))

    def streams() -> "DynamoDBStreamsClient":
        return cast("DynamoDBStreamsClient", make("dynamodbstreams"))

    # One attempt a call: settling itself tries again, as long as it may take.
    settler = Settler(dynamodb_client(environ, 1), tables_of(environ), _now_ms)
    return StreamFunction(
        Parts(
            archive=S3Archive(archive, _setting(environ, "ARCHIVE_BUCKET")),
            settler=settler,
            resettle=Queue(sqs, _setting(environ, "RESETTLE_QUEUE_URL")),
            failures=Queue(sqs, _setting(environ, "FAILURES_QUEUE_URL")),
            streams=streams,
            clock=_now_ms,
            write=_write_line,
        )
    )


def _setting(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if not value:
        raise ConfigError(f"{name} is not set")
    return value


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _write_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _open() -> StreamFunction:
    configure_logging(os.environ.get("LIVEINSIGHT_LOG_LEVEL") or "info")
    return open_function(os.environ)


_function = _open()


def handler(event: Mapping[str, Any], context: Context) -> Answer:
    """Which records or messages of the batch are to be delivered again."""
    return _function.handle(event, context)
