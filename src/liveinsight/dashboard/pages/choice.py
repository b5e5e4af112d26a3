"""One of several things to choose, as a link."""

import msgspec


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A thing to choose, with the address that chooses it."""

    label: str
    address: str
    is_chosen: bool = False
