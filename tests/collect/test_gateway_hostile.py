"""Whatever a sender puts into a request, the AWS door answers, and answers for itself."""

import json
from base64 import b64encode

from hypothesis import example, given, settings
from hypothesis import strategies as st

from liveinsight.collect.door import Door
from liveinsight.collect.gateway import GatewayDoor
from tests.collect.builders import NOW, an_event
from tests.collect.proxy_events import Event, LambdaContext, a_proxy_event
from tests.collect.test_gateway import TimedMemoryStore

BOUNDED = settings(max_examples=300, derandomize=True, database=None)
READ = ["content-type", "content-length", "content-encoding", "user-agent", "origin"]
NAMES = st.sampled_from([*READ, "X-Forwarded-For", "Accept"]) | st.text(max_size=8)
VALUES = st.text(max_size=30) | st.sampled_from(
    ["gzip", "text/plain", "10", "٣", "²", "9" * 5000, "\ud800", "a\r\nSet-Cookie: b"]
)
HEADERS = st.none() | st.dictionaries(NAMES, st.lists(VALUES, max_size=3), max_size=6)
BODIES = (
    st.none()
    | st.text(max_size=50)
    | st.sampled_from(
        [
            json.dumps(an_event(user_id=user, session_id=user))
            for user in (None, "user-1")
        ]
    )
)


@st.composite
def proxy_events(draw: st.DrawFn) -> Event:
    several, body = draw(HEADERS), draw(BODIES)
    is_binary = body is not None and draw(st.booleans())
    if is_binary and body is not None:
        body = b64encode(body.encode("utf-8", "surrogatepass")).decode()
    return a_proxy_event(method=draw(st.sampled_from(["POST", "OPTIONS", "PUT"]))) | {
        "multiValueHeaders": several,
        "headers": None,
        "body": body,
        "isBase64Encoded": is_binary,
    }


@BOUNDED
@given(proxy_events())
@example(a_proxy_event(an_event(user_id=None), user_agent="\ud800"))
def test_no_request_makes_it_fail(event: Event) -> None:
    door = GatewayDoor(TimedMemoryStore(), Door(), lambda: NOW)
    result = door.answer(event, LambdaContext())
    assert result["statusCode"] in {200, 204, 400, 405, 413, 415}
    headers = result["headers"]
    assert isinstance(headers, dict)
    assert headers["Access-Control-Allow-Origin"] == "*"
    json.dumps(result).encode()


ANYTHING = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
)


@BOUNDED
@given(ANYTHING)
def test_what_is_no_request_is_answered_too(event: object) -> None:
    door = GatewayDoor(TimedMemoryStore(), Door(), lambda: NOW)
    assert door.answer(event, LambdaContext())["statusCode"] == 500
