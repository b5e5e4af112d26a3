"""What an owner chooses of a deployment, as the template's parameters."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec

from liveinsight.aws.outline import defaults_of
from liveinsight.aws.stack import Stack
from liveinsight.core.site import Site, site_id
from liveinsight.errors import ConfigError

OWN: Final = frozenset({"ArtifactBucket", "ArtifactKey"})
"""Parameters that deploying fills in itself."""
MOST_SITES_BYTES: Final = 3000
"""All of a function's environment together has 4 KB."""


class SiteSetting(msgspec.Struct, frozen=True, omit_defaults=True):
    """A site in the functions' environment, by the names of core.site.Site."""

    id: str
    allowed_origins: tuple[str, ...] = ()


def sites_parameter(domains: Sequence[str], origins: Sequence[str]) -> str:
    """The sites as the functions read them; an origin goes to the site it belongs to.

    Raises:
        ConfigError: a domain or an origin is none, or belongs to no site.
    """
    ids = list(dict.fromkeys(checked_domain(domain) for domain in domains))
    if origins and not ids:
        raise ConfigError("--origin restricts a site: name it with --site.")
    by_site: dict[str, list[str]] = {one: [] for one in ids}
    for origin in origins:
        by_site[site_of(origin, ids)].append(origin.rstrip("/"))
    sites = [SiteSetting(one, tuple(allowed)) for one, allowed in by_site.items()]
    encoded = msgspec.json.encode(sites)
    if len(encoded) > MOST_SITES_BYTES:
        raise ConfigError(
            f"The sites need {len(encoded)} bytes; the functions have room for "
            f"{MOST_SITES_BYTES}. Deploy a second stack for the rest."
        )
    return encoded.decode() if sites else ""


def checked_domain(text: str) -> str:
    """The id of the site.

    Raises:
        ConfigError: the text is no domain.
    """
    if not (found := site_id(text)):
        raise ConfigError(f"--site {text!r} is no domain, as in shop.example.")
    return found


def site_of(origin: str, ids: Sequence[str]) -> str:
    """The site that the origin belongs to: its own or its closest parent's, or the only.

    Raises:
        ConfigError: it is no origin, or belongs to none of them.
    """
    parts = urlsplit(origin)
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.path.strip("/")
        or parts.query
    ):
        raise ConfigError(
            f"--origin {origin!r} is none, as in https://www.shop.example."
        )
    host = site_id(parts.hostname)
    while host:
        if host in ids:
            return host
        host = host.partition(".")[2]
    if len(ids) == 1:
        return ids[0]
    raise ConfigError(f"--origin {origin!r} belongs to no --site of {', '.join(ids)}.")


def read_pairs(pairs: Sequence[str]) -> dict[str, str]:
    """Parameters given as NAME=VALUE.

    Raises:
        ConfigError: one is not in this form.
    """
    chosen = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ConfigError(f"--set {pair!r} is not NAME=VALUE.")
        chosen[name.strip()] = value.strip()
    return chosen


def effective_parameters(
    template: str, stack: Stack | None, chosen: Mapping[str, str]
) -> dict[str, str]:
    """Every parameter but our own: as chosen, else as it is, else its default.

    Raises:
        ConfigError: there is no parameter of a chosen name.
    """
    defaults = {
        name: default
        for name, default in defaults_of(template).items()
        if name not in OWN
    }
    for name in chosen:
        if name not in defaults:
            known = ", ".join(sorted(defaults))
            raise ConfigError(f"There is no setting {name!r}; there are: {known}.")
    try:
        sites_of_stack(chosen.get("Sites", ""))
    except msgspec.DecodeError as error:  # the functions would not start
        raise ConfigError(f"Sites: {error}; --site writes it for you.") from error
    present = stack.parameters if stack is not None else {}
    return {
        name: chosen.get(name, present.get(name, default or ""))
        for name, default in defaults.items()
    }


def site_ids(parameter: str) -> list[str]:
    """The ids of the sites in the functions' environment; none for every host."""
    sites = msgspec.json.decode(parameter or "[]", type=list[SiteSetting])
    return [site.id for site in sites]


def sites_of_stack(parameter: str) -> list[Site]:
    """The sites in the functions' environment, in full; none for every host."""
    return msgspec.json.decode(parameter or "[]", type=list[Site])
