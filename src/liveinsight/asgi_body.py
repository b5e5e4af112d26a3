"""The body of a request that must fit into memory."""

from liveinsight.routes import Receive


class BodyTooLargeError(Exception):
    """It does not end within the limit."""


class SenderLeftError(Exception):
    """The connection closed before the body was complete."""


async def read_body(receive: Receive, most: int) -> bytes:
    """The whole body, at most `most` bytes of it.

    Raises:
        BodyTooLargeError: it does not end within the limit; the rest was not read.
        SenderLeftError: the connection closed.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise SenderLeftError
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > most:
            raise BodyTooLargeError
        if not message.get("more_body", False):
            return b"".join(parts)
