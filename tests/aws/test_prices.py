"""The one file of prices, and what is reckoned with it."""

import datetime

import pytest

from liveinsight.aws.prices import PRICES, Price, Usage, bill


@pytest.mark.parametrize("price", PRICES, ids=lambda price: price.unit)
def test_a_price_says_when_and_where_it_was_read(price: Price) -> None:
    read_on = datetime.date.fromisoformat(price.read_on)
    assert (
        datetime.date(2026, 6, 1)
        <= read_on
        <= datetime.datetime.now(datetime.UTC).date()
    )
    assert price.source
    assert price.usd > 0


def test_a_bill_has_all_that_was_used() -> None:
    used = Usage(
        api_requests=1_000_000,
        invocations=2_000_000,
        gb_seconds=30_000,
        write_units=3_000_000,
        read_units=4_000_000,
        log_bytes=500_000_000,
        object_puts=6_000,
        queue_requests=7_000_000,
    )
    due = bill(used)
    assert due.api == pytest.approx(3.5)
    assert due.functions == pytest.approx(0.4 + 0.400002)
    assert due.tables == pytest.approx(2.04 + 0.542)
    assert due.logs == pytest.approx(0.38)
    assert due.archive == pytest.approx(0.027)
    assert due.queue == pytest.approx(2.8)
    assert due.total == pytest.approx(3.5 + 0.800002 + 2.582 + 0.38 + 0.027 + 2.8)
    assert bill(used, architecture="x86_64").functions == pytest.approx(0.4 + 0.500001)
