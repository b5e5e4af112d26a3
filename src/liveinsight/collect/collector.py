"""The way of a request through the door.

decode → site → drop? → duplicate? → user → session → enrich → record → answer
"""

from liveinsight.collect.door import Door
from liveinsight.collect.http import (
    ANY_ORIGIN,
    Headers,
    Reply,
    Request,
    check_method,
    cors_for,
    preflight,
    refuse,
)
from liveinsight.collect.intake import Intake, Taken
from liveinsight.core.ports import Store
from liveinsight.errors import PayloadError, StoreUnavailable


async def collect(request: Request, store: Store, door: Door, now: int) -> Reply:
    """The answer to a request that was received at `now` (ms).

    An answer of 200 is given after its events have become durable, never before.
    """
    taken = await take_in(request, store, door, now)
    if isinstance(taken, Reply):
        return taken
    # All else about the request is forgotten while it waits for its commit: kept,
    # that of some hundred requests at once would not fit into the caches.
    try:
        await store.record(taken.batch)
    except StoreUnavailable as error:
        return refuse(error)
    return taken.finish(door)


async def take_in(
    request: Request, store: Store, door: Door, now: int
) -> Taken | Reply:
    """What is to be recorded of a request; its answer where that is nothing."""
    if request.method == "OPTIONS":
        return preflight(_cors_of_preflight(request, door))
    try:
        check_method(request)
        return await Intake(request, store, door, now).take_in(request)
    except (PayloadError, StoreUnavailable) as error:
        return refuse(error)


def _cors_of_preflight(request: Request, door: Door) -> Headers:
    """A preflight names no site: an origin that any site lists is echoed."""
    origin = request.headers.get("origin")
    if origin and door.sites.restricted_to(origin):
        return cors_for(origin)
    return ANY_ORIGIN
