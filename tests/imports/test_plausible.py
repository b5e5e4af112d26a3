"""Plausible's export: totals of days."""

import zipfile
from pathlib import Path

import pytest

from liveinsight.cli.import_totals import read_tables
from liveinsight.errors import ConfigError
from liveinsight.imports.files import untold
from liveinsight.imports.kinds import Kind, kind_of
from liveinsight.imports.model import Skipped
from liveinsight.imports.plausible import Total, table_of

DAYS = "_20260101_20260131.csv"


def an_export(folder: Path, **tables: str) -> Path:
    """A zip with these tables; `pages="…"` is `imported_pages_….csv`."""
    path = folder / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in tables.items():
            archive.writestr(f"imported_{name}{DAYS}", text)
    return path


def totals_in(path: Path) -> tuple[list[Total], list[str]]:
    found = list(read_tables([path], untold))
    return (
        [each for each in found if isinstance(each, Total)],
        [each.reason for each in found if isinstance(each, Skipped)],
    )


def test_the_totals_of_a_day_keep_their_counts(tmp_path: Path) -> None:
    path = an_export(
        tmp_path,
        visitors='"date","visitors","pageviews","bounces","visits","visit_duration"\n'
        '"2026-01-01",5,20,2,7,340\n',
    )
    assert kind_of(path) is Kind.PLAUSIBLE
    assert totals_in(path)[0] == [
        Total(
            day="2026-01-01",
            dimension="",
            value="",
            detail="",
            visitors=5,
            visits=7,
            page_views=20,
            bounces=2,
            duration_s=340,
        )
    ]


@pytest.mark.parametrize(
    ("name", "text", "dimension", "value", "counts"),
    [
        (
            "pages",
            "date,hostname,page,visits,visitors,pageviews\n2026-01-01,a.example,/a,8,7,9",
            *("page", "/a", (7, 8, 9)),
        ),
        (  # the page views are those of the visits that began there
            "entry_pages",
            "date,entry_page,visitors,entrances,visit_duration,bounces,pageviews\n"
            "2026-01-01,/a,3,4,90,1,6",
            *("entry_page", "/a", (3, 4, 0)),
        ),
        (
            "exit_pages",
            "date,exit_page,visitors,visit_duration,exits,bounces,pageviews\n"
            "2026-01-01,/a,3,90,4,1,6",
            *("exit_page", "/a", (3, 4, 0)),
        ),
        (
            "sources",
            "date,source,referrer,utm_source,utm_medium,utm_campaign,utm_content,"
            "utm_term,pageviews,visitors,visits,visit_duration,bounces\n"
            "2026-01-01,Google,google.com,,,,,,9,7,8,100,2",
            *("source", "Google", (7, 8, 9)),
        ),
        (
            "locations",
            "date,country,region,city,visitors,visits,visit_duration,bounces,pageviews\n"
            "2026-01-01,KR,KR-11,1835848,7,8,100,2,9",
            *("country", "KR", (7, 8, 9)),
        ),
        (
            "operating_systems",
            "date,operating_system,visitors,visits,visit_duration,bounces\n"
            "2026-01-01,Mac,7,8,100,2",
            *("os", "Mac", (7, 8, 0)),
        ),
    ],
)
def test_each_table_counts_by_its_dimension(
    name: str,
    text: str,
    dimension: str,
    value: str,
    counts: tuple[int, int, int],
    tmp_path: Path,
) -> None:
    ((total,), left_out) = totals_in(an_export(tmp_path, **{name: text}))
    assert left_out == []
    assert (total.dimension, total.value) == (dimension, value)
    assert (total.visitors, total.visits, total.page_views) == counts


def test_rows_of_one_value_are_told_apart(tmp_path: Path) -> None:
    path = an_export(
        tmp_path,
        browsers="date,browser,browser_version,visitors\n"
        "2026-01-01,Chrome,140,5\n2026-01-01,Chrome,139,2\n2026-01-01,Chrome,,1\n",
    )
    found, _ = totals_in(path)
    assert len({total.detail for total in found}) == 3


def test_a_row_that_is_none_is_left_out(tmp_path: Path) -> None:
    rows = (
        "2026-01-01,/a,5",
        "2026-02-31,/a,5",
        "2026-01-01,/a,-5",
        "2026-01-01,/a,many",
        "2026-01-01,/a," + "9" * 5_000,
        "2026-01-01,/a",
        f"2026-01-01,/{'x' * 600},5",
    )
    path = an_export(tmp_path, pages="date,page,visitors\n" + "\n".join(rows))
    found, left_out = totals_in(path)
    assert len(found) == 1
    assert left_out == ["malformed"] * 6


def test_a_table_without_its_columns_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no column page"):
        totals_in(an_export(tmp_path, pages="date,visitors\n2026-01-01,3"))


def test_tables_that_are_not_kept_are_passed_over(tmp_path: Path) -> None:
    assert table_of(f"imported_custom_props{DAYS}") is None
    path = an_export(
        tmp_path,
        custom_props="date,property,value,visitors,events\n2026-01-01,a,b,1,1",
        devices="date,device,visitors\n2026-01-01,Mobile,4",
    )
    found, left_out = totals_in(path)
    assert [total.value for total in found] == ["Mobile"]
    assert left_out == []
