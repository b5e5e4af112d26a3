"""What can be filtered by: the values that are there, the names of properties."""

import re
from typing import cast

from liveinsight.core.ports import Reader
from liveinsight.query.check import check_period, check_site
from liveinsight.query.model import Filter, Operator, Period, Question, Where
from liveinsight.query.run import answer

MOST_PROPERTIES = 100


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

    Raises:
        QueryError: the site or the period cannot be asked about.
    """
    check_site(site)
    check_period("period", period)
    values = (site, site, period.start, period.end, MOST_PROPERTIES)
    rows = reader.query(_PROPERTY_NAMES, values)
    return [cast("str", row[0]) for row in rows]


_PROPERTY_NAMES = """
select name
from (
    select unnest(json_keys(e.properties)) as name
    from events e
    where (e.site = $1 or $2 is null)
        and e.time >= $3
        and e.time < $4
        and e.properties is not null
)
group by name
order by count(*) desc, name
limit $5
"""
