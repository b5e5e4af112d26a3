"""What the process logs while a test runs."""

import io
import logging
from collections.abc import Iterator

import pytest

from liveinsight.log import configure_logging


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """The lines that are logged, from `debug` on."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging("debug", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
