"""Every test of the dashboard starts with an empty database and a server."""

from collections.abc import Iterator

import pytest

from tests.dashboard import project

from django.contrib.auth.models import User  # isort: skip
from django.contrib.sessions.models import Session  # isort: skip
from django.db import connections  # isort: skip
from django.utils import translation  # isort: skip

from liveinsight.dashboard import auth  # isort: skip
from liveinsight.dashboard.api_v1 import door  # isort: skip
from liveinsight.dashboard import models  # isort: skip

# A link before its segment, which it protects.
KEPT = (
    models.SharedLink,
    models.Segment,
    models.Alert,
    models.Annotation,
    models.AuditLine,
    models.Funnel,
    models.Goal,
    models.ImportedTotal,
    models.ApiKey,
    models.Installation,
    models.Site,
)


@pytest.fixture(autouse=True)
def _fresh_start() -> Iterator[None]:
    for model in (*KEPT, Session, User):
        model.objects.all().delete()
    auth.throttle.tries.clear()
    door.limiter.tries.clear()
    project.a_server()
    yield
    translation.deactivate()  # what the last request was answered in
    while project.to_close:
        project.to_close.pop()()
    connections.close_all()
