"""What the panels of the statistics page break down by: to add a breakdown, add a row."""

from typing import Final

import msgspec
from django.utils.translation import gettext_noop

SOURCES: Final = "sources"
PLACES: Final = "places"
EVENTS: Final = "events"
MAP: Final = "map"


class Tab(msgspec.Struct, frozen=True, kw_only=True):
    """One breakdown of a panel."""

    dimension: str
    label: str
    metric: str = "visitors"
    within: str = ""
    """The dimension that the labels are not complete without."""
    is_map: bool = False
    is_rare: bool = False
    """Whether it stands in the menu of further ones."""

    @property
    def key(self) -> str:
        """What the address calls it."""
        return MAP if self.is_map else self.dimension

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What is asked for."""
        return (self.within, self.dimension) if self.within else (self.dimension,)


class PanelKind(msgspec.Struct, frozen=True, kw_only=True):
    """A panel and its tabs; `name` is the parameter that keeps the tab."""

    name: str
    label: str
    tabs: tuple[Tab, ...]

    @property
    def element_id(self) -> str:
        """Of the panel in the page."""
        return f"panel-{self.name}"


def _rare(dimension: str, label: str, within: str = "") -> Tab:
    return Tab(dimension=dimension, label=label, within=within, is_rare=True)


PANELS: Final = (
    PanelKind(
        name="pages",
        label=gettext_noop("Pages"),
        tabs=(
            Tab(dimension="page", label=gettext_noop("Top pages")),
            Tab(
                dimension="entry_page",
                label=gettext_noop("Entry pages"),
                metric="sessions",
            ),
            Tab(
                dimension="exit_page",
                label=gettext_noop("Exit pages"),
                metric="sessions",
            ),
            _rare("title", gettext_noop("Titles")),
            _rare("host", gettext_noop("Hosts")),
        ),
    ),
    PanelKind(
        name=SOURCES,
        label=gettext_noop("Sources"),
        tabs=(
            Tab(dimension="source", label=gettext_noop("Sources")),
            Tab(dimension="channel", label=gettext_noop("Channels")),
            Tab(dimension="utm_campaign", label=gettext_noop("Campaigns")),
            _rare("referrer", gettext_noop("Referrers")),
            _rare("utm_source", gettext_noop("UTM sources")),
            _rare("utm_medium", gettext_noop("UTM media")),
            _rare("utm_term", gettext_noop("UTM terms")),
            _rare("utm_content", gettext_noop("UTM contents")),
        ),
    ),
    PanelKind(
        name=PLACES,
        label=gettext_noop("Places"),
        tabs=(
            Tab(dimension="country", label=gettext_noop("Map"), is_map=True),
            Tab(dimension="country", label=gettext_noop("Countries")),
            Tab(dimension="region", label=gettext_noop("Regions"), within="country"),
            _rare("city", gettext_noop("Cities"), within="country"),
            _rare("language", gettext_noop("Languages")),
        ),
    ),
    PanelKind(
        name="devices",
        label=gettext_noop("Devices"),
        tabs=(
            Tab(dimension="browser", label=gettext_noop("Browsers")),
            Tab(dimension="os", label=gettext_noop("Systems")),
            Tab(dimension="device", label=gettext_noop("Devices")),
            _rare(
                "browser_version", gettext_noop("Browser versions"), within="browser"
            ),
            _rare("os_version", gettext_noop("System versions"), within="os"),
            _rare("screen", gettext_noop("Screen widths")),
        ),
    ),
    PanelKind(
        name=EVENTS,
        label=gettext_noop("Events"),
        tabs=(
            Tab(dimension="event_type", label=gettext_noop("Events"), metric="events"),
        ),
    ),
)
