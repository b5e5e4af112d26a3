"""`/funnels/`: list, report, editor."""

import re

import pytest
from django.test import Client

from liveinsight.dashboard import models
from liveinsight.dashboard.funnels import (
    MOST_FUNNELS,
    FunnelDefinition,
    StepDefinition,
    add_funnel,
    read_funnel,
)
from liveinsight.dashboard.goals import add_goal
from liveinsight.dashboard.pages.api_call import ApiCall
from liveinsight.dashboard.sites import add_site
from liveinsight.query.actions import Action, Definition
from liveinsight.query.funnel import Sequence
from liveinsight.query.model import Filter, Operator
from tests.dashboard.clients import nobody
from tests.dashboard.links import a_link, a_segment, open_link
from tests.dashboard.pages import Shown, a_site_with, look
from tests.dashboard.project import NOW, SITE, a_visit_of
from tests.query.tables import HOUR, MINUTE

VISITS = [
    *a_visit_of(
        "/", "/cart", "/done", user="anna", at=NOW - HOUR, country="KR", source="Google"
    ),
    *a_visit_of("/", "/cart", user="ben", at=NOW - 3 * MINUTE, country="DE"),
    *a_visit_of("/", user="cleo", at=NOW - 2 * HOUR, country="DE"),
]


def a_step(page: str) -> StepDefinition:
    return StepDefinition(action=Action(page=page))


STEPS = (a_step("/"), a_step("/cart"), a_step("/done"))


def a_funnel(name: str = "Purchase", site: str = SITE) -> models.Funnel:
    return add_funnel(site, name, FunnelDefinition(steps=STEPS))


def written(*rows: dict[str, str], **more: str) -> dict[str, str]:
    """The form as a browser sends it."""
    fields = {
        "name": "Checkout",
        "sequence": "strict",
        "window": str(7 * 24 * HOUR),
        "step-TOTAL_FORMS": str(len(rows)),
        "step-INITIAL_FORMS": str(len(rows)),
    }
    for number, row in enumerate(rows):
        fields |= {f"step-{number}-{name}": value for name, value in row.items()}
    return fields | more


PAGE = {"kind": "page", "page": "/cart"}
EVENT = {"kind": "event", "event_type": "add_to_cart", "name": "In the cart"}


def send(client: Client, path: str, fields: dict[str, str]) -> Shown:
    return Shown(client.post(path, fields))


def test_a_site_without_funnels_says_what_one_is() -> None:
    page = look(a_site_with([]), "/funnels/")
    assert page.status == 200
    assert "Add your first funnel" in page.text
    assert f"/funnels/add/?site={SITE}" in page.links()


def test_the_list_shows_each_funnel_with_its_rate() -> None:
    client = a_site_with(VISITS)
    row = a_funnel()
    page = look(client, "/funnels/", period="today")
    card = page.context["cards"][0]
    assert (card.name, card.rate, card.began, card.completed) == (
        "Purchase",
        "33.3%",
        "3",
        "1",
    )
    assert card.address == f"/funnels/{row.pk}/?period=today"


def test_the_report_shows_steps_rows_and_who_is_there_now() -> None:
    client = a_site_with(VISITS)
    page = look(client, f"/funnels/{a_funnel().pk}/")
    assert [step.visitors for step in page.context["steps"]] == ["3", "2", "1"]
    assert [step.dropped for step in page.context["steps"]] == ["1", "1", "0"]
    assert {(row.label, row.rate) for row in page.context["table"].rows} == {
        ("Google", "100.0%"),
        ("Direct", "0.0%"),
    }
    assert [step.visitors for step in page.context["here"]] == [0, 1, 0]
    assert "Purchase" in page.text
    assert "all within one session" in page.text
    empty = look(
        client,
        f"/funnels/{models.Funnel.objects.get().pk}/",
        **{"from": "2020-01-01", "to": "2020-01-02"},
    )
    assert "Nobody took the first step" in empty.text
    assert "left here" not in empty.text


def test_a_click_on_a_row_filters_by_it() -> None:
    client = a_site_with(VISITS)
    path = f"/funnels/{a_funnel().pk}/"
    page = look(client, path, by="country")
    assert "?by=country&f=country:is:DE" in page.links()
    filtered = look(client, path, by="country", f="country:is:DE")
    assert [step.visitors for step in filtered.context["steps"]] == ["2", "1", "0"]


