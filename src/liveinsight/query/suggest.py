"""What can be filtered by: the values that are there, the names of properties."""

import re
from typing import cast

from liveinsight.core.limits import DAY
from liveinsight.core.ports import Reader
from liveinsight.query.check import check_period, check_site
from liveinsight.query.model import Filter, Operator, Period, Question, Where
from liveinsight.query.run import answer

MOST_PROPERTIES = 100
MOST_READ = 20_000
"""Events, twice."""


def suggest_values(
    question: Question, dimension: str, text: str, reader: Reader
) -> list[tuple[str, int]]:
    """The dimension's values with their visitors, most first; "" is "not set".

    The question gives site, period, filters and limit; the text is part of the value,
    whatever its case, or "" for any.

    Raises:
        QueryError: the question cannot be asked.
    """
    filters: tuple[Where, ...] = question.filters
    if text:
        pattern = "(?i)" + re.escape(text)
        filters = (*filters, Filter(dimension, Operator.MATCHES, (pattern,)))
    asked = Question(
        site=question.site,
        timezone=question.timezone,
        period=question.period,
        metrics=("visitors",),
        dimensions=(dimension,),
        filters=filters,
        goals=question.goals,
        limit=question.limit,
    )
    return [
        (str(row.dimensions[0] or ""), int(row.metrics[0] or 0))
        for row in answer(asked, reader).rows
    ]


def property_names(site: str | None, period: Period, reader: Reader) -> list[str]:
    """The names of properties that events of the period have, most used first.

    Of a long period only its earliest and its latest events are read: reading the
    JSON of all took 1.4 s for 5 million.

    Raises:
        QueryError: the site or the period cannot be asked about.
    """
    check_site(site)
    check_period("period", period)
    late = max(period.start, period.end - _LATEST)
    values = (site, period.start, period.end, late, MOST_READ, MOST_PROPERTIES)
    return [cast("str", row[0]) for row in reader.query(_PROPERTY_NAMES, values)]


_LATEST = 2 * DAY
_PROPERTY_NAMES = """
with of_site as (
    select e.time, e.properties
    from events e
    where (e.site = $1 or $1 is null) and e.properties is not null
),
read as (
    (select properties from of_site where time >= $2 and time < $3 limit $5)
    union all
    (select properties from of_site where time >= $4 and time < $3 limit $5)
)
select name
from (select unnest(json_keys(properties)) as name from read)
group by name
order by count(*) desc, name
limit $6
"""
