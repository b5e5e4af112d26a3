"""DynamoDB calls inside the time that a request has left: retried, and overlapped."""

import logging
import math
import random
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Final, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 a time-out in connecting is one of these alone
    HTTPClientError,
    IncompleteReadError,
)
from botocore.parsers import ResponseParserError

from liveinsight.errors import StoreError, StoreUnavailable
from liveinsight.log import without_text

if TYPE_CHECKING:
    from liveinsight.store.dynamodb.items import Item

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")

THREADS: Final = 8
ATTEMPTS: Final = 12
"""Of one piece of work; with these pauses some 5 s on average, if there is the time."""
FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 1.0
RETRY_AFTER_S: Final = 2

_SERVER_ERROR: Final = 500
_PASSING: Final = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "TransactionConflictException",
    }
)
_OURS: Final = frozenset({"SerializationException", "ValidationException"})


class Refused(Exception):  # noqa: N818 not an error: the condition said no
    """A condition did not hold; `item` is what is stored, empty if there is nothing."""

    def __init__(self, item: "Item") -> None:
        super().__init__("the condition did not hold")
        self.item = item


class Patience:
    """Tries one piece of work again, until `ends_at` (monotonic, s)."""

    def __init__(self, ends_at: float) -> None:
        self._ends_at = ends_at
        self._tries = 0

    def call(self, make: Callable[[], _Result]) -> _Result:
        """The answer, after as many attempts as it takes.

        Raises:
            Refused: its condition did not hold.
            StoreUnavailable: the time has run out, or the tables are not to be had.
            StoreError: the call is wrong; it would be the next time, too.
        """
        while True:
            try:
                return make()
            except ClientError as error:
                reason = _look_at(error)
            except _BROKEN_OFF as error:
                reason = type(error).__name__
            except BotoCoreError as error:
                _log.error("a DynamoDB call failed", extra=without_text(error))
                raise StoreUnavailable(_NOT_TO_BE_HAD, RETRY_AFTER_S) from error
            self.pause(reason)

    def pause(self, reason: str) -> None:
        """Waits before the next attempt, with full jitter.

        Raises:
            StoreUnavailable: there is no time for another.
        """
        longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**self._tries)
        pause = random.uniform(0, longest)  # noqa: S311 no secret
        self._tries += 1
        if self._tries >= ATTEMPTS or time.monotonic() + pause >= self._ends_at:
            _log.warning(
                "gave a DynamoDB call up",
                extra={"reason": reason, "attempts": self._tries},
            )
            raise StoreUnavailable(_TOO_SLOW, RETRY_AFTER_S)
        time.sleep(pause)


_BROKEN_OFF: Final = (
    *(ConnectionError, HTTPClientError, IncompleteReadError, OSError),
    ResponseParserError,
)
_TOO_SLOW: Final = "the tables did not take it in time"
_NOT_TO_BE_HAD: Final = "the tables cannot be reached"


def _look_at(error: ClientError) -> str:
    """The code of an error that passes; what does not is raised."""
    code = error.response.get("Error", {}).get("Code", "")
    if code == "ConditionalCheckFailedException":
        # botocore knows this member of just this error; its type does not.
        raise Refused(error.response.get("Item", {})) from None  # type: ignore[arg-type]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _PASSING or status >= _SERVER_ERROR:
        return code or str(status)
    _log.error(
        "DynamoDB refused a call",
        extra={"code": code, "operation": error.operation_name},
    )
    if code in _OURS:
        raise StoreError(f"DynamoDB refused {error.operation_name}: {code}") from error
    # Rights, names, credentials: the owner mends them, and the sender tries again.
    raise StoreUnavailable(_NOT_TO_BE_HAD, RETRY_AFTER_S) from error


class Caller:
    """Makes calls for one request at a time; each must be over by `ends_at`."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "dynamodb")
        self.ends_at = math.inf

    def one(self, work: Callable[[Patience], _Result]) -> _Result:
        """The result of one piece of work."""
        results: list[_Result] = []
        self.together([lambda patience: results.append(work(patience))])
        return results[0]

    def together(self, works: Iterable[Callable[[Patience], None]]) -> None:
        """Returns when all are done; if one fails, the others are not waited for.

        What is still under way then may yet be written: to write it again is harmless.

        Raises:
            StoreUnavailable: one was not done in time.
            StoreError: one never would be.
        """
        ends_at = self.ends_at
        futures = [self._threads.submit(work, Patience(ends_at)) for work in works]
        left = None if math.isinf(ends_at) else max(0.0, ends_at - time.monotonic())
        done, waiting = wait(futures, left, FIRST_EXCEPTION)
        for future in waiting:
            future.cancel()
        for future in done:
            future.result()
        if waiting:
            _log.warning("DynamoDB was too slow", extra={"calls": len(waiting)})
            raise StoreUnavailable(_TOO_SLOW, RETRY_AFTER_S)
