"""Shared links in a real browser: live, without an account, and in a frame elsewhere."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from tests.browser.conftest import Dashboard, now_ms
from tests.dashboard.links import PASSWORD, a_link, path_of
from tests.dashboard.project import a_visit_of
from tests.serving import serving

pytestmark = pytest.mark.browser


@pytest.fixture
def stranger(new_visitor: Callable[..., BrowserContext]) -> Page:
    """A browser of somebody without an account."""
    return new_visitor().new_page()


def listen_to(page: Page) -> list[str]:
    """What the console says of faults from now on."""
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            said.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def test_a_page_by_link_is_live_and_leaves_no_session(
    dashboard: Dashboard, stranger: Page
) -> None:
    faults = listen_to(stranger)
    stranger.goto(dashboard.base + path_of(a_link()))
    expect(stranger.locator(".link-state")).to_have_attribute("data-state", "live")
    dashboard.happen(a_visit_of("/cart", user="ada", at=now_ms(), country="KR"))
    expect(stranger.locator(".huge")).to_have_text("1")
    expect(stranger.locator("[data-panel=countries]")).to_contain_text("South Korea")
    assert "ada" not in stranger.content()
    stranger.get_by_role("link", name="Statistics").click()
    expect(stranger.locator(".history .value").first).to_have_text("1")
    assert "/share/" in stranger.url
    names = {cookie["name"] for cookie in stranger.context.cookies()}
    assert settings.SESSION_COOKIE_NAME not in names
    assert faults == []


def test_the_owner_and_a_link_in_one_browser_do_not_share_a_stream(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    mine, theirs = open_page("/"), open_page(path_of(a_link()))
    for page in (mine, theirs):
        expect(page.locator(".link-state")).to_have_attribute("data-state", "live")
    dashboard.happen(a_visit_of("/cart", at=now_ms()))
    for page in (mine, theirs):
        expect(page.locator(".huge")).to_have_text("1")
    expect(mine.locator("[data-sessions] tr")).to_have_count(1)
    expect(theirs.locator("[data-sessions]")).to_have_count(0)
    assert dashboard.streams == 2


def test_a_password_is_given_in_a_form(dashboard: Dashboard, stranger: Page) -> None:
    stranger.goto(dashboard.base + path_of(a_link(password=PASSWORD)))
    stranger.get_by_label("Password").fill(PASSWORD)
    stranger.get_by_role("button", name="Open").click()
    expect(stranger.locator(".huge")).to_be_visible()
    expect(stranger.locator(".link-state")).to_have_attribute("data-state", "live")


@pytest.fixture
def elsewhere() -> Iterator[Callable[[str], str]]:
    """A site of somebody else: gives the address of a page with this frame."""
    frames: list[str] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        html = f'<!doctype html><title>x</title><iframe src="{frames[-1]}"></iframe>'
        headers = [(b"content-type", b"text/html")]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": html.encode()})

    with serving(app) as base:

        def show(frame: str) -> str:
            frames.append(frame)
            return base.replace("127.0.0.1", "localhost")

        yield show


def test_an_embeddable_link_is_framed_elsewhere_and_lives(
    dashboard: Dashboard, stranger: Page, elsewhere: Callable[[str], str]
) -> None:
    link = a_link(is_embeddable=True)
    stranger.goto(elsewhere(dashboard.base + path_of(link, "/", "embed")))
    frame = stranger.frame_locator("iframe")
    expect(frame.locator(".link-state")).to_have_attribute("data-state", "live")
    dashboard.happen(a_visit_of("/cart", at=now_ms()))
    expect(frame.locator(".huge")).to_have_text("1")
    frame.get_by_role("link", name="Statistics").click()
    expect(frame.locator(".history .value").first).to_have_text("1")


@pytest.mark.parametrize("kind", ["share", "sign-in"])
def test_nothing_else_is_framed(
    dashboard: Dashboard,
    stranger: Page,
    elsewhere: Callable[[str], str],
    kind: str,
) -> None:
    link = a_link(is_embeddable=True)
    path = path_of(link) if kind == "share" else "/accounts/sign-in/"
    with stranger.expect_console_message(lambda said: "frame-ancestors" in said.text):
        stranger.goto(elsewhere(dashboard.base + path))
    assert stranger.frame_locator("iframe").locator(".top, .auth").count() == 0
