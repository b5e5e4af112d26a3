"""Saved segments: made of conditions, whose they are, and what stands for them."""

from typing import Any

import pytest

from liveinsight.dashboard import models
from liveinsight.dashboard.clock import now_ms
from liveinsight.dashboard.keys import add_key
from liveinsight.dashboard.segments import filters_of
from liveinsight.dashboard.sites import add_site
from liveinsight.query.where import write_where
from tests.dashboard.clients import an_account
from tests.dashboard.pages import Shown, a_site_with, look, two_visits
from tests.dashboard.project import SITE, a_visit_of
from tests.query.tables import NOON

KOREA = {
    "kind.0": "all",
    "kind.0.0": "line",
    "dimension.0.0": "country",
    "operator.0.0": "is",
    "value.0.0": ["KR", ""],
}
NESTED = {
    **KOREA,
    "kind.0.1": "not_done",
    "kind.0.1.0": "line",
    "dimension.0.1.0": "page",
    "operator.0.1.0": "is",
    "value.0.1.0": ["/cart"],
    "nothing.0.1.0": "yes",
}
NESTED_FILTERS = [
    ["is", "country", ["KR"]],
    ["has_not_done", ["is", "page", ["/cart", ""]]],
]


def save(client: Any, form: dict[str, Any] = KOREA, **more: str) -> models.Segment:
    answered = client.post(
        "/segments/add/", {**form, "do": "save", "name": "k", **more}
    )
    assert answered.status_code == 302, answered.content
    return models.Segment.objects.latest("pk")


def test_a_segment_is_saved_as_its_conditions_and_read_back_into_the_form() -> None:
    client = a_site_with(two_visits())
    saved = save(client, NESTED, name="Not in the cart")
    assert [write_where(each) for each in filters_of(saved)] == NESTED_FILTERS
    page = look(client, f"/segments/{saved.pk}/")
    form = page.context["tree"]
    assert [child.path for child in form.children] == ["0.0", "0.1"]
    assert form.children[1].children[0].values == ["/cart"]
    assert "has not done" in look(client, "/segments/").text


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        ("all", [["is", "country", ["KR"]], ["is", "page", ["/"]]]),
        ("any", [["or", [["is", "country", ["KR"]], ["is", "page", ["/"]]]]]),
        ("none", [["not", ["or", [["is", "country", ["KR"]], ["is", "page", ["/"]]]]]]),
        (
            "done",
            [["has_done", ["and", [["is", "country", ["KR"]], ["is", "page", ["/"]]]]]],
        ),
    ],
)
def test_every_kind_of_group_says_what_it_means(kind: str, where: object) -> None:
    client = a_site_with(two_visits())
    second = {"kind.0.1": "line", "dimension.0.1": "page", "value.0.1": "/"}
    saved = save(client, {**KOREA, **second, "kind.0": kind})
    assert saved.filters == where
    again = look(client, f"/segments/{saved.pk}/").context["tree"]
    assert again.kind == kind


def test_the_buttons_change_the_tree_and_save_nothing() -> None:
    client = a_site_with(two_visits())
    for action, paths in (
        ("add:0", ["0.0", "0.1", "0.2"]),
        ("group:0", ["0.0", "0.1", "0.2"]),
        ("remove:0.0", ["0.0"]),
        ("", ["0.0", "0.1"]),
    ):
        page = Shown(client.post("/segments/add/", {**NESTED, "do": action}))
        assert [child.path for child in page.context["tree"].children] == paths
    assert not models.Segment.objects.exists()


def test_the_form_counts_who_fits() -> None:
    client = a_site_with(two_visits())
    page = Shown(client.post("/segments/add/", {**KOREA, "do": ""}))
    assert page.context["visitors"] == 1


def test_a_segment_filters_as_its_conditions_do_and_is_one_chip() -> None:
    client = a_site_with(
        two_visits() + a_visit_of("/", user="c", country="KR", at=NOON)
    )
    saved = save(client, name="Korea")
    page = look(client, "/statistics/", f=f"segment:is:{saved.pk}")
    plain = look(client, "/statistics/", f="country:is:KR")
    assert [card.value for card in page.context["cards"]] == [
        card.value for card in plain.context["cards"]
    ]
    chip = page.context["filter_bar"].chips[0]
    assert (chip.name, chip.value) == ("Segment", "Korea")
    others = look(client, "/statistics/", f=f"segment:is_not:{saved.pk}")
    assert others.context["cards"][0].value == "1"
    assert look(client, "/", f=f"segment:is:{saved.pk}").status == 200
    assert (
        client.get(f"/live/token?site={SITE}&f=segment:is:{saved.pk}").status_code
        == 200
    )
    plain_address = f"/api/statistics/summary/?f=segment:is:{saved.pk}"
    assert client.get(plain_address).json()["total_sessions"] == 2


