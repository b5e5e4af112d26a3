"""The dimensions, as data: to add one, add a row.

A fragment is DuckDB SQL over the columns that the facts name: `e` is an event,
`r` its run of events (null where it belongs to none), `s` a session.

Source: design, semantics.md, "Metrics"; where that is silent, Plausible's meaning.
"""

from enum import StrEnum

import msgspec

from liveinsight.core import limits
from liveinsight.errors import QueryError
from liveinsight.query.model import Interval


class Level(StrEnum):
    """Whose property a dimension is."""

    TIME = "time"
    EVENT = "event"
    SESSION = "session"


class Dimension(msgspec.Struct, frozen=True, kw_only=True):
    """A property that metrics can be cut and filtered by."""

    name: str
    level: Level
    event_sql: str
    session_sql: str | None = None
    """The same for a session; None: a session has many."""
    doc: str


def _own(name: str, doc: str, sql: str | None = None) -> Dimension:
    return Dimension(
        name=name, level=Level.EVENT, event_sql=sql or f"e.{name}", doc=doc
    )


def _of_session(name: str, doc: str, column: str | None = None) -> Dimension:
    """The run's value; an event outside of all runs has its own."""
    column = column or name
    return Dimension(
        name=name,
        level=Level.SESSION,
        event_sql=(
            f"case when r.session_key is null then e.{column} else r.{column} end"
        ),
        session_sql=f"s.{column}",
        doc=doc,
    )


def _of_run(name: str, doc: str) -> Dimension:
    return Dimension(
        name=name,
        level=Level.SESSION,
        event_sql=f"r.{name}",
        session_sql=f"s.{name}",
        doc=doc,
    )


TIME = "time"
ACTIVE_INTERVALS = (Interval.MINUTE, Interval.HOUR)
"""In these a session counts in each bucket that it was active in."""
PROPERTY = "property:"
GOAL = "goal"
TOUCH = (
    *("source", "channel", "referrer"),
    *("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"),
)
"""The dimensions that say where a visit came from: what an attribution changes."""

DIMENSIONS = {
    dimension.name: dimension
    for dimension in (
        Dimension(
            name=TIME,
            level=Level.TIME,
            event_sql="e.time",
            session_sql="s.start_time",
            doc=(
                "Start of the minute, hour, day, week (from Monday) or month in the "
                "site's time zone, in ms."
            ),
        ),
        _own("page", "Path of the page, without query and fragment."),
        _of_run("entry_page", "Page of the session's first page view."),
        _of_run("exit_page", "Page of the session's last page view."),
        _own("title", "Title of the page.", "e.page_title"),
        _own("host", "Host of the page, without `www.` and port."),
        _own("event_type", "`page_view`, `click`, `conversion`, or a custom name."),
        Dimension(
            name=GOAL,
            level=Level.EVENT,
            # Which goals there are is said by the question: facts.py knows.
            event_sql="null",
            doc=(
                "The site's goals that the event meets, one row for each; `conversion`"
                " is always there. By it, or under `goal is …`, conversions, rate and"
                " revenue are of these goals."
            ),
        ),
        _own("currency", "Currency of the revenue.", "e.revenue_currency"),
        _of_session("source", "Who sent the visitor; not set: nobody known."),
        _of_session("channel", "The group that the source belongs to."),
        _of_session("referrer", "The full referring URL without query."),
        _of_session("utm_source", "`utm_source` of the first page."),
        _of_session("utm_medium", "`utm_medium` of the first page."),
        _of_session("utm_campaign", "`utm_campaign` of the first page."),
        _of_session("utm_term", "`utm_term` of the first page."),
        _of_session("utm_content", "`utm_content` of the first page."),
        _of_session("country", "ISO 3166-1 alpha-2 code."),
        _of_session("region", "Region of the country."),
        _of_session("city", "City."),
        _of_session("language", "Language of the browser."),
        _of_session("device", "`Desktop`, `Mobile`, `Tablet`, `TV`, …"),
        _of_session("browser", "Browser."),
        _of_session("browser_version", "Version of the browser; ask with `browser`."),
        _of_session("os", "Operating system."),
        _of_session("os_version", "Version of the system; ask with `os`."),
        _of_session(
            "screen", "Width of the screen in pixels.", "screen_width::varchar"
        ),
    )
}


def find_dimension(name: str, field: str = "dimensions") -> Dimension:
    """The dimension of that name; `property:NAME` is one for any NAME.

    Raises:
        QueryError: there is none; it names `field`.
    """
    dimension = DIMENSIONS.get(name)
    if dimension is not None:
        return dimension
    key = name.removeprefix(PROPERTY)
    if key == name:
        raise QueryError(field, "no dimension %(name)r", name=name[:64])
    if not 0 < len(key) <= limits.PROPERTY_KEY_CHARS:
        longest = limits.PROPERTY_KEY_CHARS
        raise QueryError(
            field, "a property's name has 1 to %(most)s characters", most=longest
        )
    # The name is a value, not SQL: it is handed over as a parameter.
    return Dimension(
        name=name,
        level=Level.EVENT,
        event_sql="nullif(json_extract_string(e.properties, :property), '')",
        doc="A property of the event.",
    )
