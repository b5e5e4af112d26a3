"""What the demo's owner wants visitors to do, and has noted on the chart."""

from typing import Final

from liveinsight.core.event import CONVERSION, Revenue
from liveinsight.core.limits import MINUTE
from liveinsight.demo.catalogue import BASE, CURRENCY
from liveinsight.query.actions import Action, Definition, PropertyTest
from liveinsight.query.model import Operator

GOALS: Final = {
    "Order of several things": Definition(
        action=Action(
            event_type=CONVERSION,
            properties=(
                PropertyTest(name="name", value="order"),
                PropertyTest(name="items", operator=Operator.IS_NOT, value="1"),
            ),
        )
    ),
    "Added to cart": Definition(action=Action(event_type="add_to_cart")),
    "Began the checkout": Definition(action=Action(page=f"{BASE}checkout/address/")),
    "Newsletter": Definition(
        action=Action(event_type="newsletter"),
        value=Revenue(amount=1.5, currency=CURRENCY),
    ),
    "Read an article to its end": Definition(
        action=Action(page=f"{BASE}blog/*/"), scroll_percent=90
    ),
    "A minute on a product": Definition(
        action=Action(page=f"{BASE}products/**"), engagement_ms=MINUTE
    ),
}

ANNOTATIONS: Final = {
    19: "Newsletter: the garden collection",
    11: "Free delivery from 50 €",
    4: "Article about light shared on Hacker News",
}
"""How many days ago, and what happened."""
