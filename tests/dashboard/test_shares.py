"""What a shared link opens, and all that it does not."""

import asyncio
import re
from typing import Any
from urllib.parse import unquote

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import get_script_prefix

from liveinsight.core import limits
from liveinsight.dashboard import runtime, shares
from liveinsight.dashboard.headers import CONTENT_SECURITY_POLICY
from liveinsight.dashboard.keys import add_key
from liveinsight.dashboard.links import revoke_link
from liveinsight.dashboard.models import SharedLink
from liveinsight.dashboard.pages import share as share_pages
from liveinsight.dashboard.rights import open_grant
from liveinsight.dashboard.share_access import AT_ONCE, Shares
from liveinsight.dashboard.sites import add_site, remove_site
from liveinsight.query.model import And, Filter, HasDone, Operator
from tests.dashboard.clients import an_account, nobody
from tests.dashboard.links import PASSWORD, a_link, a_segment, open_link, path_of
from tests.dashboard.pages import Shown, a_site_with, two_visits
from tests.dashboard.project import SITE
from tests.dashboard.test_addresses import ADDRESSES

OF_A_SEGMENT = {
    *("live", "statistics", "breakdown", "live-token", "live-poll", "live-day"),
    *("language", "unlock"),
}
OF_A_SITE = {*OF_A_SEGMENT, "funnels", "journeys", "retention"}
IN_KOREA = Filter("country", Operator.IS, ("KR",))
REPORTS = (
    *("/", "/statistics/", "/statistics/details/"),
    *("/funnels/", "/journeys/", "/retention/"),
)
VISITORS_OWN = ("anna", "sess_", "evt_")


@pytest.fixture(autouse=True)
def _a_shop() -> None:
    share_pages.throttle.tries.clear()
    a_site_with(two_visits())


@pytest.mark.parametrize("client", [nobody, lambda: an_account("eve")])
def test_a_link_opens_the_few_reports_and_nothing_else(client: Any) -> None:
    browser = client()
    for opened, link in (
        (OF_A_SITE, a_link()),
        (OF_A_SEGMENT, a_link(segment=IN_KOREA)),
    ):
        for name, path in ADDRESSES:
            status = browser.get(path_of(link, path), {"site": SITE}).status_code
            assert status in ({200, 302} if name in opened else {404}), path


def test_the_ways_of_a_segment_lead_to_what_it_opens() -> None:
    for link, reports in ((a_link(), 5), (a_link(segment=IN_KOREA), 2)):
        ways = re.search(r"<nav class=.nav.*?</nav>", open_link(link).html, re.S)
        assert ways is not None
        paths = re.findall(r'href="([^"?]*)', ways[0])
        assert len(paths) == reports
        for path in paths:
            assert nobody().get(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [*REPORTS, "/live/poll", "/live/token"],
)
def test_nothing_of_a_single_visitor_is_told(path: str) -> None:
    shown = open_link(a_link(), path, site=SITE)
    assert shown.status == 200
    assert not any(each in shown.html for each in VISITORS_OWN)


def test_the_numbers_are_those_of_the_owner() -> None:
    owner, link = an_account("eve"), a_link()
    for path in ("/", "/statistics/"):
        mine = owner.get(path, {"site": SITE}).context
        theirs = open_link(link, path).context
        if path == "/":
            assert theirs["panels"].current_visitors == 2
            assert theirs["panels"].pages == mine["panels"].pages
        else:
            assert [card.value for card in theirs["cards"]] == [
                card.value for card in mine["cards"]
            ]


def test_every_way_on_the_page_stays_within_the_link() -> None:
    link = a_link()
    for path in REPORTS:
        shown = open_link(link, path)
        ways = re.findall(r'(?:href|action)="([^"]*)"', shown.html)
        assert any("/statistics/" in way for way in ways)
        for way in ways:
            allowed = (path_of(link), "?", "#", "/static/")
            assert way == "" or way.startswith(allowed), way
        assert '"/live/token"' not in shown.html


