"""What of a question can be known to be wrong before it is compiled."""

from collections.abc import Sequence

from liveinsight.core import limits
from liveinsight.core.limits import DAY
from liveinsight.errors import QueryError
from liveinsight.query.buckets import find_zone
from liveinsight.query.catalog.dimensions import GOAL, TIME, Level, find_dimension
from liveinsight.query.catalog.metrics import Facts, find_metric
from liveinsight.query.goals import find_goals, with_built_in
from liveinsight.query.model import (
    Attribution,
    Filter,
    Goal,
    Operator,
    Period,
    Question,
    Where,
)
from liveinsight.query.where import check_pattern, leaves

MAX_FILTERS = 20
MAX_VALUES = 100
MAX_METRICS = 20
MAX_DIMENSIONS = 5
MAX_LIMIT = 10_000
MAX_OFFSET = 10_000_000
_WHOLE_OPERATORS = (Operator.IS, Operator.IS_NOT)
_PATTERN_OPERATORS = (Operator.MATCHES, Operator.MATCHES_NOT)
_NOT_OF_GOALS = (Facts.DEPTHS, Facts.ENGAGED, Facts.PRESENT)
# As much earlier, so that the longest period can be compared with the one before.
_EARLIEST = -2 * limits.EARLIEST_TIMESTAMP
_LATEST = limits.LATEST_TIMESTAMP + 366 * DAY


def check_question(question: Question) -> None:
    """Returns if the question can be answered.

    Raises:
        QueryError: names the field, and why not.
    """
    check_site(question.site)
    find_zone(question.timezone)
    check_period("period", question.period)
    if question.compare is not None:
        check_period("compare", question.compare)
    _check_names("metrics", question.metrics, MAX_METRICS)
    _check_names("dimensions", question.dimensions, MAX_DIMENSIONS)
    if not question.metrics:
        raise QueryError("metrics", "name at least one")
    _check_combination(question)
    check_filters(question.filters, field="filters", goals=question.goals)
    _check_rows(question)


def check_filters(
    filters: Sequence[Where], field: str, goals: Sequence[Goal] = ()
) -> None:
    """Returns if every filter names a dimension or goal and has usable values.

    Raises:
        QueryError: names `field`, and why not.
    """
    if len(filters) > MAX_FILTERS:
        raise QueryError(field, "give at most %(most)s", most=MAX_FILTERS)
    for where in filters:
        for leaf in leaves(where):
            if isinstance(leaf, Filter):
                _check_filter(leaf, field)
                if leaf.dimension == GOAL:
                    find_goals(leaf, with_built_in(goals), field)


def _check_filter(condition: Filter, field: str) -> None:
    dimension = find_dimension(condition.dimension, field)
    if dimension.level is Level.TIME:
        raise QueryError(field, "filter time with the period")
    if not 0 < len(condition.values) <= MAX_VALUES:
        raise QueryError(
            field, "give %(least)s to %(most)s values", least=1, most=MAX_VALUES
        )
    for value in condition.values:
        check_text(value, field)
        if not value and condition.operator not in _WHOLE_OPERATORS:
            raise QueryError(field, "the text to look for is empty")
        if condition.operator in _PATTERN_OPERATORS:
            check_pattern(value, field)


def check_site(site: str | None) -> None:
    """Returns if the site can be looked for.

    Raises:
        QueryError: it is no text.
    """
    if site is not None:
        check_text(site, "site")


def check_id(session_id: str) -> None:
    """Returns if the session id can be looked for.

    Raises:
        QueryError: it is no text.
    """
    check_text(session_id, "session_id")


def _check_combination(question: Question) -> None:
    facts = {name: find_metric(name).facts for name in question.metrics}
    for name in facts if GOAL in question.dimensions else ():
        if facts[name] in _NOT_OF_GOALS:
            raise QueryError("metrics", "%(name)s cannot be cut by goal", name=name)
    if (
        question.attribution is not Attribution.SESSION
        and Facts.PRESENT in facts.values()
    ):
        raise QueryError("attribution", "current visitors are in their own session")
    _check_series(question)


def _check_series(question: Question) -> None:
    if TIME not in question.dimensions:
        if question.interval is not None:
            raise QueryError("interval", "needs the dimension time")
        return
    for name in question.metrics:
        if find_metric(name).facts is Facts.PRESENT:
            raise QueryError(
                "metrics", "%(name)s is of one moment: leave out time", name=name
            )
    if question.compare is not None and len(question.dimensions) > 1:
        raise QueryError("compare", "a series is compared without other dimensions")


def _check_names(field: str, names: Sequence[str], most: int) -> None:
    if len(names) > most:
        raise QueryError(field, "name at most %(most)s", most=most)
    if len(set(names)) != len(names):
        raise QueryError(field, "one is named twice")
    for name in names:
        if field == "metrics":
            find_metric(name)
        else:
            check_text(name, field)
            find_dimension(name)


def _check_rows(question: Question) -> None:
    known = (*question.metrics, *question.dimensions)
    for order in question.order_by:
        if order.by not in known:
            raise QueryError("order_by", "name a metric or dimension of the question")
    if not 0 < question.limit <= MAX_LIMIT:
        raise QueryError("limit", "give %(least)s to %(most)s", least=1, most=MAX_LIMIT)
    if not 0 <= question.offset <= MAX_OFFSET:
        raise QueryError(
            "offset", "give %(least)s to %(most)s", least=0, most=MAX_OFFSET
        )


def check_period(field: str, period: Period) -> None:
    """Returns if the period is not empty, and of our time.

    Raises:
        QueryError: names `field`, and why not.
    """
    if not _EARLIEST <= period.start < period.end <= _LATEST:
        raise QueryError(field, "it is empty, or outside of the years 2000 to 2100")


def check_text(text: str, field: str) -> None:
    """Returns if the value can be looked for.

    Raises:
        QueryError: it is too long, or no text; names `field`.
    """
    if len(text) > limits.URL_CHARS:
        raise QueryError(
            field, "a value has at most %(most)s characters", most=limits.URL_CHARS
        )
    # Half of a surrogate pair is no text: the engine's driver would raise.
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise QueryError(field, "a value is not text")
