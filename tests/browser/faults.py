"""What is wrong with a page: faults of accessibility, as axe finds them, and its width."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

_WIDTHS: Final = (1440, 768, 390)
_NODE_MODULES: Final = Path(__file__).parents[2] / "frontend/node_modules"
_AXE: Final = """async (rules) => {
    const runOnly = rules.length ? { runOnly: rules } : {};
    const options = { resultTypes: ["violations"], ...runOnly };
    const { violations } = await axe.run(document, options);
    return violations
        .filter((each) => ["serious", "critical"].includes(each.impact))
        .map((each) => `${each.id}: ${each.nodes.map((n) => n.target).join(" | ")}`);
}"""
_EXCESS: Final = """async () => {
    // Charts are drawn anew in the frame after the window's change.
    for (let n = 0; n < 3; n++) await new Promise(requestAnimationFrame);
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
}"""


def serious_faults(page: Page, *rules: str) -> list[str]:
    """What is seriously wrong on the page as it is now, by these rules or by all."""
    if not page.evaluate("'axe' in window"):
        page.evaluate((_NODE_MODULES / "axe-core/axe.min.js").read_text())
    found: list[str] = page.evaluate(_AXE, list(rules))
    return found


def faults_of_pages(open_page: Callable[..., Page], paths: Iterable[str]) -> list[str]:
    """What is wrong with them: in the light, in the dark, and at each width."""
    faults = []
    for path in paths:
        window = {"width": _WIDTHS[0], "height": 800}
        page = open_page(path, viewport=window, reduced_motion="reduce")
        faults += [f"{path}: {each}" for each in _faults_of(page)]
        page.close()
    return faults


def _faults_of(page: Page) -> list[str]:
    faults = serious_faults(page)
    page.emulate_media(color_scheme="dark")
    page.reload()  # colours that are on their way to others have no contrast
    faults += [f"dark: {each}" for each in serious_faults(page, "color-contrast")]
    for width in _WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        excess = page.evaluate(_EXCESS)
        if excess > 0:
            faults.append(f"{excess} px wider than {width}")
    return faults
