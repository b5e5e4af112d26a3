"""An account of AWS for the benchmarks: DynamoDB Local, and MiniStack for the rest."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import boto3

from bench._aws_meter import Meter
from bench._aws_naive import TABLES as NAIVE_TABLES
from liveinsight.store.dynamodb.items import Tables
from tests.aws.dynamodb_local import running_dynamodb_local
from tests.aws.ministack import an_account, running_ministack
from tests.aws.tables import create_tables

BUCKET: Final = "bench-archive"


@contextmanager
def metered_account() -> Iterator[Meter]:
    """All calls of boto3 go to an empty account, tables made, and are counted."""
    with running_dynamodb_local() as database, running_ministack() as others:
        account = an_account(others)
        os.environ.update(account.environ, AWS_ENDPOINT_URL_DYNAMODB=database)
        os.environ.update(AWS_ENDPOINT_URL_DYNAMODB_STREAMS=database)
        account.s3.create_bucket(
            Bucket=BUCKET,
            CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"},
        )
        os.environ["ARCHIVE_BUCKET"] = BUCKET
        for name in ("RESETTLE", "FAILURES"):
            queue = account.sqs.create_queue(QueueName=f"bench-{name.lower()}")
            os.environ[f"{name}_QUEUE_URL"] = queue["QueueUrl"]
        # Not with the product's client: a first table may take longer than it waits.
        making = boto3.client("dynamodb")
        for tables in (Tables(), NAIVE_TABLES):
            create_tables(making, tables)
        # Clients are metered whose session is made after the meter.
        meter = Meter()
        boto3.DEFAULT_SESSION = None
        yield meter
