"""What the tests of the AWS store share."""

import pytest

from tests.aws.dynamodb_local import Database
from tests.aws.ministack import MiniStack
from tests.store.dynamodb.streaming import Streaming


@pytest.fixture
def streaming(ministack: MiniStack, dynamodb: Database) -> Streaming:
    """The stream function over empty tables, an empty bucket and empty queues."""
    return Streaming(dynamodb, ministack)
