"""The words that scripts say, translated here: a test finds each of them in the sources."""

from typing import Final

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as noop

from liveinsight.dashboard.pages.labels import KNOWN_VALUES

WORDS: Final = (
    noop("Live"),
    noop("Live, by polling"),
    noop("Connecting…"),
    noop("Reconnecting…"),
    noop("Offline, next try in {s} s"),
    noop("No news for {s} s"),
    noop("Signed out"),
    noop("{ms} ms"),
    noop("From the collector to this screen: {ms} ms"),
    noop("From the visitor's action to this screen: {ms} ms"),
    noop("From the server to this screen: {ms} ms"),
    noop("Events not yet in the panels: {n}"),
    noop("The first event has arrived"),
    noop("Pause"),
    noop("Go on"),
    noop("Go on ({n} new)"),
    noop("now"),
    noop("{s} s"),
    noop("{m} min"),
    noop("{h}h {m}m"),
    noop("{m}m {s}s"),
    noop("{s}s"),
    noop("Visitors"),
    noop("Page views"),
    noop("Period before"),
    noop("Week from {day}"),
    noop("Unknown"),
    noop("(no page)"),
    noop("Copied"),
    noop("Selected: press Ctrl+C"),
)


def words_for_scripts() -> dict[str, str]:
    """English to the language of the page."""
    return {word: gettext(word) for word in (*WORDS, *KNOWN_VALUES)}
