"""The sender's network address: found behind proxies, compared, never kept."""

import ipaddress
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=4096)
def client_address(peer: str, forwarded_for: str, trusted: tuple[str, ...]) -> str:
    """The right-most hop that is no trusted proxy.

    Starts at the connection's `peer` and walks `X-Forwarded-For` from its right end,
    as each trusted proxy appends whom it saw; what stands left of the first
    untrusted hop is only that hop's word. A hop that cannot be read ends the walk at
    the proxy that passed it on. An empty `peer` is a local socket: trusted if any
    proxy is.
    """
    found = plain_address(peer)
    for hop in reversed(forwarded_for.split(",") if forwarded_for else []):
        if not trusts(found, trusted):
            break
        address = plain_address(hop)
        if not address:
            break
        found = address
    return found


def trusts(address: str, trusted: tuple[str, ...]) -> bool:
    """Whether `address` is one of the trusted proxies."""
    return bool(trusted) and (not address or is_within(address, trusted))


@lru_cache(maxsize=4096)
def plain_address(text: str) -> str:
    """The address in its one spelling, without port and brackets; "" if it is none."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    address = _parse(text)
    return "" if address is None else str(address)


@lru_cache(maxsize=4096)
def is_within(address: str, networks: tuple[str, ...]) -> bool:
    """Whether `address` is in one of `networks` (addresses or CIDR)."""
    parsed = _parse(address)
    return parsed is not None and any(
        parsed in network for network in map(_network, networks) if network is not None
    )


def _parse(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address
    return address


@lru_cache(maxsize=1024)
def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
