"""The reports that are measured: each asks as its page does, and gives its numbers."""

from collections.abc import Callable

from bench._history import END, SITES
from liveinsight.core.ports import Reader
from liveinsight.query.funnel import Funnel, FunnelQuestion, answer_funnel
from liveinsight.query.journeys import answer_journeys
from liveinsight.query.journeys_model import JourneyQuestion
from liveinsight.query.model import (
    And,
    Filter,
    Goal,
    Interval,
    Operator,
    Question,
    Where,
)
from liveinsight.query.parse import parse_period, previous
from liveinsight.query.retention import RetentionQuestion, answer_retention
from liveinsight.query.run import answer
from liveinsight.query.session_list import SessionsQuestion, list_sessions

ZONE = "Asia/Seoul"
PERIOD = parse_period("30d", None, None, ZONE, END)
BEFORE = previous(PERIOD, ZONE)

Ask = Callable[[Reader], object]

_CARDS = (
    *("visitors", "sessions", "page_views"),
    *("views_per_session", "bounce_rate", "session_duration"),
)


def _question(
    metrics: tuple[str, ...], *dimensions: str, where: Where | None
) -> Question:
    return Question(
        site=SITES[0],
        timezone=ZONE,
        period=PERIOD,
        metrics=metrics,
        dimensions=dimensions,
        filters=() if where is None else (where,),
        limit=10,
    )


def _by(dimension: str, metric: str = "visitors", where: Where | None = None) -> Ask:
    """The first rows of a breakdown, and the total."""
    question = _question((metric,), dimension, where=where)

    def ask(reader: Reader) -> object:
        found = answer(question, reader)
        return [found.totals, [row.metrics for row in found.rows], found.row_count]

    return ask


def _cards(reader: Reader) -> object:
    found = answer(
        Question(
            site=SITES[0],
            timezone=ZONE,
            period=PERIOD,
            metrics=_CARDS,
            compare=BEFORE,
        ),
        reader,
    )
    return [found.totals, found.totals_before]


def _chart(reader: Reader) -> object:
    found = answer(_question(("visitors",), "time", where=None), reader)
    return [found.totals, [row.metrics for row in found.rows if row.metrics[0]]]


_STEPS = (
    Goal(
        name="A product",
        where=And(
            (
                Filter("event_type", Operator.IS, ("page_view",)),
                Filter("page", Operator.MATCHES, ("^/products/",)),
            )
        ),
    ),
    Goal(name="Basket", where=Filter("event_type", Operator.IS, ("add_to_cart",))),
    Goal(name="Bought", where=Filter("event_type", Operator.IS, ("conversion",))),
)


def _funnel(reader: Reader) -> object:
    found = answer_funnel(
        FunnelQuestion(site=SITES[0], funnel=Funnel(steps=_STEPS), period=PERIOD),
        reader,
    )
    return [
        [step.visitors for step in found.totals.steps],
        [step.median_ms for step in found.totals.steps if step.median_ms is not None],
    ]


def _retention(reader: Reader) -> object:
    found = answer_retention(
        RetentionQuestion(
            site=SITES[0], timezone=ZONE, period=PERIOD, interval=Interval.WEEK
        ),
        reader,
    )
    return [number for cohort in found.cohorts for number in cohort.returned if number]


def _journeys(reader: Reader) -> object:
    found = answer_journeys(JourneyQuestion(site=SITES[0], period=PERIOD), reader)
    return [column.sessions for column in found.columns]


def _sessions(reader: Reader) -> object:
    found = list_sessions(SessionsQuestion(site=SITES[0], period=PERIOD), END, reader)
    return [[one.start_time, one.page_views] for one in found.sessions]


REPORTS: dict[str, Ask] = {
    "cards": _cards,
    "chart": _chart,
    "pages": _by("page"),
    "entry_pages": _by("entry_page", "sessions"),
    "exit_pages": _by("exit_page", "sessions"),
    "sources": _by("source"),
    "channels": _by("channel"),
    "campaigns": _by("utm_campaign"),
    "countries": _by("country"),
    "devices": _by("device"),
    "browsers": _by("browser"),
    "systems": _by("os"),
    "events": _by("event_type", "events"),
    "pages_from_google": _by("page", where=Filter("source", Operator.IS, ("Google",))),
    "sources_of_page": _by(
        "source", where=Filter("page", Operator.IS, ("/blog/page-0",))
    ),
    "funnel": _funnel,
    "retention": _retention,
    "journeys": _journeys,
    "sessions": _sessions,
}
