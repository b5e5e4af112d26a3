"""`/live/token` opens a stream, `/live/poll` stands in for one."""

import msgspec
from django.urls import path

from liveinsight.dashboard import runtime
from liveinsight.dashboard.api import Scope, answers_json
from liveinsight.dashboard.rights import (
    TOKEN_SECONDS,
    Grant,
    TooManyWatchesError,
    Watch,
    sign_grant,
)
from liveinsight.dashboard.shares import shareable
from liveinsight.errors import QueryError, StoreUnavailable
from liveinsight.query.check import check_filters
from liveinsight.query.concurrency import ask_concurrency


@answers_json
def token(scope: Scope) -> object:
    """`{token, expires_in}`: for `/live/stream?token=`; seconds."""
    # A link's own filters are added when the token is opened: they are not told.
    watch = msgspec.structs.replace(read_watch(scope), filters=scope.spelt)
    grant = Grant(asker=scope.asker, watch=watch)
    return {"token": sign_grant(grant), "expires_in": TOKEN_SECONDS}


@answers_json
def poll(scope: Scope) -> object:
    """`{now, feed, panels}`: the feed since `since`, the `now` of the poll before."""
    since = scope.asked.get("since", "")
    if since and not (since.isascii() and since.isdigit() and len(since) < 16):
        raise QueryError("since", "give the `now` of the poll before")
    watch = read_watch(scope)
    try:
        said = runtime.current().live.poll(watch, int(since) if since else scope.now)
    except TooManyWatchesError:
        raise StoreUnavailable("too many distinct filters are watched", 5) from None
    return msgspec.Raw(said)


@answers_json
def day(scope: Scope) -> object:
    """`{as_of, step, visitors}`: how many were there, every 5 minutes of 24 hours."""
    watch = read_watch(scope)
    reader = runtime.current().reader
    return ask_concurrency(watch.site, watch.filters, scope.now, reader)


def read_watch(scope: Scope) -> Watch:
    """What is watched; refused here rather than in the stream.

    Raises:
        QueryError: no site, or a filter that cannot be asked.
    """
    if scope.site is None:
        raise QueryError("site", "name one")
    check_filters(scope.filters, "f")
    return Watch(scope.site, scope.filters, scope.asker.link_id)


live_urls = [
    path("live/token", shareable(token), name="live-token"),
    path("live/poll", shareable(poll), name="live-poll"),
    path("live/day", shareable(day), name="live-day"),
]
