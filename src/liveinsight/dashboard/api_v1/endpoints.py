"""The table of API v1. Routes, documents and commands are made from it."""

from typing import Any, Final

from liveinsight.dashboard.api_v1.endpoint import Endpoint
from liveinsight.dashboard.api_v1.funnel import FUNNEL, FUNNEL_SESSIONS
from liveinsight.dashboard.api_v1.journeys import JOURNEYS
from liveinsight.dashboard.api_v1.query import QUERY
from liveinsight.dashboard.api_v1.retention import RETENTION
from liveinsight.dashboard.api_v1.sessions import SESSIONS

ENDPOINTS: Final[tuple[Endpoint[Any, Any], ...]] = (
    QUERY,
    FUNNEL,
    FUNNEL_SESSIONS,
    JOURNEYS,
    RETENTION,
    SESSIONS,
)