def test_those_who_left_are_listed_with_links_to_their_sessions() -> None:
    client = a_site_with(VISITS)
    path = f"/funnels/{a_funnel().pk}/"
    assert "?stopped=1" in look(client, path).links()
    page = look(client, path, stopped="1")
    assert f"/sessions/sess_cleo/?site={SITE}" in page.links()
    assert f"/visitors/cleo/?site={SITE}" in page.links()
    done = look(client, path, stopped="3")
    assert f"/visitors/anna/?site={SITE}" in done.links()
    beyond = look(client, path, stopped="1", skip="20")
    assert beyond.context["stopped"].found.count == 1
    assert look(client, path, stopped="4").status == 400
    assert look(client, path, stopped="x").status == 400


def test_the_live_part_alone_is_at_an_address_of_its_own() -> None:
    client = a_site_with(VISITS)
    row = a_funnel()
    page = look(client, f"/funnels/{row.pk}/live/", site=SITE)
    assert "<html" not in page.html
    assert re.search(r'id="here".*data-refresh="/funnels/\d+/live/\?site=', page.html)
    assert f"/sessions/sess_ben/?site={SITE}" in page.links()


def test_a_funnel_is_shown_with_its_own_site() -> None:
    client = a_site_with(VISITS)
    add_site("other.example", "UTC")
    row = a_funnel(site="other.example")
    look(client, "/", site=SITE)
    moved = client.get(f"/funnels/{row.pk}/?period=7d")
    assert moved.headers["Location"].endswith("period=7d&site=other.example")
    away = client.get(f"/funnels/{row.pk}/?site={SITE}")
    assert away.headers["Location"] == f"/funnels/?site={SITE}"


def test_a_new_funnel_is_saved_and_shown() -> None:
    client = a_site_with(VISITS)
    goal = add_goal(SITE, "Done", Definition(action=Action(page="/done")))
    empty = {"kind": "page", "page": ""}
    of_goal = {"kind": "goal", "goal": str(goal.pk)}
    fields = written(PAGE, EVENT, empty, of_goal)
    page = send(client, f"/funnels/add/?site={SITE}", fields)
    row = models.Funnel.objects.get()
    assert page.response.headers["Location"] == f"/funnels/{row.pk}/?site={SITE}"
    assert (row.name, row.site) == ("Checkout", SITE)
    assert read_funnel(row) == FunnelDefinition(
        steps=(
            a_step("/cart"),
            StepDefinition(name="In the cart", action=Action(event_type="add_to_cart")),
            StepDefinition(goal=goal.pk),
        ),
        sequence=Sequence.STRICT,
        window_ms=7 * 24 * HOUR,
    )
    # Renamed, the goal is the step still.
    models.Goal.objects.update(name="Order")
    shown = look(client, f"/funnels/{row.pk}/")
    assert [s.name for s in shown.context["steps"]] == ["/cart", "In the cart", "Order"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (written(PAGE), "Write at least two steps."),
        (written(PAGE, {"kind": "page", "page": "cart"}), "A page begins with / or *"),
        (written(PAGE, {"kind": "goal", "goal": "99"}), "Select a valid choice"),
        (
            written(PAGE, {"kind": "event", "event_type": "engagement"}),
            "Make a goal of a time or a depth",
        ),
        (written(*[PAGE] * 11), "Please submit at most 10 forms"),
        (written(PAGE, EVENT, name=" "), "This field is required."),
        (written(PAGE, EVENT, window="7"), "Select a valid choice"),
        (written(PAGE, EVENT, name="Purchase"), "There is a funnel of this name"),
    ],
)
def test_what_cannot_be_saved_is_said_and_kept_in_the_form(
    fields: dict[str, str], said: str
) -> None:
    client = a_site_with([])
    a_funnel()
    page = send(client, f"/funnels/add/?site={SITE}", fields)
    assert page.status == 400
    assert said in page.text
    assert models.Funnel.objects.count() == 1


def test_rows_are_added_moved_and_removed_without_scripts() -> None:
    client = a_site_with([])

    def rows(**button: str) -> list[str]:
        page = send(
            client, f"/funnels/add/?site={SITE}", written(PAGE, EVENT, **button)
        )
        assert page.status == 200
        assert 'value="Checkout"' in page.html
        return [form.initial.get("kind", "") for form in page.context["forms"].steps]

    assert rows(more="1") == ["page", "event", ""]
    assert rows(up="1") == ["event", "page"]
    assert rows(gone="0") == ["event", ""]
    assert models.Funnel.objects.count() == 0


