"""What a shared link opens, and how a request says that it came by one.

`/share/SLUG/` and `/embed/SLUG/` are put before the addresses of the reports; within
them nobody is signed in, the site is the link's, and its filters always hold.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec
from django.db.models import Q
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from liveinsight.core import limits
from liveinsight.dashboard import models
from liveinsight.dashboard.segments import SEGMENT, filters_of
from liveinsight.dashboard.sites import load_sites
from liveinsight.errors import QueryError
from liveinsight.query.catalog.dimensions import PROPERTY
from liveinsight.query.model import And, HasDone, Where
from liveinsight.query.parse import parse_filter
from liveinsight.query.where import leaves

ADDRESS: Final = re.compile(
    r"/(?P<kind>share|embed)/(?P<slug>[A-Za-z0-9_-]{16,64})(?P<rest>/.*)?", re.DOTALL
)
ATTRIBUTE: Final = "share"
MARK: Final = "is_shareable"
MARK_SALT: Final = "liveinsight.share.mark"
WHOLE_SITE: Final = {"funnels", "funnel", "funnel-live", "journeys", "retention"}
"""What looks at a visit as a whole: more than a segment of pages or events shows."""

View = TypeVar("View", bound=Callable[..., Any])


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A link in force, as a request came by it."""

    link_id: int
    prefix: str
    """What its addresses begin with, with a slash at both ends."""
    site: str
    filters: tuple[Where, ...]
    """They hold whatever the address says."""
    mark: str
    """Of what the link gives: another site, segment or password, another mark."""
    has_password: bool
    is_embedded: bool


def share_of(request: HttpRequest) -> Share | None:
    """The link that the request came by."""
    share: Share | None = getattr(request, ATTRIBUTE, None)
    return share


def shareable(view: View) -> View:
    """Marks a view as one that a shared link opens; no other is."""
    setattr(view, MARK, True)
    return view


def opens(share: Share, view: object, name: str | None) -> bool:
    """Whether the link opens the view, of which `name` is the route's."""
    if not getattr(view, MARK, False):
        return False
    return not share.filters or name not in WHOLE_SITE


def open_share(kind: str, slug: str, now: int) -> Share | None:
    """The link in force that the address names; notes its use."""
    link = find_link(Q(slug=slug), now)
    if link is None or (kind == "embed" and not link.is_embeddable):
        return None
    note_use(link, now)
    return Share(
        link_id=link.pk,
        prefix=f"/{kind}/{slug}/",
        site=link.site,
        filters=read_forced(link),
        mark=mark_of(link),
        has_password=bool(link.password_hash),
        is_embedded=kind == "embed",
    )


def find_link(which: Q, now: int) -> models.SharedLink | None:
    """The one link in force; one of a site that is not configured is not."""
    link = (
        models.SharedLink.objects.select_related("segment")
        .filter(which, revoked_at__isnull=True)
        .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))
        .first()
    )
    return link if link is not None and link.site in load_sites().by_id else None


def is_link_in_force(link_id: int, mark: str, now: int) -> bool:
    """Whether the link still gives what it gave when the mark was taken."""
    link = find_link(Q(pk=link_id), now)
    return link is not None and mark_of(link) == mark


def forced_by(link_id: int) -> tuple[Where, ...]:
    """The filters that the link puts on everything."""
    return read_forced(
        models.SharedLink.objects.select_related("segment").get(pk=link_id)
    )


def read_forced(link: models.SharedLink) -> tuple[Where, ...]:
    """The filters of the link's segment, as one.

    A goal among them then only limits who is seen: on its own it would be what
    conversions are of, and rates be of visitors outside of the segment.
    """
    return () if link.segment is None else (And(filters_of(link.segment)),)


def mark_of(link: models.SharedLink) -> str:
    """A keyed hash of all that decides what the link gives, and to whom.

    Keyed, as readers see it: nobody finds the segment's filters by trying.
    """
    segment = None if link.segment is None else link.segment.filters
    said = [link.slug, link.site, link.password_hash, segment]
    return salted_hmac(MARK_SALT, msgspec.json.encode(said)).hexdigest()


def note_use(link: models.SharedLink, now: int) -> None:
    """Writes the time of use, unless one of the last minute is there."""
    a_minute_ago = now - limits.MINUTE
    if link.last_used_at is None or link.last_used_at <= a_minute_ago:
        models.SharedLink.objects.filter(pk=link.pk).update(last_used_at=now)


def check_asked(share: Share, texts: Sequence[str]) -> None:
    """Returns if a stranger may ask under the filters that these texts spell.

    What a visitor has done elsewhere lies outside the link's segment; a saved segment
    is its owner's; and custom properties may hold what tells one visitor.

    Raises:
        QueryError: a filter reaches beyond the link, or cannot be read.
    """
    for where in map(parse_filter, texts):
        if share.filters and has_history(where):
            raise QueryError("f", "a shared link does not look beyond its segment")
        for leaf in leaves(where):
            name = getattr(leaf, "dimension", "")
            if name == SEGMENT or name.startswith(PROPERTY):
                raise QueryError("f", "a shared link does not filter by this")


def has_history(where: Where) -> bool:
    """Whether the condition asks for what a user has or has not done."""
    if isinstance(where, HasDone):
        return True
    inner = getattr(where, "filters", ()) or (getattr(where, "filter", None),)
    return any(has_history(each) for each in inner if each is not None)
