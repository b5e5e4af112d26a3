"""The segments of the demo shop, in the form of query.where."""

from typing import Final

SEGMENTS: Final[dict[str, list[object]]] = {
    "Buyers": [["has_done", ["is", "event_type", ["conversion"]]]],
    "Left the cart": [
        ["has_done", ["is", "event_type", ["add_to_cart"]]],
        ["has_not_done", ["is", "event_type", ["conversion"]]],
    ],
    "Phones from advertisements": [
        ["is", "device", ["Mobile"]],
        ["contains", "channel", ["Paid"]],
    ],
    "German-speaking readers": [
        ["is", "country", ["DE", "AT", "CH"]],
        ["has_done", ["contains", "page", ["/blog/"]]],
    ],
}
