"""A question as JSON, as the API and the command line take it.

The structs are the schema too: docs and the OpenAPI document are made from them.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from liveinsight.core import limits
from liveinsight.errors import QueryError
from liveinsight.query.catalog.dimensions import DIMENSIONS, PROPERTY
from liveinsight.query.catalog.metrics import METRICS
from liveinsight.query.check import (
    MAX_DIMENSIONS,
    MAX_FILTERS,
    MAX_LIMIT,
    MAX_METRICS,
    MAX_OFFSET,
)
from liveinsight.query.model import (
    Attribution,
    Goal,
    Interval,
    Order,
    Period,
    Question,
    Where,
)
from liveinsight.query.parse import (
    DEFAULT_PERIOD,
    PERIODS,
    parse_period,
    previous,
    so_far,
    year_before,
)
from liveinsight.query.where import read_where, write_where

ISO: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+(Z|[+-][0-9:]+)?)?$"
MOMENT: Final = (
    "ms since 1970 UTC, or an ISO date or time in the site's time zone;"
    " a date as the end includes that day"
)

Milliseconds = Annotated[
    int,
    Meta(ge=limits.EARLIEST_TIMESTAMP, le=limits.LATEST_TIMESTAMP + 366 * limits.DAY),
]
Moment = Milliseconds | Annotated[str, Meta(pattern=ISO, description=MOMENT)]
PeriodForm = (
    Annotated[
        str,
        Meta(
            extra_json_schema={"enum": [*PERIODS]},
            description="It begins at a midnight of the time zone; today is among the days.",
        ),
    ]
    | tuple[Moment, Moment]
)
CompareForm = Annotated[
    Literal["previous", "year"] | tuple[Moment, Moment] | None,
    Meta(
        description=(
            "The period compared with: the one before, the same of a year"
            " earlier, or from and to."
        )
    ),
]
AttributionForm = Annotated[
    Attribution,
    Meta(
        description=(
            "Which of the visitor's sessions sources, channels, referrers and utm"
            " values are of."
        )
    ),
]
FilterForm = Annotated[
    object, Meta(extra_json_schema={"$ref": "#/components/schemas/Filter"})
]
DimensionForm = Annotated[
    str,
    Meta(
        extra_json_schema={
            "anyOf": [
                {"enum": [*DIMENSIONS]},
                {"pattern": f"^{PROPERTY}.{{1,{limits.PROPERTY_KEY_CHARS}}}$"},
            ]
        }
    ),
]


class About(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every question says: which site, when, under which filters."""

    site: Annotated[
        str | None,
        Meta(
            description=(
                "A site's domain. Without it: the only site that the key reads,"
                " else the only one configured, else all together."
            )
        ),
    ] = None
    timezone: Annotated[
        str | None,
        Meta(description="An IANA name, which cuts days. Without it: the site's own."),
    ] = None
    period: Annotated[PeriodForm, Meta(description="A name, or from and to.")] = (
        DEFAULT_PERIOD
    )
    filters: Annotated[
        tuple[FilterForm, ...],
        Meta(max_length=MAX_FILTERS, description="All of them must hold."),
    ] = ()


