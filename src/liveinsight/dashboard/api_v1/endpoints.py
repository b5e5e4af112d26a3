"""The table of API v1. Routes, documents and commands are made from it."""

from typing import Any, Final

from liveinsight.dashboard.api_v1.endpoint import Endpoint
from liveinsight.dashboard.api_v1.query import QUERY

ENDPOINTS: Final[tuple[Endpoint[Any, Any], ...]] = (QUERY,)
