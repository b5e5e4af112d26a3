"""The text of docs/metrics.md, made from the catalogue."""

from liveinsight.query.catalog.dimensions import DIMENSIONS, PROPERTY
from liveinsight.query.catalog.metrics import METRICS, Facts


def metrics_markdown() -> str:
    """The text of docs/metrics.md."""
    lines = [
        "# Metrics and dimensions",
        "",
        "Generated from `liveinsight.query.catalog`. Rates are 0-1, times ms, periods",
        "half-open, days those of the site's time zone. A session belongs to the",
        "bucket it starts in. A session's properties hold for all of its events.",
        "*Adds up*: the rows of a breakdown or series sum to the total.",
        "",
        "## Metrics",
        "",
        "| name | meaning | unit | counted over | adds up |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{m.name}` | {m.doc} | {m.unit} | {m.facts} | {'yes' if m.additive else 'no'} |"
        for m in METRICS.values()
    ]
    lines += ["", "Counted over:", ""]
    lines += [f"- *{facts}*: {doc}" for facts, doc in FACTS_DOCS.items()]
    lines += ["", "## Dimensions", "", "| name | meaning | of |", "|---|---|---|"]
    lines += [f"| `{d.name}` | {d.doc} | {d.level} |" for d in DIMENSIONS.values()]
    lines += [f"| `{PROPERTY}NAME` | The event's property NAME. | event |", ""]
    return "\n".join(lines) + FILTERS_DOC


FILTERS_DOC = """\
## Filters

A filter is `[OPERATOR, DIMENSION, [VALUE, …]]`; several values mean any of them, the
empty value is "not set", case matters. Operators: `is`, `is_not`, `contains`,
`contains_not`, `matches` and `matches_not` (RE2, found anywhere). The negative ones
also hold for what is not set.

Filters stand in one another: `["and", [F, …]]`, `["or", [F, …]]`, `["not", F]`.
`["has_done", F]` keeps the users who have an event in the period for which F holds,
`["has_not_done", F]` those who have none.

An event meets the filters on its page, properties and so on, and its session those on
source, country, device and so on. A session meets filters on events with one event for
which all of them hold together; the questions about bounces and durations then take a
page for the page that the session entered at.

## Goals

A goal is a filter on events, or a threshold: on a page, engagement or scroll. Such a
goal is met once by each session and page, by the first view of the page, if the
engagement there adds up to the threshold, or the deepest scroll reaches it. Goals are
evaluated when asked, so a change of one changes history. `conversion`, events of the
type `conversion`, is always there.

Under a filter `["is", "goal", [NAME]]`, all metrics are of the events that meet the goal,
and `conversion_rate` is their visitors ÷ all visitors under the other filters.

## Attribution

Source, channel, referrer and utm_… are those of the event's own session (`session`), of
the user's first session on the site (`first`), or of the latest session up to the
event's own that did not come directly, else its own (`last`).
"""

FACTS_DOCS = {
    Facts.EVENTS: "matching events other than engagement, by their own time.",
    Facts.AUDIENCE: "the same without the filters `goal is …`.",
    Facts.ENGAGED: (
        "matching page views and engagement events that belong to a session; engagement "
        "that comes alone after 30 minutes of silence counts as one of its own here."
    ),
    Facts.DEPTHS: "the deepest scroll of each user on each page.",
    Facts.SESSIONS: (
        "sessions with a matching event, by the time they start; by a property of "
        "events, each session once for every value that it met."
    ),
    Facts.ENTRIES: "the same, where `page` means the page the session entered at.",
    Facts.PRESENT: "matching events of the last 5 minutes on our clock.",
}