def test_the_site_is_the_links_whatever_the_address_says() -> None:
    add_site("other.example")
    link = a_link()
    assert open_link(link, "/", site="other.example").context["scope"].site == SITE
    asked = {"site": "other.example"}
    assert nobody().get(path_of(link, "/live/poll"), asked).status_code == 403
    assert nobody().get(path_of(link, "/live/token"), asked).status_code == 403


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param({}, id="none of their own"),
        pytest.param({"f": "country:is:DE"}, id="the opposite"),
        pytest.param({"f": '["or",[["is","country",["KR","DE"]]]]'}, id="a wider one"),
        pytest.param({"f": ""}, id="an empty one"),
    ],
)
def test_the_filters_of_the_segment_cannot_be_taken_off(extra: dict[str, str]) -> None:
    link = a_link(segment=IN_KOREA)
    wide = "DE" not in extra.get("f", "") or "or" in extra["f"]
    live = Shown(nobody().get(path_of(link), extra))
    if live.status == 400:
        assert extra["f"] == ""
        return
    assert live.context["panels"].current_visitors == (1 if wide else 0)
    panels = nobody().get(path_of(link, "/live/poll"), {"site": SITE, **extra}).json()
    assert panels["panels"]["panels"]["current_visitors"] == (1 if wide else 0)
    told = nobody().get(path_of(link, "/live/token"), {"site": SITE, **extra}).json()
    grant = open_grant(told["token"], "")
    assert grant is not None
    assert And((IN_KOREA,)) in grant.watch.filters


def test_the_filters_of_the_segment_are_neither_shown_nor_sent() -> None:
    link = a_link(segment=Filter("browser", Operator.IS_NOT, ("Unheard",)))
    for path in ("/", "/statistics/", "/statistics/details/", "/live/poll"):
        shown = open_link(link, path, f="device:is:Mobile", site=SITE)
        assert shown.status == 200
        assert "Unheard" not in unquote(shown.html)
    shown = open_link(link, "/", f="device:is:Mobile")
    assert shown.html.count('class="chip"') == 1


@pytest.mark.parametrize("path", ["/", "/statistics/", "/live/poll"])
def test_what_visitors_did_elsewhere_is_not_told_of_a_segment(path: str) -> None:
    probe = '["has_done",["is","page",["/cart"]]]'
    asked = {"site": SITE, "f": probe}
    narrow = a_link(segment=Filter("page", Operator.IS, ("/",)))
    assert nobody().get(path_of(narrow, path), asked).status_code == 400
    nested = '["not",["or",[["is","page",["/"]],' + probe + "]]]"
    asked = {"site": SITE, "f": nested}
    assert nobody().get(path_of(narrow, path), asked).status_code == 400
    assert nobody().get(path_of(a_link(), path), asked).status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        "segment:is:{}",
        '["not",["is","segment",["{}"]]]',
        "property:email:contains:@",
        '["has_done",["is","property:email",["ada@example.com"]]]',
    ],
)
def test_saved_segments_and_properties_are_not_told(text: str) -> None:
    segment = a_segment(IN_KOREA)
    shown = open_link(a_link(), "/", f=text.format(segment.pk))
    assert shown.status == 400
    assert "Ours" not in shown.html


def test_a_segment_that_changes_ends_the_live_pages_that_show_the_old_one() -> None:
    link = a_link(segment=HasDone(IN_KOREA))
    token = nobody().get(path_of(link, "/live/token"), {"site": SITE}).json()["token"]
    assert open_grant(token, "") is not None
    assert link.segment is not None
    link.segment.filters = [["is", "country", ["DE"]]]
    link.segment.save()
    assert open_grant(token, "") is None


def test_a_revoked_link_shows_nothing() -> None:
    link = a_link(is_embeddable=True)
    token = nobody().get(path_of(link, "/live/token"), {"site": SITE}).json()["token"]
    revoke_link(link.pk, "ada")
    for kind in ("share", "embed"):
        gone = nobody().get(path_of(link, "/", kind))
        assert gone.status_code == 404
        assert SITE not in gone.content.decode()
        assert gone.headers["X-Frame-Options"] == "DENY"
    assert open_grant(token, "") is None


def test_a_link_ends_after_its_last_day() -> None:
    link = a_link()
    for at, status in (
        (limits.LATEST_TIMESTAMP, 200),
        (limits.EARLIEST_TIMESTAMP, 404),
    ):
        SharedLink.objects.filter(pk=link.pk).update(expires_at=at)
        assert open_link(link).status == status


