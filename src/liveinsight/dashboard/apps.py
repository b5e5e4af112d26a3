"""The dashboard as a Django app."""

from django.apps import AppConfig
from django.core.signals import got_request_exception


class DashboardConfig(AppConfig):
    """The one app of the project."""

    name = "liveinsight.dashboard"
    label = "dashboard"
    verbose_name = "LiveInsight"

    def ready(self) -> None:
        """Connects what listens to Django."""
        from liveinsight.dashboard.errors import log_failure

        got_request_exception.connect(log_failure)
