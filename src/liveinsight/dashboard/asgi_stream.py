"""Answers too long for memory, sent as they are made."""

import asyncio
from concurrent.futures import Executor
from contextlib import suppress

from django.http import StreamingHttpResponse

from liveinsight.dashboard.asgi_types import Receive, Send


class Pieces:
    """The content of a streaming response, made piece by piece in threads."""

    def __init__(self, response: StreamingHttpResponse, threads: Executor) -> None:
        self._response = response
        self._pieces = iter(response)
        self._threads = threads

    async def send(self, receive: Receive, send: Send) -> None:
        """Sends the body, one piece when the one before has gone; ends with its reader.

        Raises whatever a piece fails with: the connection is cut then, so that nobody
        takes a part for the whole.
        """
        loop = asyncio.get_running_loop()
        leaving = asyncio.ensure_future(receive())
        try:
            while not leaving.done():
                piece = await loop.run_in_executor(
                    self._threads, next, self._pieces, None
                )
                await send(
                    {
                        "type": "http.response.body",
                        "body": piece or b"",
                        "more_body": piece is not None,
                    }
                )
                if piece is None:
                    break
        finally:
            leaving.cancel()
            with suppress(asyncio.CancelledError):
                await leaving
            await loop.run_in_executor(self._threads, self._response.close)