def test_a_link_of_a_site_that_was_removed_shows_nothing() -> None:
    link = a_link()
    remove_site(SITE)
    assert open_link(link).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/share/",
        "/share/short/",
        "/share/AAAAAAAAAAAAAAAAAAAAAA/",
        "/share/{slug}x/",
        "/share//{slug}/",
        "/Share/{slug}/",
        "/share/{slug}/share/{slug}/",
        "/share/{slug}//",
        "/share/{slug}/../sites/",
        "/share/{slug}/%2e%2e/sites/",
        "/embed/{slug}/",
        "/share/{slug}%0A/",
    ],
)
def test_no_other_address_is_a_link(path: str) -> None:
    link = a_link()
    for client in (nobody(), an_account("eve")):
        answer = client.get(path.format(slug=link.slug))
        assert answer.status_code == 404
        assert SITE not in answer.content.decode()
    assert get_script_prefix() == "/"


def test_a_link_without_its_slash_leads_to_it() -> None:
    link = a_link()
    answer = nobody().get(f"/share/{link.slug}")
    assert answer.headers["Location"] == path_of(link)


# --- sessions, keys and cookies ------------------------------------------------------


def test_within_a_link_nobody_is_signed_in() -> None:
    client, link = an_account("eve"), a_link()
    shown = open_link(link, "/", client)
    assert not shown.context["user"].is_authenticated
    assert "eve" not in shown.text
    assert client.get("/keys/").status_code == 200  # and is still, without it


def test_a_visit_by_link_leaves_no_session_behind() -> None:
    link, client = a_link(), Client()
    before = Session.objects.count()
    for path in ("/", "/statistics/"):
        open_link(link, path, client, site="other.example")
    assert Session.objects.count() == before
    assert settings.SESSION_COOKIE_NAME not in client.cookies


def test_an_api_key_opens_no_more_within_a_link() -> None:
    key, link = add_key("test"), a_link(segment=IN_KOREA)
    sent = {"Authorization": f"Bearer {key}"}
    for path, status in (("/api/statistics/summary/", 404), ("/sites/", 404)):
        answer = Client().get(path_of(link, path), headers=sent)
        assert answer.status_code == status
    answer = Client().get(path_of(link, "/live/poll"), {"site": SITE}, headers=sent)
    assert answer.json()["panels"]["panels"]["current_visitors"] == 1


def test_a_token_is_for_its_link_alone() -> None:
    link = a_link()
    token = nobody().get(path_of(link, "/live/token"), {"site": SITE}).json()["token"]
    grant = open_grant(token, "")
    assert grant is not None
    assert grant.watch.link_id == link.pk
    assert grant.asker.account_id is None
    assert open_grant(token[:-1] + ("A" if token[-1] != "A" else "B"), "") is None


def test_pages_by_link_change_nothing() -> None:
    link = a_link()
    for path in ("/", "/statistics/", "/live/token", "/live/poll"):
        assert nobody().post(path_of(link, path)).status_code == 405


# --- a password ----------------------------------------------------------------------


def test_a_password_is_asked_for_before_anything_is_shown() -> None:
    link = a_link(password=PASSWORD)
    for path in ("/", "/statistics/"):
        answer = nobody().get(path_of(link, path))
        assert answer.headers["Location"] == path_of(link, "/unlock/")
    for path in ("/live/poll", "/live/token"):
        assert nobody().get(path_of(link, path), {"site": SITE}).status_code == 401
    form = open_link(link, "/unlock/")
    assert form.status == 200
    assert SITE not in form.html


def test_the_password_opens_the_link_for_this_browser() -> None:
    link, client = a_link(password=PASSWORD), Client()
    opened = client.post(path_of(link, "/unlock/"), {"password": PASSWORD})
    assert opened.headers["Location"] == path_of(link)
    assert open_link(link, "/", client).status == 200
    assert client.get(path_of(link, "/live/poll"), {"site": SITE}).status_code == 200
    assert nobody().get(path_of(link)).status_code == 302


def test_the_password_of_one_link_opens_no_other() -> None:
    first, second = a_link(password=PASSWORD), a_link(password=PASSWORD)
    client = Client()
    client.post(path_of(first, "/unlock/"), {"password": PASSWORD})
    cookie = client.cookies["liveinsight_share"]
    assert cookie["path"] == path_of(first)
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    stolen = Client()
    stolen.cookies["liveinsight_share"] = cookie.value
    assert stolen.get(path_of(second)).status_code == 302


def test_another_password_ends_what_the_old_one_opened() -> None:
    link, client = a_link(password=PASSWORD), Client()
    client.post(path_of(link, "/unlock/"), {"password": PASSWORD})
    token = client.get(path_of(link, "/live/token"), {"site": SITE}).json()["token"]
    SharedLink.objects.filter(pk=link.pk).update(password_hash="another")
    assert client.get(path_of(link)).status_code == 302
    assert open_grant(token, "") is None