def test_a_funnel_is_changed_and_removed() -> None:
    client = a_site_with([])
    row = a_funnel()
    page = look(client, f"/funnels/{row.pk}/edit/")
    assert 'value="/cart"' in page.html
    fields = written(PAGE, EVENT, sequence="order", window="session")
    send(client, f"/funnels/{row.pk}/edit/", fields)
    row.refresh_from_db()
    assert (row.name, len(read_funnel(row).steps)) == ("Checkout", 2)
    assert client.get(f"/funnels/{row.pk}/remove/").status_code == 405
    send(client, f"/funnels/{row.pk}/remove/", {})
    assert models.Funnel.objects.count() == 0
    assert look(client, f"/funnels/{row.pk}/").status == 404


def test_a_step_whose_goal_was_removed_is_said() -> None:
    client = a_site_with([])
    goal = add_goal(SITE, "Done", Definition(action=Action(page="/done")))
    steps = (a_step("/"), StepDefinition(goal=goal.pk))
    row = add_funnel(SITE, "Purchase", FunnelDefinition(steps=steps))
    goal.delete()
    for path in ("/funnels/", f"/funnels/{row.pk}/"):
        page = look(client, path)
        assert page.status == 200
        assert "The goal of one of its steps has been removed." in page.text
    assert look(client, f"/funnels/{row.pk}/edit/").status == 200


def test_a_site_has_a_limit_of_funnels() -> None:
    client = a_site_with([])
    for number in range(MOST_FUNNELS):
        a_funnel(f"Funnel {number}")
    page = look(client, "/funnels/")
    assert "A site has at most 50 funnels." in page.text
    refused = send(client, f"/funnels/add/?site={SITE}", written(PAGE, EVENT))
    assert refused.status == 400
    assert "A site has at most 50 funnels." in refused.text


def test_nobody_sees_funnels_without_an_account() -> None:
    a_site_with([])
    row = a_funnel()
    for path in ("/funnels/", f"/funnels/{row.pk}/", f"/funnels/{row.pk}/live/"):
        assert nobody().get(path).status_code == 302


def test_a_shared_link_shows_numbers_and_nobody() -> None:
    a_site_with(VISITS)
    row = a_funnel()
    link = a_link()
    report = open_link(link, f"/funnels/{row.pk}/", stopped="1")
    assert "edit" not in report.html
    for page in (report, open_link(link, f"/funnels/{row.pk}/live/")):
        assert page.status == 200
        assert "ben" not in page.html
        assert "cleo" not in page.html
        assert "/visitors/" not in page.html
    assert open_link(link, f"/funnels/{row.pk}/edit/").status != 200
    other = a_funnel(site="other.example")
    assert open_link(link, f"/funnels/{other.pk}/").status == 404
    assert open_link(link, f"/funnels/{other.pk}/live/").status == 404


def test_the_api_calls_of_the_page_give_its_numbers() -> None:
    client = a_site_with(VISITS)
    path = f"/funnels/{a_funnel().pk}/"
    page = look(client, path, stopped="1", f="country:is:DE", by="country")
    report = client.get(page.context["call"].address, json_of(page.context["call"]))
    steps = report.json()["totals"]["steps"]
    assert [s["visitors"] for s in steps] == [2, 1, 0]
    stopped_call = page.context["stopped_call"]
    stopped = client.get(stopped_call.address, json_of(stopped_call)).json()
    assert [row["user_id"] for row in stopped["results"]] == ["cleo"]
    assert look(client, stopped_call.shown).status == 200


def json_of(call: ApiCall) -> dict[str, str]:
    return {"question": call.text}


def test_saved_segments_are_compared_in_rows() -> None:
    client = a_site_with(VISITS)
    path = f"/funnels/{a_funnel().pk}/"
    assert "A segment is a set of filters" in look(client, path, by="segment").text
    segment = a_segment(Filter("country", Operator.IS, ("DE",)))
    page = look(client, path, by="segment")
    (row,) = page.context["table"].rows
    assert (row.label, row.steps) == ("Ours", ["2", "1", "0"])
    assert f"?by=segment&f=segment:is:{segment.pk}" in page.links()
    shared = open_link(a_link(), path, by="segment")
    assert shared.context["table"].rows == []
    assert "Ours" not in shared.html
