"""What happened on a day: in the chart, its table and its list."""

from typing import Any

import pytest
from django.test import Client

from liveinsight.dashboard.annotations import MOST_ANNOTATIONS
from liveinsight.dashboard.models import Annotation
from tests.dashboard.pages import a_site_with, look, two_visits
from tests.dashboard.project import SITE


def annotate(client: Client, day: str, text: str, **fields: str) -> Any:
    return client.post(
        f"/annotations/add/?site={SITE}", {"day": day, "text": text, **fields}
    )


@pytest.mark.parametrize(
    ("period", "index"),
    [
        pytest.param({}, 28, id="by day"),
        pytest.param({"from": "2026-02-28", "to": "2026-03-01"}, 0, id="by hour"),
        pytest.param({"period": "12mo"}, 10, id="by month"),
    ],
)
def test_a_day_is_marked_in_the_chart(period: dict[str, str], index: int) -> None:
    client = a_site_with(two_visits())
    annotate(client, "2026-02-28", "Sale <b>begins</b>")
    page = look(client, "/statistics/", **period)
    (note,) = page.context["notes"]
    assert (note.index, note.text) == (index, "Sale <b>begins</b>")
    assert page.context["series"].data["notes"] == [
        {"index": index, "text": "Sale <b>begins</b>"}
    ]
    assert len(page.context["series"].still.marks) == 1
    assert "<b>begins" not in page.html
    assert page.text.count("Sale <b>begins</b>") == 2


def test_other_periods_and_sites_do_not_show_it() -> None:
    client = a_site_with(two_visits())
    annotate(client, "2025-11-02", "Long ago")
    Annotation.objects.create(
        site="other.example", day="2026-02-28", text="Elsewhere", created_at=1
    )
    page = look(client, "/statistics/")
    assert page.context["notes"] == []
    assert "Long ago" in look(client, "/statistics/", period="12mo").text


@pytest.mark.parametrize(
    ("day", "text"),
    [
        pytest.param("2026-02-30", "a", id="no day"),
        pytest.param("1999-12-31", "a", id="too early"),
        pytest.param("2100-01-01", "a", id="too late"),
        pytest.param("", "a", id="empty day"),
        pytest.param("2026-02-28", "  ", id="no text"),
        pytest.param("2026-02-28", "a" * 201, id="long text"),
    ],
)
def test_what_is_no_annotation_is_said_and_not_kept(day: str, text: str) -> None:
    client = a_site_with(two_visits())
    response = annotate(client, day, text)
    assert response.status_code == 302
    assert Annotation.objects.count() == 0
    assert 'class="note error"' in look(client, "/statistics/").html


def test_annotations_of_a_site_are_bounded() -> None:
    client = a_site_with([])
    Annotation.objects.bulk_create(
        Annotation(site=SITE, day="2026-02-28", text="x", created_at=1)
        for _ in range(MOST_ANNOTATIONS)
    )
    annotate(client, "2026-02-28", "one more")
    assert Annotation.objects.count() == MOST_ANNOTATIONS
    assert "at most 500 annotations" in look(client, "/statistics/").text


def test_an_annotation_is_removed() -> None:
    client = a_site_with(two_visits())
    annotate(client, "2026-02-28", "Sale")
    row = Annotation.objects.get()
    assert row.account is not None
    path = f"/annotations/{row.pk}/remove/"
    assert client.get(path).status_code == 405
    assert client.post(path).status_code == 302
    assert client.post(path).status_code == 302
    assert Annotation.objects.count() == 0


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [
        ("/statistics/?period=7d#annotations", "/statistics/?period=7d#annotations"),
        ("https://evil.example/", "/statistics/"),
        ("//evil.example/", "/statistics/"),
        ("javascript:alert(1)", "/statistics/"),
    ],
)
def test_one_comes_back_to_a_page_of_ours_alone(wanted: str, goes_to: str) -> None:
    client = a_site_with([])
    response = annotate(client, "2026-02-28", "Sale", next=wanted)
    assert response.headers["Location"] == goes_to


def test_annotations_need_an_account() -> None:
    a_site_with([])
    assert (
        annotate(Client(), "2026-02-28", "Sale")
        .headers["Location"]
        .startswith("/accounts/")
    )
    assert Annotation.objects.count() == 0


def test_the_form_begins_with_the_last_day_that_is_shown() -> None:
    page = look(a_site_with(two_visits()), "/statistics/")
    assert '<input type="date" name="day" value="2026-03-01" required>' in page.html
