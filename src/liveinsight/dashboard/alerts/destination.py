"""Where a webhook may go: an https address whose host is public, whoever answers for it.

The name is resolved once, every address that it gives has to be public, and the
connection is made to one of these: a name that answers otherwise a moment later (DNS
rebinding) leads nowhere else.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec

from liveinsight.core import limits
from liveinsight.errors import ConfigError, LiveInsightError

PORT: Final = 443
MOST_ADDRESSES: Final = 16
HOST: Final = re.compile(
    r"(?=.{1,253}\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}\Z"
)
# No white space or control character: no second line in a request, no other host.
VISIBLE: Final = re.compile(r"[!-~]+\Z")
GLOBAL_V6: Final = ipaddress.ip_network("2000::/3")
NEVER: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "192.0.0.0/24",  # not told private by every Python
            "192.88.99.0/24",  # the way into 6to4
            "2001::/23",  # Teredo among them: an address of IPv4 is inside
            "2002::/16",  # 6to4, likewise
            "3fff::/20",  # documentation
        ),
    )
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]


class UndeliveredError(LiveInsightError):
    """A message did not get through; the text says why, in words for the owner."""


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """What a webhook's address says."""

    host: str
    port: int
    target: str
    """Path and query."""


def read_destination(url: str) -> Destination:
    """The parts of a webhook's address.

    Raises:
        ConfigError: it is none that is ever called.
    """
    if len(url) > limits.URL_CHARS or not VISIBLE.match(url) or "\\" in url:
        raise ConfigError("write a web address without spaces, https://…")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port or PORT
    except ValueError:
        raise ConfigError("this is no web address") from None
    if parts.scheme != "https":
        raise ConfigError("the address begins with https://")
    if parts.username is not None or parts.password is not None:
        raise ConfigError("leave name and password out of the address")
    if parts.fragment:
        raise ConfigError("leave out what follows #")
    if not is_host(host):
        raise ConfigError("this host is not public")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Destination(host=host, port=port, target=target)


def is_host(host: str) -> bool:
    """Whether the host is a full name, or a public address in its usual form."""
    try:
        return is_public(ipaddress.ip_address(host))
    except ValueError:
        # A last label of digits would be read as a number by some resolvers.
        return bool(HOST.match(host)) and not host.rpartition(".")[2].isdigit()


def is_public(address: Address) -> bool:
    """Whether the address is one of the internet, for everybody the same."""
    if isinstance(address, ipaddress.IPv6Address) and address not in GLOBAL_V6:
        return False
    return (
        not any(address in each for each in NEVER)
        and address.is_global
        and not address.is_private
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
    )


def find_public_addresses(to: Destination, resolve: Resolve) -> list[str]:
    """The addresses of the host, all of them public.

    Raises:
        UndeliveredError: it has none, or one that is not public.
    """
    try:
        found = list(dict.fromkeys(resolve(to.host, to.port)))[:MOST_ADDRESSES]
    except (OSError, UnicodeError):
        raise UndeliveredError("the host is not found") from None
    if not found:
        raise UndeliveredError("the host is not found")
    for text in found:
        if not is_public(ipaddress.ip_address(text.partition("%")[0])):
            raise UndeliveredError("the host is not public")
    return found


def resolve_name(host: str, port: int) -> list[str]:
    """What the system's resolver says, once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]
