"""The AWS door as a function: put together once in a process, then called.

EVENTS_TABLE, SESSIONS_TABLE, ACTIVE_SESSIONS_TABLE and AWS_DEFAULT_REGION say where
events go; LIVEINSIGHT_SITES (JSON, a list of core.site.Site; absent: every host is
accepted) and LIVEINSIGHT_LOG_LEVEL the rest.
"""

import gc

# While all is loaded nothing becomes garbage: looking for it takes 60 of 330 ms.
gc.disable()

import os
import time
from pathlib import Path

import msgspec

from liveinsight.collect.door import Door
from liveinsight.collect.gateway import Context, GatewayDoor
from liveinsight.collect.places import PlaceReader
from liveinsight.core.device import parse_user_agent
from liveinsight.core.site import Site, Sites, sites_of
from liveinsight.errors import ConfigError
from liveinsight.log import configure_logging
from liveinsight.store.dynamodb.client import dynamodb_client
from liveinsight.store.dynamodb.items import tables_of
from liveinsight.store.dynamodb.store import DynamoStore


def sites_in(text: str) -> Sites:
    """The sites of LIVEINSIGHT_SITES; none if it is empty.

    Raises:
        ConfigError: it is no list of sites.
    """
    if not text.strip():
        return Sites()
    try:
        return sites_of(msgspec.json.decode(text, type=list[Site]))
    except msgspec.DecodeError as error:
        raise ConfigError(f"LIVEINSIGHT_SITES is no list of sites: {error}") from None


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _open_door() -> GatewayDoor:
    configure_logging(os.environ.get("LIVEINSIGHT_LOG_LEVEL") or "info")
    # One attempt a call: the store itself tries again, as long as the request has.
    store = DynamoStore(dynamodb_client(os.environ, 1), tables_of(os.environ))
    places = PlaceReader(Path(__file__).with_name("country.mmdb"))
    sites = sites_in(os.environ.get("LIVEINSIGHT_SITES", ""))
    # The first look builds the matchers: 0.1 s that no request should wait.
    parse_user_agent("Mozilla/5.0")
    return GatewayDoor(store, Door(sites=sites, place_of=places.place_of), _now_ms)


_door = _open_door()
gc.freeze()
gc.enable()


def handler(event: object, context: Context) -> dict[str, object]:
    """The answer to one request that API Gateway passes on."""
    return _door.answer(event, context)
