"""What happened on a day, as the owner notes it for the charts of a site."""

import datetime as dt
from typing import Final

from liveinsight.dashboard.clock import now_ms
from liveinsight.dashboard.models import Annotation
from liveinsight.errors import ConfigError

MOST_ANNOTATIONS: Final = 500
TEXT_CHARS: Final = 200


def list_annotations(site: str, first: dt.date, last: dt.date) -> list[Annotation]:
    """The site's annotations of these days, both included, the earliest first."""
    days = (first.isoformat(), last.isoformat())
    return list(Annotation.objects.filter(site=site, day__range=days))


def add_annotation(
    site: str, day: dt.date, text: str, account_id: int | None = None
) -> Annotation:
    """Notes the text on a day of the site's time zone.

    Raises:
        ConfigError: there is no text, or the site has MOST_ANNOTATIONS.
    """
    text = " ".join(text.split())[:TEXT_CHARS]
    if not text:
        raise ConfigError("an annotation needs a text")
    if Annotation.objects.filter(site=site).count() >= MOST_ANNOTATIONS:
        raise ConfigError(
            "a site has at most %(most)s annotations", most=MOST_ANNOTATIONS
        )
    return Annotation.objects.create(
        site=site,
        day=day.isoformat(),
        text=text,
        account_id=account_id,
        created_at=now_ms(),
    )


def remove_annotation(annotation_id: int) -> None:
    """Takes the annotation away; one that is gone already is no problem."""
    Annotation.objects.filter(pk=annotation_id).delete()
