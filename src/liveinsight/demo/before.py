"""What the shop's tool before LiveInsight had counted: a year of totals of days."""

import datetime as dt
from collections.abc import Iterator, Mapping
from random import Random
from typing import Final

from liveinsight.demo.catalogue import BASE, PRODUCTS
from liveinsight.demo.history import DAYS as DAYS_OF_HISTORY
from liveinsight.imports.plausible import Total

TOOL: Final = "Plausible"
DAYS: Final = 365
GAP_DAYS: Final = DAYS_OF_HISTORY + 2
"""Between its last day and today: since then there are events."""
FIRST_VISITORS: Final = 620
LAST_VISITORS: Final = 1_150
WEEKEND: Final = 1.25

SHARES: Final[Mapping[str, Mapping[str, float]]] = {
    "page": {
        BASE: 0.7,
        f"{BASE}cart/": 0.16,
        **{each.path: each.weight / 50 for each in PRODUCTS},
    },
    "source": {
        "": 0.34,
        "Google": 0.38,
        "Instagram": 0.17,
        "Bing": 0.06,
        "Kakao": 0.05,
    },
    "country": {"DE": 0.41, "US": 0.22, "KR": 0.16, "FR": 0.12, "ES": 0.09},
    "device": {"Mobile": 0.57, "Desktop": 0.37, "Tablet": 0.06},
    "browser": {"Chrome": 0.52, "Safari": 0.31, "Firefox": 0.1, "Edge": 0.07},
}
"""Of a day's visitors; pages are seen by more than one each."""


def counted_before(today: dt.date) -> Iterator[Total]:
    """The totals of the days, up to those that there are events of."""
    first = today - dt.timedelta(days=GAP_DAYS + DAYS)
    for number in range(DAYS):
        day = first + dt.timedelta(days=number)
        rng = Random(day.toordinal())  # noqa: S311 (a demo)
        trend = FIRST_VISITORS + (LAST_VISITORS - FIRST_VISITORS) * number / DAYS
        weekend = WEEKEND if day.weekday() > 4 else 1
        visitors = round(trend * weekend * rng.uniform(0.85, 1.15))
        visits = round(visitors * rng.uniform(1.1, 1.25))
        yield Total(
            day=day.isoformat(),
            dimension="",
            value="",
            detail="",
            visitors=visitors,
            visits=visits,
            page_views=round(visits * rng.uniform(2.6, 3.4)),
            bounces=round(visits * rng.uniform(0.36, 0.46)),
            duration_s=round(visits * rng.uniform(95, 150)),
        )
        for dimension, shares in SHARES.items():
            for value, share in shares.items():
                yield Total(
                    day=day.isoformat(),
                    dimension=dimension,
                    value=value,
                    detail="",
                    visitors=round(visitors * share * rng.uniform(0.8, 1.2)),
                )