@pytest.mark.parametrize("given", ["", "wrong", PASSWORD + "x", " " + PASSWORD])
def test_a_wrong_password_opens_nothing(given: str) -> None:
    link, client = a_link(password=PASSWORD), Client()
    assert (
        client.post(path_of(link, "/unlock/"), {"password": given}).status_code == 400
    )
    assert client.get(path_of(link)).status_code == 302


def test_too_many_passwords_are_429_even_the_right_one() -> None:
    link, client = a_link(password=PASSWORD), Client()
    for number in range(10):
        client.post(path_of(link, "/unlock/"), {"password": f"guess {number}"})
    refused = client.post(path_of(link, "/unlock/"), {"password": PASSWORD})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert client.get(path_of(link)).status_code == 302


def test_a_forged_cookie_opens_nothing() -> None:
    link, client = a_link(password=PASSWORD), Client()
    client.cookies["liveinsight_share"] = shares.mark_of(link)
    assert client.get(path_of(link)).status_code == 302


def test_the_password_form_is_refused_from_elsewhere() -> None:
    link = a_link(password=PASSWORD)
    client = Client(enforce_csrf_checks=True)
    answer = client.post(path_of(link, "/unlock/"), {"password": PASSWORD})
    assert answer.status_code == 403


# --- frames --------------------------------------------------------------------------


def test_only_an_embeddable_link_may_be_framed_and_only_at_embed() -> None:
    link = a_link(is_embeddable=True)
    framed = nobody().get(path_of(link, "/statistics/", "embed")).headers
    assert framed["Content-Security-Policy"].endswith("frame-ancestors *")
    assert "X-Frame-Options" not in framed
    assert framed["Content-Security-Policy"].startswith("default-src 'none'; script")
    for path in (path_of(link), "/", "/accounts/sign-in/"):
        headers = nobody().get(path).headers
        assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert headers["X-Frame-Options"] == "DENY"
    assert nobody().get(path_of(a_link(), "/", "embed")).status_code == 404


def test_a_frame_has_no_forms_and_its_own_scheme() -> None:
    link = a_link(is_embeddable=True)
    shown = nobody().get(path_of(link, "/", "embed"), {"theme": "dark"})
    html = shown.content.decode()
    assert 'data-theme="dark"' in html
    assert "<form" not in html
    assert f"/embed/{link.slug}/statistics/?theme=dark" in html
    assert not shown.cookies
    odd = nobody().get(path_of(link, "/", "embed"), {"theme": '"><script>'})
    assert "data-theme" not in odd.content.decode()


# --- the engine behind it ------------------------------------------------------------


def test_strangers_leave_room_for_those_who_are_signed_in() -> None:
    link = a_link()
    hub = runtime.current().live
    statuses = [
        nobody()
        .get(path_of(link, "/live/poll"), {"site": SITE, "f": f"page:is:/{number}"})
        .status_code
        for number in range(11)
    ]
    assert statuses == [200] * 10 + [503]
    owner = an_account("eve")
    assert owner.get("/live/poll", {"site": SITE}).status_code == 200
    assert len(hub.groups) == 11


def test_strangers_take_some_of_the_threads_and_no_more() -> None:
    path, middleware = path_of(a_link()), Shares(lambda _: HttpResponse("here"))

    def ask(path: str) -> int:
        return middleware(RequestFactory().get(path)).status_code

    assert ask(path) == 200
    for _ in range(AT_ONCE):
        assert middleware.free.acquire(blocking=False)
    assert (ask(path), ask("/")) == (503, 200)
    middleware.free.release()
    assert ask(path) == 200


def test_strangers_take_at_most_half_of_the_streams() -> None:
    from liveinsight.dashboard.rights import TooManyWatchesError, Watch

    hub = runtime.current().live
    hub.max_streams = 4

    async def join_all() -> None:
        by_link = Watch(SITE, (), 1)
        viewers = [hub.join(by_link), hub.join(by_link)]
        with pytest.raises(TooManyWatchesError):
            hub.join(Watch(SITE, (), 2))
        hub.join(Watch(SITE))
        hub.leave(by_link, viewers[0])
        hub.join(Watch(SITE, (), 2))

    asyncio.run(join_all())


def test_the_use_of_a_link_is_noted() -> None:
    link = a_link()
    assert link.last_used_at is None
    open_link(link)
    link.refresh_from_db()
    assert link.last_used_at is not None
