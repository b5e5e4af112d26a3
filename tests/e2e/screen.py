"""The live page as somebody looks at it."""

from functools import partial

from playwright.sync_api import Page, expect

from tests.waiting import wait_until


def open_live_page(page: Page, address: str) -> None:
    """Opens it and waits until it is connected."""
    page.goto(f"{address}/")
    expect(page.locator(".link-state")).to_have_attribute("data-state", "live")


def in_feed(text: str) -> str:
    """The condition that an event with this text is in the feed."""
    return (
        '[...document.querySelectorAll("[data-feed] li")]'
        f'.some((row) => row.textContent.includes("{text}"))'
    )


def in_panel(panel: str, key: str) -> str:
    """The condition that a panel has a row for this value."""
    return f"""document.querySelector('[data-panel={panel}] [data-key="{key}"]')"""


def in_sessions(page: str) -> str:
    """The condition that an active session is on this page."""
    return (
        """[...document.querySelectorAll("[data-sessions] [data-slot=page]")]"""
        f'.some((cell) => cell.textContent === "{page}")'
    )


def current_visitors(number: int) -> str:
    """The condition that the large number and the title say so."""
    return (
        f'document.querySelector(".huge").textContent === "{number}"'
        f' && document.title.startsWith("{number} · ")'
    )


def wait_until_seen(screen: Page, *conditions: str) -> None:
    """Returns when each condition holds on the screen, which nobody reloads."""
    for each in conditions:
        wait_until(partial(screen.evaluate, f"!!({each})"), each)
