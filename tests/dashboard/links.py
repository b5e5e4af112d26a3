"""Shared links as a test makes and opens them."""

from typing import Any

from django.test import Client

from liveinsight.dashboard.links import NewLink, add_link
from liveinsight.dashboard.models import Segment, SharedLink
from liveinsight.query.model import Where
from liveinsight.query.where import write_where
from tests.dashboard.pages import Shown
from tests.dashboard.project import SITE

PASSWORD = "open sesame 7"


def a_link(*, segment: Where | None = None, **chosen: Any) -> SharedLink:
    """A link to the shop, or to a segment of it."""
    saved = None if segment is None else a_segment(segment)
    link = NewLink(site=SITE, name="For the agency", segment=saved, **chosen)
    return add_link(link, "ada")


def a_segment(where: Where, **fields: Any) -> Segment:
    """A segment that all accounts share."""
    return Segment.objects.create(
        site=SITE, name="Ours", filters=[write_where(where)], created_at=0, **fields
    )


def path_of(link: SharedLink, path: str = "/", kind: str = "share") -> str:
    """Where the link shows what is at this path."""
    return f"/{kind}/{link.slug}{path}"


def open_link(
    link: SharedLink,
    path: str = "/",
    client: Client | None = None,
    **query: str | list[str],
) -> Shown:
    """The page as a stranger sees it who has the link."""
    return Shown((client or Client()).get(path_of(link, path), query))
