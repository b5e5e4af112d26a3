"""The demo's site as its owner would have set it up; import it when Django is configured."""

import datetime as dt
from contextlib import suppress
from typing import Final
from zoneinfo import ZoneInfo

from liveinsight.core.limits import SECOND
from liveinsight.dashboard.alerts.manage import Chosen, add_alert, list_alerts
from liveinsight.dashboard.alerts.model import (
    Change,
    Quiet,
    Refused,
    Visitors,
    Watched,
)
from liveinsight.dashboard.annotations import add_annotation
from liveinsight.dashboard.funnels import FunnelDefinition, StepDefinition, add_funnel
from liveinsight.dashboard.goals import add_goal
from liveinsight.dashboard.links import NewLink, add_link, list_links
from liveinsight.dashboard.models import Segment
from liveinsight.dashboard.segments import list_segments, save_segment
from liveinsight.dashboard.sites import add_site
from liveinsight.dashboard.totals import list_spans, save_totals
from liveinsight.demo.before import TOOL, counted_before
from liveinsight.demo.catalogue import SITE, TIMEZONE
from liveinsight.demo.funnels import FUNNELS
from liveinsight.demo.goals import ANNOTATIONS, GOALS
from liveinsight.demo.segments import SEGMENTS
from liveinsight.errors import ConfigError
from liveinsight.query.where import read_where

OWNER: Final = "demo"
ALERTS: Final[dict[str, Watched]] = {
    "The shop is full": Visitors(than=15),
    "An hour without the usual visitors": Change(percent=50),
    "Nothing comes any more": Quiet(minutes=30),
    "Bots or broken pages": Refused(points=20),
}
"""They tell nobody: the page shows what they would have said."""


def add_demo_site(now: int) -> None:
    """Adds the shop with all that its owner would keep; `now` in ms."""
    add_site(SITE, TIMEZONE, "Demo shop")
    for name, definition in GOALS.items():
        # There still, if the site was removed and is added again.
        with suppress(ConfigError):
            add_goal(SITE, name, definition)
    add_funnels()
    today = dt.datetime.fromtimestamp(now / SECOND, ZoneInfo(TIMEZONE)).date()
    for days, text in ANNOTATIONS.items():
        add_annotation(SITE, today - dt.timedelta(days=days), text)
    if not list_segments(SITE, None):
        add_segments()
    if not list_links(SITE):
        add_link(NewLink(site=SITE, name="Public page", is_embeddable=True), OWNER)
    if not list_alerts(SITE):
        for name, watched in ALERTS.items():
            add_alert(SITE, Chosen(name=name, watched=watched))
    if not list_spans(SITE):
        save_totals(SITE, TOOL, list(counted_before(today)))


def add_funnels() -> None:
    """Adds the funnels that are missing."""
    for name, funnel in FUNNELS.items():
        steps = tuple(
            StepDefinition(name=step, action=action)
            for step, action in funnel.steps.items()
        )
        with suppress(ConfigError):
            add_funnel(
                SITE, name, FunnelDefinition(steps=steps, window_ms=funnel.window_ms)
            )


def add_segments() -> None:
    """Adds the segments, for all accounts."""
    for name, filters in SEGMENTS.items():
        conditions = tuple(read_where(each, "segments") for each in filters)
        save_segment(Segment(site=SITE), name, conditions)
