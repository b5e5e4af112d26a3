import asyncio
import gzip
from collections.abc import MutableMapping
from typing import Any

import pytest

from liveinsight.tracker.script import tracker_app, tracker_script

PLAIN: dict[str, str] = {}
ZIPPED = {"accept-encoding": "br, gzip;q=0.8"}


def ask(
    headers: dict[str, str], method: str = "GET"
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one request."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    pairs = [(key.encode(), value.encode()) for key, value in headers.items()]
    asyncio.run(tracker_app({"method": method, "headers": pairs}, receive, send))
    answered = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
    return sent[0]["status"], answered, sent[1]["body"]


def test_the_tracker_is_under_2500_bytes_of_gzip() -> None:
    assert len(tracker_script().gzipped) < 2_500


@pytest.mark.parametrize("asked", [PLAIN, ZIPPED], ids=["plain", "gzip"])
def test_it_comes_in_the_coding_that_is_asked_for(asked: dict[str, str]) -> None:
    status, headers, body = ask(asked)
    assert status == 200
    if asked:
        assert headers["content-encoding"] == "gzip"
        body = gzip.decompress(body)
    assert body == tracker_script().body
    assert "no-store" not in headers["cache-control"]
    assert headers["access-control-allow-origin"] == "*"
    assert headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize("asked", [PLAIN, ZIPPED], ids=["plain", "gzip"])
def test_a_copy_that_is_still_right_is_not_sent_again(asked: dict[str, str]) -> None:
    _, headers, _ = ask(asked)
    status, again, body = ask({**asked, "if-none-match": headers["etag"]})
    assert (status, body) == (304, b"")
    assert again["etag"] == headers["etag"]


def test_the_two_codings_have_two_validators() -> None:
    assert ask(PLAIN)[1]["etag"] != ask(ZIPPED)[1]["etag"]


@pytest.mark.parametrize("refusal", ["gzip;q=0", "br", ""])
def test_gzip_is_not_forced_on_anyone(refusal: str) -> None:
    assert "content-encoding" not in ask({"accept-encoding": refusal})[1]


def test_head_has_no_body_and_other_methods_are_refused() -> None:
    assert ask(PLAIN, "HEAD")[2] == b""
    assert ask(PLAIN, "POST")[0] == 405
