"""Events as API Gateway's REST proxy integration sends them."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any, cast

RECORDED = Path(__file__).with_name("proxy_event.json")

Event = dict[str, Any]


def a_proxy_event(
    body: object = None, *, method: str = "POST", is_binary: bool = True, **headers: str
) -> Event:
    """The recorded event with another body (JSON unless it is bytes) and headers.

    Names of headers are written with `_`; None as body is no body at all.
    """
    event = cast("Event", json.loads(RECORDED.read_text()))
    event["httpMethod"] = method
    for name, value in headers.items():
        title = name.replace("_", "-").title()
        event["headers"][title] = value
        event["multiValueHeaders"][title] = [value]
    if body is None:
        return event | {"body": None, "isBase64Encoded": False}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    text = b64encode(raw).decode() if is_binary else raw.decode()
    return event | {"body": text, "isBase64Encoded": is_binary}


class LambdaContext:
    """As Lambda's, as far as it is used."""

    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

    def __init__(self, milliseconds: int = 10_000) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds
