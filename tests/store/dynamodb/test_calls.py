"""Calls inside the time that is left: tried again, overlapped, given up."""

import socket
import sys
import threading
import time

import pytest
from botocore.exceptions import ClientError

from liveinsight.errors import StoreError, StoreUnavailable
from liveinsight.store.dynamodb import calls
from liveinsight.store.dynamodb.calls import (
    ATTEMPTS,
    THREADS,
    Caller,
    Patience,
    Refused,
)
from liveinsight.store.dynamodb.client import dynamodb_client
from tests.waiting import PATIENCE_S

FOR_EVER = 1e12


def an_error(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": ""},
            "ResponseMetadata": {"HTTPStatusCode": status},  # type: ignore[typeddict-item]  # all that is read
        },
        "PutItem",
    )


class Failing:
    """A call that fails so many times, then succeeds."""

    def __init__(self, error: Exception, times: int = 1_000) -> None:
        self.error = error
        self.left = times
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.left:
            raise self.error
        return "done"


@pytest.fixture
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)


@pytest.mark.usefixtures("_no_pauses")
@pytest.mark.parametrize(
    "error",
    [
        an_error("ThrottlingException"),
        an_error("ProvisionedThroughputExceededException"),
        an_error("InternalServerError", 500),
        an_error("", 503),
        ConnectionResetError(),
    ],
    ids=repr,
)
def test_what_passes_is_tried_again(error: Exception) -> None:
    call = Failing(error, times=5)
    assert Patience(FOR_EVER).call(call) == "done"
    assert call.calls == 6


@pytest.mark.usefixtures("_no_pauses")
def test_nothing_is_tried_for_ever() -> None:
    call = Failing(an_error("ThrottlingException"))
    with pytest.raises(StoreUnavailable):
        Patience(FOR_EVER).call(call)
    assert call.calls == ATTEMPTS


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        ("AccessDeniedException", StoreUnavailable),
        ("ResourceNotFoundException", StoreUnavailable),
        ("ExpiredTokenException", StoreUnavailable),
        ("ValidationException", StoreError),
    ],
)
def test_what_does_not_pass_is_not_tried_again(
    code: str, raised: type[StoreError]
) -> None:
    call = Failing(an_error(code))
    with pytest.raises(StoreError) as error:
        Patience(FOR_EVER).call(call)
    assert type(error.value) is raised
    assert call.calls == 1


def test_a_condition_that_says_no_says_what_is_there() -> None:
    error = an_error("ConditionalCheckFailedException")
    error.response["Item"] = {"a": {"S": "b"}}  # type: ignore[typeddict-unknown-key]  # of this error alone
    with pytest.raises(Refused) as refused:
        Patience(FOR_EVER).call(Failing(error))
    assert refused.value.item == {"a": {"S": "b"}}


@pytest.mark.usefixtures("dynamodb")
def test_a_database_that_nobody_listens_at_is_unavailable_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{port}")
    monkeypatch.setattr(calls, "ATTEMPTS", sys.maxsize)  # the time alone ends it
    client = dynamodb_client({}, attempts=1)
    with pytest.raises(StoreUnavailable):
        Patience(time.monotonic() + 0.5).call(client.list_tables)
    client.close()


def test_pieces_of_work_are_done_at_the_same_time() -> None:
    meeting = threading.Barrier(4, timeout=PATIENCE_S)

    def meet(_: Patience) -> None:
        meeting.wait()

    Caller().together([meet] * 4)


def test_when_one_fails_what_has_not_begun_is_not_begun() -> None:
    caller, begun, let_go = Caller(), list[int](), threading.Event()

    def fail(_: Patience) -> None:
        raise StoreUnavailable("full")

    def work(_: Patience) -> None:
        begun.append(1)
        let_go.wait(PATIENCE_S)

    with pytest.raises(StoreUnavailable):
        caller.together([fail, *[work] * 200])
    let_go.set()
    caller.one(lambda _: None)
    assert len(begun) <= THREADS


def test_work_that_takes_too_long_is_not_waited_for() -> None:
    caller, ended = Caller(), threading.Event()

    def hang(_: Patience) -> None:
        ended.wait(PATIENCE_S)

    caller.ends_at = time.monotonic() + 0.1
    with pytest.raises(StoreUnavailable):
        caller.together([hang])
    ended.set()
