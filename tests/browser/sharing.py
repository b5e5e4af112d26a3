"""A shared link, and an alert that has told somebody at a known address."""

from liveinsight.dashboard import models
from liveinsight.dashboard.alerts.manage import Chosen, save_alert
from liveinsight.dashboard.alerts.model import Visitors
from liveinsight.dashboard.alerts.outbox import write_message
from liveinsight.dashboard.alerts.steps import News, Reading, Turn
from liveinsight.dashboard.alerts.webhook import make_secret
from liveinsight.dashboard.clock import now_ms
from tests.dashboard.links import a_link
from tests.dashboard.project import SITE


def a_link_and_an_alert() -> None:
    """The alert is /alerts/1/."""
    a_link(is_embeddable=True)
    row = models.Alert(pk=1, site=SITE, secret=make_secret(), created_at=0)
    chosen = Chosen(
        name="Rush",
        watched=Visitors(than=100),
        emails=("ada@example.com",),
        webhook_url="https://hooks.example.com/in",
    )
    alert = save_alert(row, chosen)
    reading = Reading(value=132, is_over=True, is_calm=False)
    news = News(turn=Turn.BEGAN, watched=chosen.watched, reading=reading)
    write_message(alert, news, now_ms())
