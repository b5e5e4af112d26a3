"""The pages where a stack on AWS collects: what they say, and what they leave alone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from liveinsight.core.ports import Reader
from liveinsight.core.stack_counts import StackCounts, StackLedger
from liveinsight.errors import StoreUnavailable
from tests.dashboard.clients import an_account, ask
from tests.dashboard.pages import look, two_visits
from tests.dashboard.project import NOW, SITE, a_server, a_visit_of, a_warehouse
from tests.query.tables import MINUTE

from liveinsight.core.site import Site  # isort: skip
from liveinsight.dashboard import runtime  # isort: skip
from liveinsight.dashboard.keys import add_key  # isort: skip
from liveinsight.dashboard.sites import follow_stack, list_sites  # isort: skip

DAY = StackCounts(
    received=100,
    stored=80,
    duplicate=5,
    dropped={"bot": 7},
    rejected=3,
)
MONTH = replace(DAY, received=1_000, stored=985, unavailable=4)
LEDGER = StackLedger(as_of=NOW, last_day=DAY, month=MONTH)


class Late:
    """Timelines that know of a visit which the warehouse does not have."""

    def __init__(self) -> None:
        self.fresh = a_warehouse(a_visit_of("/", "/fresh", user="eve", at=NOW - MINUTE))

    @contextmanager
    def of_session(self, site: str | None, session_id: str) -> Iterator[Reader]:
        assert (site, session_id) == (SITE, "sess_eve")
        yield self.fresh

    @contextmanager
    def of_user(self, site: str | None, user: str) -> Iterator[Reader]:
        assert site == SITE
        yield self.fresh


def a_stack(
    ledger: StackLedger | None = LEDGER, limit: int | None = None
) -> runtime.Runtime:
    """A dashboard over a stack; the present is read from elsewhere than the past."""
    stack = runtime.Stack(
        name="liveinsight",
        region="eu-central-1",
        snippet=lambda site: f"<script data-site={site} data-api=https://api.example>",
        ledger=lambda: ledger,
        live_limit=lambda: limit,
        history_through=lambda: NOW - 12_000,
    )
    server = replace(
        a_server(a_visit_of("/old", at=NOW - 20 * MINUTE)),
        stack=stack,
        present=a_warehouse(two_visits()),
        timelines=Late(),
    )
    runtime.bind(server)
    follow_stack([Site(SITE)])
    return server


def test_the_present_is_asked_where_it_is_known() -> None:
    a_stack()
    client = an_account()
    live = look(client, "/", site=SITE)
    assert live.context["panels"].current_visitors == 2
    assert "stack liveinsight (eu-central-1)" in live.text
    key = add_key("reads all")
    assert len(ask("/api/sessions/active/", key, site=SITE).json) == 2
    assert ask("/api/statistics/pages/", key, site=SITE, period="today").json == [
        {"page": "/old", "views": 1}
    ]
    (card,) = look(client, "/sites/").context["cards"]
    assert card.current_visitors == 2


def test_a_session_and_a_visitor_are_there_before_the_archive_has_them() -> None:
    a_stack()
    client = an_account()
    assert "/fresh" in look(client, "/sessions/sess_eve/", site=SITE).text
    events = ask("/api/sessions/sess_eve/events/", site=SITE).json
    assert [event["page_url"][-6:] for event in events] == ["ample/", "/fresh"]
    visitor = look(client, "/visitors/eve/", site=SITE)
    assert "/ → /fresh" in visitor.text
    assert any("/sessions/sess_eve/" in link for link in visitor.links())


def test_the_ledger_of_the_stack_shows_its_difference_and_its_delay() -> None:
    a_stack()
    shown = look(an_account(), "/sites/")
    assert shown.context["stack_ledger"].difference == 5
    assert "Difference 5" in shown.text
    assert "CloudWatch counts, as of" in shown.text
    assert "4 requests were asked to come again later" in shown.text
    assert "A known bot or crawler" in shown.text


def test_a_ledger_that_adds_up_says_so() -> None:
    a_stack(replace(LEDGER, last_day=replace(DAY, stored=85)))
    assert "It adds up." in look(an_account(), "/sites/").text


def test_counts_that_may_not_be_read_say_which_right_is_missing() -> None:
    a_stack(None)
    assert "cloudwatch:GetMetricData" in look(an_account(), "/sites/").text


def test_more_sessions_than_are_read_are_said_to_be_more() -> None:
    a_stack(limit=50_000)
    assert "of the first 50,000" in look(an_account(), "/", site=SITE).text


def test_sites_are_the_stacks_but_names_and_time_zones_are_kept() -> None:
    a_stack()
    client = an_account()
    form = {"name": "Shop", "timezone": "Asia/Seoul", "allowed_origins": "https://x.y"}
    assert client.post(f"/sites/{SITE}/", form).status_code == 302
    follow_stack([Site(SITE, allowed_origins=("https://a.b",)), Site("new.example")])
    assert [
        (site.id, site.timezone, site.allowed_origins) for site in list_sites()
    ] == [
        ("new.example", "UTC", ()),
        (SITE, "Asia/Seoul", ("https://a.b",)),
    ]
    follow_stack([Site("new.example")])
    assert [site.id for site in list_sites()] == ["new.example"]


@pytest.mark.parametrize("path", ["/sites/add/", f"/sites/{SITE}/remove/"])
def test_sites_are_neither_added_nor_removed_here(path: str) -> None:
    a_stack()
    client = an_account()
    reply = client.post(path, {"domain": "mine.example", "timezone": "UTC"})
    assert reply.status_code == 403
    assert "liveinsight deploy --stack liveinsight" in reply.content.decode()
    assert [site.id for site in list_sites()] == [SITE]
    assert "/sites/add/" not in look(client, "/").links()


def test_the_snippet_sends_to_the_stack() -> None:
    a_stack()
    text = look(an_account(), f"/sites/{SITE}/").text
    assert "data-api=https://api.example" in text
    assert "liveinsight tracker" in text


def test_the_visitor_page_works_on_one_machine_too() -> None:
    a_server(two_visits())
    follow_stack([Site(SITE)])
    shown = look(an_account(), "/visitors/anna/", site=SITE)
    assert "/ → /cart" in shown.text
    assert look(an_account("bob"), "/visitors/nobody/", site=SITE).status == 404


def test_the_metrics_say_how_old_history_is() -> None:
    a_stack()
    text = look(an_account(), "/metrics").html
    assert "\nliveinsight_history_age_seconds 12.0\n" in text
    a_server()
    assert "history_age" not in look(an_account("bob"), "/metrics").html


class Silent:
    """Tables that do not answer."""

    def query(
        self, sql: str, params: Sequence[object] = ()
    ) -> list[tuple[object, ...]]:
        raise StoreUnavailable(f"no answer to {len(params)} values of {sql}")


def test_tables_that_do_not_answer_leave_history_readable() -> None:
    runtime.bind(replace(a_stack(), present=Silent()))
    client = an_account()
    shown = look(client, "/", site=SITE)
    assert (shown.status, shown.response.headers["Retry-After"]) == (503, "1")
    assert "the tables of the stack do not answer" in shown.text
    assert look(client, "/statistics/", site=SITE, period="today").status == 200
