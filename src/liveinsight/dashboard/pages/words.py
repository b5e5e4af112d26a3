"""The words that scripts say, translated here: a test finds each of them in the sources."""

from typing import Final

from django.utils.translation import gettext, gettext_noop

from liveinsight.dashboard.pages.labels import KNOWN_VALUES

WORDS: Final = (
    gettext_noop("Live"),
    gettext_noop("Live, by polling"),
    gettext_noop("Connecting…"),
    gettext_noop("Reconnecting…"),
    gettext_noop("Offline, next try in {s} s"),
    gettext_noop("No news for {s} s"),
    gettext_noop("Signed out"),
    gettext_noop("{ms} ms"),
    gettext_noop("From the collector to this screen: {ms} ms"),
    gettext_noop("From the visitor's action to this screen: {ms} ms"),
    gettext_noop("From the server to this screen: {ms} ms"),
    gettext_noop("Events not yet in the panels: {n}"),
    gettext_noop("The first event has arrived"),
    gettext_noop("Pause"),
    gettext_noop("Go on"),
    gettext_noop("Go on ({n} new)"),
    gettext_noop("now"),
    gettext_noop("{m}m"),
    gettext_noop("{h}h {m}m"),
    gettext_noop("{m}m {s}s"),
    gettext_noop("{s}s"),
    gettext_noop("Visitors"),
    gettext_noop("Page views"),
    gettext_noop("Week from {day}"),
    gettext_noop("so far"),
    gettext_noop("Unknown"),
    gettext_noop("(no page)"),
    gettext_noop("Copied"),
    gettext_noop("Selected: press Ctrl+C"),
    gettext_noop("Keyboard shortcuts"),
    gettext_noop("Use these keys"),
)


def words_for_scripts() -> dict[str, str]:
    """English to the language of the page."""
    return {word: gettext(word) for word in (*WORDS, *KNOWN_VALUES)}
