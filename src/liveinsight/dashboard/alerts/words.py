"""What alerts say: the sentence of what is watched, and the messages."""

import datetime as dt
import re
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from liveinsight.core.limits import HOUR
from liveinsight.dashboard.alerts.model import (
    Change,
    Direction,
    Quiet,
    Visitors,
    Watched,
)
from liveinsight.dashboard.alerts.steps import News, Reading, Turn

TEXT_CHARS: Final = 500
METRIC_NAMES: Final = {
    "visitors": gettext_noop("Visitors"),
    "sessions": gettext_noop("Sessions"),
    "page_views": gettext_noop("Page views"),
    "conversions": gettext_noop("Conversions"),
    "revenue": gettext_noop("Revenue"),
}

NUMBERED: Final = (
    "it answered %(number)s",
    "it answered %(number)s; redirects are not followed",
    "the mail server answered %(number)s",
)
"""What deliveries note with the number of an answer."""
NUMBER: Final = re.compile(r"\b[0-9]+\b")


def explain_delivery(said: str) -> str:
    """What a delivery has noted, in the language of the page."""
    found = NUMBER.search(said)
    if found is None:
        return _(said)
    pattern = NUMBER.sub("%(number)s", said, count=1)
    return _(pattern) % {"number": found[0]} if pattern in NUMBERED else said


def describe(watched: Watched) -> str:
    """What is watched, as one sentence without an end."""
    if isinstance(watched, Visitors):
        said = (
            _("More than %(than)s current visitors")
            if watched.direction is Direction.ABOVE
            else _("Fewer than %(than)s current visitors")
        )
        return said % {"than": write_number(watched.than)}
    if isinstance(watched, Change):
        said = (
            _("%(metric)s of an hour %(percent)s%% above the usual")
            if watched.direction is Direction.ABOVE
            else _("%(metric)s of an hour %(percent)s%% below the usual")
        )
        metric = _(METRIC_NAMES[watched.metric])
        return said % {"metric": metric, "percent": watched.percent}
    if isinstance(watched, Quiet):
        return _("No event for %(minutes)s minutes") % {"minutes": watched.minutes}
    said = _("Dropped and rejected %(points)s points above the usual")
    return said % {"points": watched.points}


def tell(site: str, news: News) -> str:
    """The message, in the language in force."""
    what = describe(news.watched)
    if news.reading is None:
        said = _("This is a test of the alert “%(what)s”.") % {"what": what}
        return f"{site}: {said}"[:TEXT_CHARS]
    if news.turn is Turn.ENDED:
        what = _("Over: %(what)s") % {"what": what}
    found = tell_found(news.watched, news.reading, news.timezone)
    return f"{site}: {what}. {found}"[:TEXT_CHARS]


def tell_found(watched: Watched, reading: Reading, timezone: str) -> str:
    """What was found, with what it is compared with."""
    value = reading.value or 0
    if isinstance(watched, Visitors):
        return _("Now: %(count)s.") % {"count": write_number(value)}
    if isinstance(watched, Change):
        return _("From %(from)s to %(to)s: %(value)s, usually %(usual)s.") % {
            "from": clock(reading.at - HOUR, timezone),
            "to": clock(reading.at, timezone),
            "value": write_number(value),
            "usual": write_number(reading.usual or 0),
        }
    if isinstance(watched, Quiet):
        return _("The last came at %(time)s.") % {"time": moment(reading.at, timezone)}
    return _("Last two hours: %(share)s, usually %(usual)s.") % {
        "share": write_share(value),
        "usual": write_share(reading.usual or 0),
    }


def write_number(value: float) -> str:
    """The number in full, with a digit after the point where it is not whole."""
    digits = 0 if value == round(value) else 1
    return number_format(value, digits, use_l10n=True, force_grouping=True)


def write_share(share: float) -> str:
    """A share of 0-1 in percent."""
    return f"{100 * share:.1f}%"


def clock(ms: int, timezone: str) -> str:
    """Hours and minutes of the site's clock."""
    return local(ms, timezone).strftime("%H:%M")


def moment(ms: int, timezone: str) -> str:
    """Day and time of the site's clock."""
    return local(ms, timezone).strftime("%Y-%m-%d %H:%M")


def local(ms: int, timezone: str) -> dt.datetime:
    """The local time of a time in ms."""
    return dt.datetime.fromtimestamp(ms / 1000, ZoneInfo(timezone))
