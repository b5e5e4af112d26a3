"""Log lines: one JSON object each; `timestamp`, `level`, `message`, then fields.

A field is an entry of `extra`. Never an address, a user agent, a full URL or a body.
"""

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Final, TextIO

import msgspec

OWN_ATTRIBUTES: Final = frozenset(
    vars(logging.LogRecord("", 0, "", 0, "", None, None))
) | {"message", "asctime", "taskName"}
"""What every record has; anything else came with `extra`."""

QUIET: Final = ("uvicorn.access", "django.server", "django.request")
"""Loggers that would write paths with queries, or addresses."""

WARNING_AT_LEAST: Final = ("boto3", "botocore", "urllib3")
"""Loggers that would write, below a warning, all that is sent and to whom."""


class JsonLines(logging.Formatter):
    """Writes a record as one JSON line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "timestamp": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        for name, value in vars(record).items():
            if name not in OWN_ATTRIBUTES:
                line.setdefault(name, value)
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["trace"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


def configure_logging(level: str = "info", stream: TextIO | None = None) -> None:
    """Sends every logger of the process to `stream` (standard error) as JSON lines."""
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        quiet = logging.getLogger(name)
        quiet.handlers.clear()
        quiet.propagate = False
        quiet.addHandler(logging.NullHandler())
    for name in WARNING_AT_LEAST:
        logging.getLogger(name).setLevel(logging.WARNING)


def without_text(error: BaseException) -> dict[str, object]:
    """Fields that say of an error what it is and where it came through.

    Not what it says: that may be what a visitor sent, or their address.
    """
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return {"exception": type(error).__name__, "trace": places}
