"""Saved filters: whose they are, and what stands for them in a question.

In addresses and questions a segment is the filter `segment:is:ID`. It is replaced by
its conditions before anything is asked, so the query layer never sees one.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from django.db.models import Q
from django.http import HttpRequest

from liveinsight.dashboard import models
from liveinsight.dashboard.clock import now_ms
from liveinsight.errors import ConfigError, QueryError
from liveinsight.query.check import check_filters
from liveinsight.query.model import And, Filter, Goal, Not, Operator, Or, Where
from liveinsight.query.parse import parse_filter
from liveinsight.query.where import (
    leaves,
    read_where,
    replace_filters,
    write_where,
)

SEGMENT: Final = "segment"
MOST_SEGMENTS: Final = 200
NAME_CHARS: Final = 100


def list_segments(site: str, account_id: int | None) -> list[models.Segment]:
    """Those for the site that the account may use, by name; None: the shared ones."""
    mine = (
        Q(account=None)
        if account_id is None
        else (Q(account=None) | Q(account=account_id))
    )
    return list(models.Segment.objects.filter(mine, site__in=("", site)))


def find_segment(text: str, site: str, account_id: int | None) -> models.Segment | None:
    """The segment of that id, if the account may use it for the site."""
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        return None
    found = [each for each in list_segments(site, account_id) if each.pk == int(text)]
    return found[0] if found else None


def filters_of(segment: models.Segment) -> tuple[Where, ...]:
    """The segment's conditions, all of which hold."""
    saved = msgspec.convert(segment.filters, list[object])
    return tuple(read_where(each, SEGMENT) for each in saved)


def account_of(request: HttpRequest) -> int | None:
    """Whose segments the one who asks may use; None: only the shared ones."""
    return request.user.pk if request.user.is_authenticated else None


def read_filters(
    texts: Iterable[str],
    site: str,
    account_id: int | None,
    goals: Sequence[Goal] = (),
) -> tuple[Where, ...]:
    """The filters that the `f` parameters of an address spell, as they are asked.

    Raises:
        QueryError: one cannot be read, or names no dimension, goal or segment.
    """
    filters = resolve((parse_filter(text) for text in texts), site, account_id)
    check_filters(filters, "f", goals)
    return filters


def resolve(
    filters: Iterable[Where], site: str, account_id: int | None, field: str = "f"
) -> tuple[Where, ...]:
    """The filters with the segments' conditions in place of the segments.

    Raises:
        QueryError: there is no such segment, or it is compared by another operator.
    """

    def change(condition: Filter) -> Where:
        if condition.dimension != SEGMENT:
            return condition
        if condition.operator not in (Operator.IS, Operator.IS_NOT):
            raise QueryError(field, "a segment is, or is not")
        chosen = [read_one(text, site, account_id, field) for text in condition.values]
        any_of = chosen[0] if len(chosen) == 1 else Or(tuple(chosen))
        return any_of if condition.operator is Operator.IS else Not(any_of)

    found: list[Where] = []
    for where in filters:
        changed = replace_filters(where, change)
        # At the top a segment's filters are as if they stood there themselves.
        is_segment = changed is not where and isinstance(changed, And)
        found += (
            changed.filters if is_segment and isinstance(changed, And) else [changed]
        )
    return tuple(found)


def read_one(text: str, site: str, account_id: int | None, field: str) -> Where:
    """The conditions of the segment of that id, as one."""
    segment = find_segment(text, site, account_id)
    if segment is None:
        raise QueryError(
            field, "there is no segment %(name)r that you may use", name=text[:32]
        )
    return And(filters_of(segment))


def save_segment(
    segment: models.Segment, name: str, filters: tuple[Where, ...]
) -> models.Segment:
    """Saves the segment under this name, with these conditions.

    Raises:
        ConfigError: the name is empty, or there are too many.
        QueryError: the conditions cannot be asked, or name another segment.
    """
    name = name.strip()[:NAME_CHARS]
    if not name:
        raise ConfigError("a segment needs a name")
    if not filters:
        raise QueryError("filters", "give at least one condition")
    for leaf in (leaf for where in filters for leaf in leaves(where)):
        if isinstance(leaf, Filter) and leaf.dimension == SEGMENT:
            raise QueryError("filters", "a segment is not made of other segments")
    check_filters(filters, "filters")
    if segment.pk is None:
        if models.Segment.objects.count() >= MOST_SEGMENTS:
            raise ConfigError("there are %(most)s segments already", most=MOST_SEGMENTS)
        segment.created_at = now_ms()
    segment.name = name
    segment.filters = [write_where(each) for each in filters]
    segment.save()
    return segment
