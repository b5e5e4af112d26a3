from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.tracker.conftest import Website
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

STORAGE_THROWS = (
    "Object.defineProperty(window, 'localStorage',"
    " {get() { throw new DOMException('no', 'SecurityError') }})"
)


@pytest.fixture
def errors(page: Page) -> list[str]:
    """What the page's own error handlers would hear of."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def test_a_custom_event_carries_its_properties(website: Website, page: Page) -> None:
    page.goto(f"{website.url}/page/a")
    page.evaluate(
        "LiveInsight.track('signup', {plan: 'pro', seats: 3, trial: true,"
        " tags: ['a'], none: null}, {interactive: false})"
    )
    (event,) = website.wait_for_type("signup")
    assert event["properties"] == {
        "plan": "pro",
        "seats": 3,
        "trial": True,
        "tags": '["a"]',
        "none": None,
    }
    assert event["interactive"] is False


@pytest.mark.parametrize("what", ["'order'", "{name: 'order'}"])
def test_a_conversion_has_a_name_and_revenue(
    website: Website, page: Page, what: str
) -> None:
    page.goto(f"{website.url}/page/a")
    page.evaluate(f"LiveInsight.conversion({what}, {{amount: '9.5', currency: 'EUR'}})")
    (event,) = website.wait_for_type("conversion")
    assert event["properties"] == {"name": "order"}
    assert event["revenue"] == {"amount": 9.5, "currency": "EUR"}


def test_properties_are_cut_to_the_limits(website: Website, page: Page) -> None:
    page.goto(f"{website.url}/page/a")
    page.evaluate(
        "LiveInsight.track('x'.repeat(99), Object.fromEntries("
        "Array.from({length: 50}, (_, i) => ['k'.repeat(90) + i, 'é😀'.repeat(400)])"
        ".concat([])))"
    )
    (event,) = website.wait_for_type("x" * 64)
    assert all(len(key) <= 64 for key in event["properties"])
    assert all(len(value) == 500 for value in event["properties"].values())


def test_outbound_links_downloads_and_named_elements_are_clicks(
    website: Website, page: Page
) -> None:
    page.goto(f"{website.url}/page/a")
    page.evaluate("addEventListener('click', (event) => event.preventDefault())")
    for element in ("#out", "#file", "#buy", "#next"):
        page.click(element)
    page.evaluate("LiveInsight.track('last')")
    website.wait_for_type("last")
    assert [event["properties"] for event in website.events("click")] == [
        {"kind": "outbound", "url": "https://elsewhere.invalid/a"},
        {"kind": "download", "url": f"{website.url}/price-list.pdf"},
        {"name": "buy"},
    ]


def test_calls_before_the_script_has_loaded_come_after_the_page_view(
    website: Website, page: Page
) -> None:
    page.add_init_script(
        "(window.LiveInsight = window.LiveInsight || []).push(['track', 'early'])"
    )
    page.goto(f"{website.url}/page/a")
    website.wait_for_type("early")
    assert [e["event_type"] for e in website.events()] == ["page_view", "early"]


def test_a_manual_page_starts_with_init(website: Website, page: Page) -> None:
    website.attributes = "data-manual"
    page.goto(f"{website.url}/page/a")
    page.wait_for_timeout(200)
    assert website.events() == []
    page.evaluate(
        f"LiveInsight.init({{apiUrl: '{website.url}/events', site: 's.example'}})"
    )
    (view,) = website.wait_for_type("page_view")
    assert view["site"] == "s.example"


def test_cookieless_stores_nothing_and_takes_the_servers_session(
    website: Website, page: Page
) -> None:
    website.attributes = "data-cookieless"
    page.goto(f"{website.url}/page/a")
    (view,) = website.wait_for_type("page_view")
    assert "user_id" not in view
    assert "session_id" not in view
    events: list[dict[str, Any]] = []

    def is_taken() -> bool:
        """Whether the answer has come to the page."""
        page.evaluate("LiveInsight.track('next')")
        events[:] = website.wait_for_type("next", len(events) + 1)
        return "session_id" in events[-1]

    wait_until(is_taken)
    assert "user_id" not in events[-1]
    assert events[-1]["session_id"] == "sess_of_the_server"
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]


def test_global_privacy_control_has_the_effect_of_cookieless(
    website: Website, page: Page
) -> None:
    page.add_init_script(
        "Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})"
    )
    page.goto(f"{website.url}/page/a")
    (view,) = website.wait_for_type("page_view")
    assert "user_id" not in view


def test_a_visitor_who_opted_out_is_not_heard_of(website: Website, page: Page) -> None:
    page.add_init_script("localStorage.liveinsight_ignore = 'true'")
    page.goto(f"{website.url}/page/a")
    page.evaluate("LiveInsight.track('x')")
    page.wait_for_timeout(300)
    assert website.events() == []


def test_blocked_storage_costs_nothing_but_memory(
    website: Website, page: Page, errors: list[str]
) -> None:
    page.add_init_script(STORAGE_THROWS)
    page.goto(f"{website.url}/page/a")
    page.evaluate("LiveInsight.track('x')")
    view, event = website.wait_for(website.events, 2)
    assert view["user_id"] == event["user_id"]
    assert view["session_id"] == event["session_id"]
    assert errors == []


def test_nothing_that_a_page_does_makes_it_throw(
    website: Website, page: Page, errors: list[str]
) -> None:
    page.add_init_script("localStorage.li_session = 'x'; localStorage.li_outbox = '{'")
    page.goto(f"{website.url}/page/a")
    page.evaluate(
        """() => {
          const ring = {}; ring.ring = ring;
          for (const bad of [undefined, null, 1, ring, Symbol('s'), 5n, () => {}]) {
            LiveInsight.track(bad, bad, bad ?? undefined);
            LiveInsight.track('bad', {bad, ring: bad});
            LiveInsight.conversion(bad, bad);
            LiveInsight.init(bad);
            LiveInsight.push(bad);
          }
          window.fetch = () => { throw new Error('no') };
          LiveInsight.track('unsent');
          document.body.click();
        }"""
    )
    page.wait_for_timeout(200)
    assert errors == []


def test_one_global_is_added_and_a_second_script_does_nothing(
    website: Website, page: Page
) -> None:
    website.head = '<script defer src="/liveinsight.js"></script>'
    page.add_init_script("window.before = new Set(Object.keys(window))")
    page.goto(f"{website.url}/page/a")
    website.wait_for_type("page_view")
    page.evaluate("LiveInsight.track('last')")
    website.wait_for_type("last")
    assert len(website.events("page_view")) == 1
    assert page.evaluate("Object.keys(window).filter((k) => !before.has(k))") == [
        "before",
        "LiveInsight",
    ]


def test_a_browser_under_automation_is_sent_like_any_other(
    website: Website, new_visitor: Callable[..., BrowserContext]
) -> None:
    page = new_visitor().new_page()
    page.goto(f"{website.url}/page/a")
    assert page.evaluate("navigator.webdriver") is True
    website.wait_for_type("page_view")
