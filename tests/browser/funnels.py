"""A funnel at a known address."""

from liveinsight.dashboard import models
from liveinsight.dashboard.funnels import (
    FunnelDefinition,
    StepDefinition,
    change_funnel,
)
from liveinsight.query.actions import Action
from tests.dashboard.project import SITE


def a_funnel() -> None:
    """Saves one of three pages: /funnels/1/."""
    steps = tuple(
        StepDefinition(action=Action(page=page)) for page in ("/", "/cart", "/done")
    )
    row = models.Funnel(pk=1, site=SITE, created_at=0)
    change_funnel(row, "Purchase", FunnelDefinition(steps=steps))