class Query(About, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question: metrics by dimensions."""

    metrics: Annotated[
        tuple[Annotated[str, Meta(extra_json_schema={"enum": [*METRICS]})], ...],
        Meta(
            min_length=1,
            max_length=MAX_METRICS,
            description="What is counted.",
            extra_json_schema={"uniqueItems": True},
        ),
    ]
    dimensions: Annotated[
        tuple[DimensionForm, ...],
        Meta(
            max_length=MAX_DIMENSIONS,
            description=(
                "One row for each combination of their values; `time` asks for one"
                " row for each interval, `property:NAME` is of the event."
            ),
            extra_json_schema={"uniqueItems": True},
        ),
    ] = ()
    interval: Annotated[
        Interval | None,
        Meta(description="With `time`. Without it: by the length of the period."),
    ] = None
    attribution: AttributionForm = Attribution.SESSION
    order_by: Annotated[
        tuple[tuple[str, Literal["asc", "desc"]], ...],
        Meta(
            max_length=MAX_METRICS + MAX_DIMENSIONS,
            description=(
                'Metrics or dimensions of the question, as in `[["visitors",'
                ' "desc"]]`. Without it: time ascending, else the first metric'
                " descending."
            ),
        ),
    ] = ()
    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="The most rows.")] = 100
    offset: Annotated[
        int, Meta(ge=0, le=MAX_OFFSET, description="Rows that are passed over.")
    ] = 0
    compare: CompareForm = None


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What an `About` is about, looked up and read."""

    site: str | None
    timezone: str
    period: Period
    now: int
    """Where a running period is cut, to be compared with as much of another; ms."""
    filters: tuple[Where, ...]
    goals: tuple[Goal, ...] = ()


def read_period(form: PeriodForm, timezone: str, now: int, field: str) -> Period:
    """The period of that form.

    Raises:
        QueryError: it cannot be read, or is empty.
    """
    if isinstance(form, str):
        if form not in PERIODS:
            known = ", ".join(PERIODS)
            raise QueryError(field, "give one of %(known)s, or [from, to]", known=known)
        return parse_period(form, None, None, timezone, now)
    try:
        return parse_period(None, str(form[0]), str(form[1]), timezone, now)
    except QueryError as error:
        place = {"from": f"{field}[0]", "to": f"{field}[1]"}
        named = place.get(error.field, error.field)
        raise QueryError(named, error.text, **error.values) from None


def read_filters(
    forms: tuple[FilterForm, ...], field: str = "filters"
) -> tuple[Where, ...]:
    """The conditions of these forms; their names are not yet looked up.

    Raises:
        QueryError: one cannot be read; names its place in `field`.
    """
    return tuple(
        read_where(form, f"{field}[{index}]") for index, form in enumerate(forms)
    )


def read_question(query: Query, subject: Subject) -> Question:
    """The question of that form.

    Raises:
        QueryError: the period compared with cannot be read.
    """
    return Question(
        site=subject.site,
        timezone=subject.timezone,
        period=subject.period,
        metrics=query.metrics,
        dimensions=query.dimensions,
        filters=subject.filters,
        goals=subject.goals,
        attribution=query.attribution,
        interval=query.interval,
        order_by=tuple(Order(by, way == "desc") for by, way in query.order_by),
        limit=query.limit,
        offset=query.offset,
        compare=read_compare(query.compare, subject),
    )


def write_question(question: Question, filters: tuple[FilterForm, ...]) -> Query:
    """The form that asks the same at any later time: all that was implied is said."""
    return Query(
        site=question.site,
        timezone=question.timezone,
        period=(question.period.start, question.period.end),
        filters=filters,
        metrics=question.metrics,
        dimensions=question.dimensions,
        interval=question.interval,
        attribution=question.attribution,
        order_by=tuple(
            (order.by, "desc" if order.descending else "asc")
            for order in question.order_by
        ),
        limit=question.limit,
        offset=question.offset,
        compare=write_compare(question.compare),
    )


def write_filters(filters: tuple[Where, ...]) -> tuple[FilterForm, ...]:
    """What `read_filters` reads as these conditions."""
    return tuple(write_where(where) for where in filters)


def write_compare(compare: Period | None) -> CompareForm:
    """What `read_compare` reads as this period."""
    return None if compare is None else (compare.start, compare.end)


def read_compare(form: CompareForm, subject: Subject) -> Period | None:
    """The period that the subject's is compared with; None: none.

    Raises:
        QueryError: it cannot be read, or is empty.
    """
    if form is None:
        return None
    been = so_far(subject.period, subject.now)
    if form == "previous":
        return previous(been, subject.timezone)
    if form == "year":
        return year_before(been, subject.timezone)
    return read_period(form, subject.timezone, subject.period.end, "compare")
