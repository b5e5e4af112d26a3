"""Log lines are JSON objects with the same first fields in every mode."""

import io
import json
import logging

import pytest

from liveinsight.log import configure_logging, without_text


def test_a_line_is_one_object_with_its_fields_after_the_message(
    log_lines: io.StringIO,
) -> None:
    logging.getLogger("a").warning("Disk is %s", "full", extra={"free_mb": 3})
    line = json.loads(log_lines.getvalue())
    assert list(line) == ["timestamp", "level", "message", "free_mb"]
    assert line["message"] == "Disk is full"
    assert line["level"] == "warning"
    assert line["timestamp"].endswith("+00:00")


def test_a_field_of_any_type_can_be_written(log_lines: io.StringIO) -> None:
    logging.getLogger("a").info("x", extra={"reason": ValueError("no")})
    assert json.loads(log_lines.getvalue())["reason"] == "no"


def test_a_line_break_in_a_message_makes_no_second_line(log_lines: io.StringIO) -> None:
    logging.getLogger("a").info("one\ntwo")
    assert log_lines.getvalue().count("\n") == 1


def test_an_exception_is_in_its_line(log_lines: io.StringIO) -> None:
    try:
        int("no number")
    except ValueError:
        logging.getLogger("a").exception("It failed")
    line = json.loads(log_lines.getvalue())
    assert line["exception"] == "ValueError"
    assert "no number" in line["trace"]


def test_below_the_level_nothing_is_written(log_lines: io.StringIO) -> None:
    configure_logging("info", log_lines)
    logging.getLogger("a").debug("x")
    assert log_lines.getvalue() == ""


@pytest.mark.parametrize("name", ["uvicorn.access", "django.request"])
def test_loggers_that_write_addresses_are_silent(
    log_lines: io.StringIO, name: str
) -> None:
    logging.getLogger(name).error("GET /?q=secret from 192.0.2.1")
    assert log_lines.getvalue() == ""


def test_an_error_can_be_told_without_its_text(log_lines: io.StringIO) -> None:
    with pytest.raises(ValueError, match="invalid") as raised:
        int("192.0.2.1")
    logging.getLogger("a").error("It failed", extra=without_text(raised.value))
    line = json.loads(log_lines.getvalue())
    assert line["exception"] == "ValueError"
    assert "test_log.py" in line["trace"][-1]
    assert "192.0.2.1" not in log_lines.getvalue()


@pytest.mark.parametrize("name", ["botocore.endpoint", "urllib3.connectionpool"])
def test_libraries_that_would_write_what_is_sent_only_warn(
    log_lines: io.StringIO, name: str
) -> None:
    logging.getLogger(name).info("GET /?q=secret")
    logging.getLogger(name).warning("slow")
    assert json.loads(log_lines.getvalue())["message"] == "slow"
