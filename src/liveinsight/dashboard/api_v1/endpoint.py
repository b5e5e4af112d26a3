"""What a question of API v1 is."""

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from liveinsight.dashboard import runtime
from liveinsight.dashboard.api import choose_site
from liveinsight.dashboard.goals import load_goals
from liveinsight.dashboard.rights import Asker
from liveinsight.dashboard.segments import resolve
from liveinsight.dashboard.sites import load_sites
from liveinsight.query.csv import Table
from liveinsight.query.wire import About, Subject, read_filters, read_period

Asked = TypeVar("Asked", bound=About)
Answered = TypeVar("Answered")


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and when."""

    asker: Asker
    now: int


class Endpoint(msgspec.Struct, Generic[Asked, Answered], frozen=True, kw_only=True):
    """A question with an address, `/api/v1/NAME`, and a place in the documents."""

    name: str
    summary: str
    request: type[Asked]
    response: type[Answered]
    answer: Callable[[Caller, Asked], Answered]
    """Raises QueryError (400), ForbiddenError (403), MissingError (404)."""
    table: Callable[[Answered], Table] | None = None
    """The answer as rows, for CSV; None: it is not one table."""
    example: Asked
    """A question that is worth asking; for the documents."""

    @property
    def path(self) -> str:
        """The address, below the server's root."""
        return f"api/v1/{self.name}"


def find_subject(caller: Caller, about: About) -> Subject:
    """The site, period, filters and goals that the question is about.

    Raises:
        ForbiddenError: the key does not read the site.
        MissingError: sites are configured, and this is none of them.
        QueryError: period or filters cannot be read.
    """
    sites = load_sites()
    site = choose_site(about.site, caller.asker, list(sites.by_id))
    timezone = about.timezone or sites.get(site or "").timezone
    return Subject(
        site=site,
        timezone=timezone,
        period=read_period(about.period, timezone, caller.now, "period"),
        now=caller.now,
        filters=resolve(
            read_filters(about.filters), site or "", caller.asker.account_id, "filters"
        ),
        goals=load_goals(site) if site else (),
    )


def complete_to(now: int) -> int:
    """Through which receipt all events are in an answer of now, ms."""
    server = runtime.current()
    if server.stack is not None:
        return server.stack.history_through()
    stats = server.applier_stats()
    if stats.backlog_events:
        return stats.applied_through_received_at or 0
    return now
