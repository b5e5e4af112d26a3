"""The live page as somebody looks at it, with a stopwatch."""

import time
from collections.abc import Callable, Mapping

from playwright.sync_api import Page, expect

WATCH = """(() => {
    window.seenAt = {};
    const conditions = {%s};
    const look = () => {
        for (const [name, holds] of Object.entries(conditions)) {
            if (window.seenAt[name] || !holds()) continue;
            window.seenAt[name] = Date.now();
        }
    };
    window.watching?.disconnect();
    window.watching = new MutationObserver(look);
    window.watching.observe(document, {
        subtree: true, childList: true, characterData: true, attributes: true,
    });
    window.allSeen = new Promise((resolve) => {
        const names = Object.keys(conditions);
        const ask = () => {
            if (names.every((name) => window.seenAt[name])) resolve(window.seenAt);
            else setTimeout(ask, 20);
        };
        setTimeout(resolve, 5000, window.seenAt);
        ask();
    });
})()"""


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


def time_until_seen(
    screen: Page, act: Callable[[], object], conditions: Mapping[str, str]
) -> dict[str, float]:
    """Seconds from just before `act` until each condition first held on the screen.

    Both clocks are this machine's. What was not seen within 5 s is infinity.
    """
    listed = ",".join(f"{name}: () => {each}" for name, each in conditions.items())
    screen.evaluate(WATCH % listed)
    began = time.time()
    act()
    seen_at = screen.evaluate("window.allSeen")
    return {
        name: seen_at[name] / 1000 - began if name in seen_at else float("inf")
        for name in conditions
    }
