"""What another tool has counted, kept beside the events: by day, site and dimension."""

from collections.abc import Sequence
from typing import Final

import msgspec
from django.db.models import F, Max, Min, QuerySet, Sum

from liveinsight.dashboard.models import ImportedTotal
from liveinsight.imports.plausible import COUNTS, Total

SUMS: Final[dict[str, Sum]] = {f"sum_{name}": Sum(name) for name in COUNTS}

KEY = ("site", "dimension", "day", "tool", "value", "detail")
ROW: Final = ("dimension", "day", "value", "detail")
"""What tells two totals of a site and a tool apart."""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """The first and the last day that another tool has counted, as ISO dates."""

    tool: str
    first: str
    last: str


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over days. `visitors` of two days may be the same people."""

    value: str
    visitors: int
    visits: int
    page_views: int
    bounces: int
    duration_s: int
    events: int

    @property
    def bounce_rate(self) -> float | None:
        """0-1; None without visits."""
        return self.bounces / self.visits if self.visits else None

    @property
    def visit_duration(self) -> int | None:
        """The mean, ms; None without visits."""
        return round(1_000 * self.duration_s / self.visits) if self.visits else None


def count_kept(site: str, tool: str, totals: Sequence[Total]) -> int:
    """How many of the totals are there already, or come twice among these."""
    kept = ImportedTotal.objects.filter(
        site=site,
        tool=tool,
        day__in={total.day for total in totals},
        dimension__in={total.dimension for total in totals},
    )
    known = set(kept.values_list(*ROW))
    rows = [tuple(getattr(total, name) for name in ROW) for total in totals]
    return len(rows) - len(set(rows) - known)


def save_totals(site: str, tool: str, totals: Sequence[Total]) -> None:
    """Keeps the totals; one that is there already gets the new counts."""
    last = {tuple(getattr(each, name) for name in ROW): each for each in totals}
    ImportedTotal.objects.bulk_create(
        [
            ImportedTotal(site=site, tool=tool, **msgspec.structs.asdict(total))
            for total in last.values()
        ],
        update_conflicts=True,
        update_fields=COUNTS,
        unique_fields=KEY,
    )


def list_spans(site: str, dimension: str | None = None) -> list[Span]:
    """What is there of a site, a tool each; of all dimensions, or of one alone."""
    rows = ImportedTotal.objects.filter(site=site)
    if dimension is not None:
        rows = rows.filter(dimension=dimension)
    found = (
        rows.values("tool").annotate(first=Min("day"), last=Max("day")).order_by("tool")
    )
    return [
        Span(tool=row["tool"], first=row["first"], last=row["last"]) for row in found
    ]


def count_months(site: str, tool: str) -> list[Numbers]:
    """The months (as 2026-01) in their order."""
    months: dict[str, list[int]] = {}
    days = _of(site, tool, "").values("day").annotate(**SUMS).order_by("day")
    for day, *counts in days.values_list("day", *SUMS):
        sums = months.setdefault(day[:7], [0] * len(COUNTS))
        months[day[:7]] = [total + n for total, n in zip(sums, counts, strict=True)]
    return [_numbers(month, sums) for month, sums in months.items()]


def count_values(site: str, tool: str, dimension: str, most: int) -> list[Numbers]:
    """The values of a dimension with the most visitors, or events."""
    rows = _of(site, tool, dimension).values("value").annotate(**SUMS)
    ranked = rows.order_by(F("sum_visitors").desc(), F("sum_events").desc(), "value")[
        :most
    ]
    return [
        _numbers(value, counts) for value, *counts in ranked.values_list("value", *SUMS)
    ]


def remove_totals(site: str, tool: str) -> None:
    """Forgets what the tool has counted for the site."""
    ImportedTotal.objects.filter(site=site, tool=tool).delete()


def _of(site: str, tool: str, dimension: str) -> QuerySet[ImportedTotal]:
    return ImportedTotal.objects.filter(site=site, dimension=dimension, tool=tool)


def _numbers(value: str, counts: list[int]) -> Numbers:
    return Numbers(value=value, **dict(zip(COUNTS, counts, strict=True)))
