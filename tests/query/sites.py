"""Generated sites: visits around changes of the clock, and questions about them."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from liveinsight.core.event import Event, Revenue, Scalar
from liveinsight.query.catalog.dimensions import TIME
from liveinsight.query.catalog.metrics import METRICS
from liveinsight.query.model import (
    And,
    Attribution,
    Filter,
    Goal,
    HasDone,
    Interval,
    Not,
    Operator,
    Or,
    Period,
    Question,
    Where,
)
from liveinsight.query.parse import previous, year_before

HOUR = 3_600_000
MINUTE = 60_000

PROPERTIES: tuple[dict[str, Scalar] | None, ...] = (
    None,
    {"a/b~": True},
    {"plan": 7},
    {"plan": "/a"},
    {"plan": ""},
)
# A zone, and a moment at which its clock changes.
CHANGES = (
    ("Europe/Berlin", "2026-03-29T01:00"),
    ("Europe/Berlin", "2026-10-25T01:00"),
    ("America/New_York", "2026-11-01T06:00"),
    # Begins the day at 01:00.
    ("America/Havana", "2026-03-08T05:00"),
    ("America/Havana", "2026-11-01T05:00"),
    # By half an hour.
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("Asia/Kolkata", "2026-01-31T18:30"),
    ("Africa/Casablanca", "2026-02-15T02:00"),
    # Skipped the 30th of December.
    ("Pacific/Apia", "2011-12-30T10:00"),
    ("UTC", "2026-01-01T00:00"),
)
LENGTHS = (50 * HOUR, 26 * HOUR, 49 * HOUR, 3 * HOUR)
BEGINNINGS = (24, 12, 30, 3, 0)
GAPS = (
    0,
    1,
    1,
    20_000,
    20_000,
    5 * MINUTE,
    20 * MINUTE,
    29 * MINUTE,
    30 * MINUTE,
    30 * MINUTE + 1,
    5 * HOUR,
    26 * HOUR,
)
PAGES = (None, "/", "/a", "/ab")
SOURCES = (None, "Google", "Goo|gle")
VALUES = {
    "page": ("/", "/a", "a"),
    "entry_page": ("/", "/a"),
    "exit_page": ("/", "/ab"),
    "source": ("Google", "oo", "|"),
    "event_type": ("page_view", "c"),
    "device": ("Mobile",),
    "country": ("DE",),
    "property:plan": ("7", "/a"),
    "property:a/b~": ("true",),
    "goal": ("conversion", "read"),
}
PATTERNS = ("^/a", "o+", "[|]", "^$", "c|7")
GOALS = (
    Goal(name="read", where=And(()), engagement_ms=1_500),
    Goal(
        name="scrolled",
        where=Filter("page", Operator.MATCHES, ("^/",)),
        scroll_percent=40,
        value=Revenue(amount=1.5, currency="EUR"),
    ),
    Goal(name="at /a", where=Filter("page", Operator.IS, ("/a",))),
    Goal(
        name="plan",
        where=And(
            (
                Filter("event_type", Operator.IS, ("click", "conversion")),
                Filter("property:plan", Operator.IS_NOT, ("",)),
            )
        ),
        value=Revenue(amount=10.25, currency="EUR"),
    ),
)
NOT_BY_GOAL = {"scroll_depth", "engagement_time", "current_visitors"}


@st.composite
def events_around(draw: st.DrawFn, moment: int) -> list[Event]:
    """The visits of three users on two sites."""
    clocks = {
        user: moment + draw(st.integers(-6, 0)) * HOUR for user in ("anna", "ben", "c")
    }
    events = []
    for number in range(draw(st.sampled_from((12, 9, 7, 5, 3, 1)))):
        user = draw(st.sampled_from(sorted(clocks)))
        clocks[user] += draw(st.sampled_from(GAPS))
        events.append(draw(_an_event(f"evt_{number:08}", user, clocks[user])))
    return draw(st.permutations(events))


@st.composite
def _an_event(draw: st.DrawFn, event_id: str, user: str, at: int) -> Event:
    kind = draw(
        st.sampled_from(("page_view", "page_view", "click", "conversion", "engagement"))
    )
    engaged = kind == "engagement"
    paid = kind == "conversion" and draw(st.booleans())
    source = draw(st.sampled_from(SOURCES))
    known = draw(st.booleans())
    return Event(
        site=draw(st.sampled_from(("one.example", "one.example", "two.example"))),
        event_id=event_id,
        event_type=kind,
        timestamp=at,
        received_at=at,
        present_at=at + draw(st.sampled_from((0, 1, 2 * MINUTE))),
        user_id=user,
        session_id="sess_given",
        page=draw(st.sampled_from(PAGES)),
        page_title="A title" if known else None,
        host="one.example" if known else None,
        source=source,
        channel="Direct" if source is None else "Organic Search",
        country="DE" if known else None,
        device=draw(st.sampled_from((None, "Mobile"))),
        screen_width=draw(st.sampled_from((None, 390, 1440))),
        engagement_ms=draw(st.sampled_from((None, 500, 1_500))) if engaged else None,
        scroll_percent=draw(st.sampled_from((None, 0, 40, 100))) if engaged else None,
        properties=draw(st.sampled_from(PROPERTIES)),
        revenue=Revenue(amount=2.25, currency="EUR") if paid else None,
        interactive=draw(st.integers(0, 4)) > 0,
    )


_names = st.sampled_from(
    (
        "page",
        "entry_page",
        "exit_page",
        "title",
        "host",
        "event_type",
        "currency",
        "source",
        "channel",
        "country",
        "device",
        "screen",
        "property:plan",
        "property:a/b~",
        "goal",
    )
)


@st.composite
def questions_about(
    draw: st.DrawFn, events: list[Event], zone: str, moment: int
) -> Question:
    """Any question that has an answer."""
    interval = draw(st.sampled_from(Interval))
    dimensions = draw(st.lists(_names, max_size=2, unique=True))
    if draw(st.booleans()):
        dimensions.insert(0, TIME)
    else:
        interval = None
    metrics = draw(
        st.lists(st.sampled_from(sorted(METRICS)), min_size=3, max_size=7, unique=True)
    )
    if TIME in dimensions:
        metrics = [m for m in metrics if m != "current_visitors"] or ["visitors"]
    if "goal" in dimensions:
        metrics = [m for m in metrics if m not in NOT_BY_GOAL] or ["conversions"]
    attribution = draw(st.sampled_from(Attribution))
    if "current_visitors" in metrics:
        attribution = Attribution.SESSION
    period = draw(periods_around(moment, events))
    compare = None
    if (len(dimensions) < 2 or TIME not in dimensions) and draw(st.booleans()):
        compare = draw(periods_around(moment, events))
    return Question(
        site=draw(st.sampled_from((None, "one.example"))),
        timezone=zone,
        period=period,
        metrics=tuple(metrics),
        dimensions=tuple(dimensions),
        filters=tuple(draw(_filters())),
        goals=GOALS,
        attribution=attribution,
        interval=interval,
        compare=compare,
    )


def comparisons(question: Question) -> st.SearchStrategy[Period | None]:
    """None, any period, or one that the pages choose."""
    period, zone = question.period, question.timezone
    chosen = (previous(period, zone), year_before(period, zone))
    return st.sampled_from((None, question.compare, *chosen))


@st.composite
def periods_around(draw: st.DrawFn, moment: int, events: list[Event]) -> Period:
    """Days about the moment, some cut inside an hour, some right at an event."""
    times = st.sampled_from([event.time for event in events])
    if draw(st.integers(0, 3)) == 0:
        first, last = sorted((draw(times), draw(times)))
        return Period(first, max(last, first + 1))
    start = moment - draw(st.sampled_from(BEGINNINGS)) * HOUR
    start += draw(st.sampled_from((0, 0, 1, 20 * MINUTE)))
    return Period(start, start + draw(st.sampled_from(LENGTHS)))


def conditions() -> st.SearchStrategy[Where]:
    """Filters, alone and in one another."""
    return st.recursive(
        _filter(),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=2).map(lambda w: And(tuple(w))),
            st.lists(inner, min_size=1, max_size=2).map(lambda w: Or(tuple(w))),
            inner.map(Not),
            st.builds(HasDone, inner, st.booleans()),
        ),
        max_leaves=3,
    )


@st.composite
def _filters(draw: st.DrawFn) -> list[Where]:
    number = draw(st.sampled_from((1, 0, 2)))
    return [draw(st.one_of(_filter(), conditions())) for _ in range(number)]


@st.composite
def _filter(draw: st.DrawFn) -> Where:
    dimension = draw(st.sampled_from(tuple(VALUES)))
    operator = draw(st.sampled_from(Operator))
    known = st.sampled_from(VALUES[dimension])
    if operator in (Operator.IS, Operator.IS_NOT):
        known = st.sampled_from((*VALUES[dimension], ""))
    if operator in (Operator.MATCHES, Operator.MATCHES_NOT):
        known = st.sampled_from(PATTERNS)
    values = draw(st.lists(known, min_size=1, max_size=2, unique=True))
    return Filter(dimension, operator, tuple(values))


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Event], Question]:
    """Events, and a question about them."""
    zone, text = draw(st.sampled_from(CHANGES))
    moment = int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000
    events = draw(events_around(moment))
    return events, draw(questions_about(events, zone, moment))
