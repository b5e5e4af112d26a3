"""The demo's site as its owner would have set it up; import it when Django is configured."""

import datetime as dt
from contextlib import suppress
from zoneinfo import ZoneInfo

from liveinsight.core.limits import SECOND
from liveinsight.dashboard.annotations import add_annotation
from liveinsight.dashboard.funnels import FunnelDefinition, StepDefinition, add_funnel
from liveinsight.dashboard.goals import add_goal
from liveinsight.dashboard.sites import add_site
from liveinsight.demo.catalogue import SITE, TIMEZONE
from liveinsight.demo.funnels import FUNNELS
from liveinsight.demo.goals import ANNOTATIONS, GOALS
from liveinsight.errors import ConfigError


def add_demo_site(now: int) -> None:
    """Adds the shop with its goals, funnels and annotations; `now` in ms."""
    add_site(SITE, TIMEZONE, "Demo shop")
    for name, definition in GOALS.items():
        # There still, if the site was removed and is added again.
        with suppress(ConfigError):
            add_goal(SITE, name, definition)
    for name, funnel in FUNNELS.items():
        steps = tuple(
            StepDefinition(name=step, action=action)
            for step, action in funnel.steps.items()
        )
        with suppress(ConfigError):
            add_funnel(
                SITE, name, FunnelDefinition(steps=steps, window_ms=funnel.window_ms)
            )
    today = dt.datetime.fromtimestamp(now / SECOND, ZoneInfo(TIMEZONE)).date()
    for days, text in ANNOTATIONS.items():
        add_annotation(SITE, today - dt.timedelta(days=days), text)