def test_the_conditions_can_be_used_once_instead_of_being_saved() -> None:
    client = a_site_with(two_visits())
    way = "/segments/add/?back=/statistics/&q=period%3D7d"
    back = client.post(way, {**NESTED, "do": "use"})
    assert back.headers["Location"].startswith(
        "/statistics/?period=7d&f=country:is:KR&f=%5B"
    )
    assert client.get(back.headers["Location"]).status_code == 200
    kept = client.post(way, {**KOREA, "do": "save", "name": "k"})
    pk = models.Segment.objects.get().pk
    assert kept.headers["Location"] == f"/statistics/?period=7d&f=segment:is:{pk}"


def test_a_private_segment_is_its_accounts_alone_and_a_shared_one_everybodys() -> None:
    ada = a_site_with(two_visits())
    private, shared = save(ada), save(ada, shared="yes")
    ben = an_account("ben")
    assert [row.segment.pk for row in look(ben, "/segments/").context["rows"]] == [
        shared.pk
    ]
    assert look(ben, f"/segments/{private.pk}/").status == 404
    assert ben.post(f"/segments/{private.pk}/remove/").status_code == 404
    assert look(ben, "/statistics/", f=f"segment:is:{private.pk}").status == 400
    assert look(ben, "/statistics/", f=f"segment:is:{shared.pk}").status == 200
    key = add_key("reader")
    bearer = {"Authorization": f"Bearer {key}"}
    for segment, status in ((private, 400), (shared, 200)):
        address = f"/api/statistics/summary/?site={SITE}&f=segment:is:{segment.pk}"
        assert ben.get(address, headers=bearer).status_code == status


def test_a_segment_of_one_site_is_none_of_another() -> None:
    client = a_site_with(two_visits())
    here, everywhere = save(client), save(client, everywhere="yes")
    add_site("b.example")
    other = look(client, "/segments/", site="b.example")
    assert [row.segment.pk for row in other.context["rows"]] == [everywhere.pk]
    refused = look(client, "/", site="b.example", f=f"segment:is:{here.pk}")
    assert refused.status == 400


def test_a_removed_segment_is_refused_and_one_that_a_link_shows_stays() -> None:
    client = a_site_with(two_visits())
    saved = save(client)
    models.SharedLink.objects.create(
        site=SITE, name="l", slug="x" * 20, segment=saved, created_at=now_ms()
    )
    assert client.post(f"/segments/{saved.pk}/remove/").status_code == 400
    models.SharedLink.objects.update(revoked_at=now_ms())
    assert client.post(f"/segments/{saved.pk}/remove/").status_code == 302
    assert look(client, "/", f=f"segment:is:{saved.pk}").status == 400


@pytest.mark.parametrize(
    "form",
    [
        {**KOREA, "do": "save", "name": " "},
        {"kind.0": "all", "do": "save", "name": "empty"},
        {
            **KOREA,
            "operator.0.0": "matches",
            "value.0.0": "(",
            "do": "save",
            "name": "k",
        },
        {
            **KOREA,
            "dimension.0.0": "segment",
            "value.0.0": "1",
            "do": "save",
            "name": "k",
        },
        {**KOREA, "dimension.0.0": "nonsense", "do": "save", "name": "k"},
        {**KOREA, "operator.0.0": "nonsense", "do": "save", "name": "k"},
        {**KOREA, "do": "remove:0.9"},
        {**KOREA, "do": "remove:x"},
        {**KOREA, "do": "add:0.0"},
        {**KOREA, "do": "explode:0"},
        {**{f"kind.0{'.0' * depth}": "all" for depth in range(9)}, "do": ""},
        {"do": "save"},
    ],
    ids=range(12),
)
def test_what_cannot_be_saved_is_refused_and_says_why(form: dict[str, Any]) -> None:
    client = a_site_with([])
    answered = client.post("/segments/add/", form)
    assert answered.status_code == 400
    assert not models.Segment.objects.exists()
