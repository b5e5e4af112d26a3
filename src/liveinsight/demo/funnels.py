"""The ways through the demo shop that its owner watches."""

from typing import Final

import msgspec

from liveinsight.core.event import CONVERSION
from liveinsight.core.limits import DAY
from liveinsight.demo.catalogue import BASE
from liveinsight.query.actions import Action


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """Steps by name."""

    steps: dict[str, Action]
    window_ms: int | None = None
    """None: within one session."""


_PRODUCT: Final = Action(page=f"{BASE}products/**")
_ORDER: Final = Action(event_type=CONVERSION)

FUNNELS: Final = {
    "Purchase": Way(
        steps={
            "Product": _PRODUCT,
            "Added to cart": Action(event_type="add_to_cart"),
            "Cart": Action(page=f"{BASE}cart/"),
            "Address": Action(page=f"{BASE}checkout/address/"),
            "Delivery": Action(page=f"{BASE}checkout/delivery/"),
            "Payment": Action(page=f"{BASE}checkout/payment/"),
            "Order": _ORDER,
        }
    ),
    "From the blog to an order": Way(
        steps={
            "Article": Action(page=f"{BASE}blog/*/"),
            "Product": _PRODUCT,
            "Order": _ORDER,
        },
        window_ms=7 * DAY,
    ),
}
