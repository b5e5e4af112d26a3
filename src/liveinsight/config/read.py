"""The settings read: the only place that reads the environment for them."""

import ipaddress
import os
from collections.abc import Mapping
from typing import Final, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from liveinsight.config.settings import Config
from liveinsight.errors import ConfigError

PREFIX: Final = "LIVEINSIGHT_"


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting, as the documents and the messages name it."""

    name: str
    default: object
    unit: str
    meaning: str

    @property
    def environment(self) -> str:
        """The environment variable that sets it."""
        return f"{PREFIX}{self.name.upper()}"


def read_config(
    environment: Mapping[str, str] | None = None, **chosen: object
) -> Config:
    """The configuration: what was chosen by hand, else the environment, else defaults.

    Args:
        environment: read instead of the process's own.
        chosen: values by the name of their setting; None is "not chosen".

    Raises:
        ConfigError: a value that does not fit, or a variable that names no setting.
    """
    variables = os.environ if environment is None else environment
    refuse_unknown(variables)
    values: dict[str, object] = {}
    for setting in SETTINGS:
        given = chosen.get(setting.name)
        if given is not None:
            values[setting.name] = convert(setting, given, setting.name)
        elif setting.environment in variables:
            text = variables[setting.environment].strip()
            values[setting.name] = convert(setting, text, setting.environment)
    config = msgspec.convert(values, Config)
    check_networks(config.trusted_proxies)
    check_base_url(config.base_url)
    return config


def convert(setting: Setting, value: object, said_as: str) -> object:
    """The value in the setting's own type."""
    kind = KINDS[setting.name]
    if isinstance(value, str) and isinstance(setting.default, tuple):
        value = [part.strip() for part in value.split(",") if part.strip()]
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        shown = value if isinstance(value, str) else repr(value)
        raise ConfigError(f"{said_as} is {shown!r}: {error}") from None


def refuse_unknown(variables: Mapping[str, str]) -> None:
    """A misspelt variable would otherwise be a setting silently not in force."""
    known = {setting.environment for setting in SETTINGS}
    unknown = sorted(
        name for name in variables if name.startswith(PREFIX) and name not in known
    )
    if unknown:
        raise ConfigError(f"{unknown[0]} is no setting; see docs/settings.md")


def check_networks(networks: tuple[str, ...]) -> None:
    """Raises ConfigError for what is neither an address nor a network."""
    for network in networks:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            raise ConfigError(
                f"{PREFIX}TRUSTED_PROXIES: {network!r} is no address or network"
            ) from None


def check_base_url(base_url: str) -> None:
    """Raises ConfigError for what is not the root of a web server."""
    if not base_url:
        return
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError(
            f"{PREFIX}BASE_URL is {base_url!r}: not an http or https address"
        )
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ConfigError(
            f"{PREFIX}BASE_URL is {base_url!r}: a path is not supported, "
            "give LiveInsight a host name of its own"
        )


def describe_settings() -> tuple[Setting, ...]:
    """Every setting, read off `Config`."""
    settings = []
    for field in msgspec.structs.fields(Config):
        metas = [
            part
            for part in getattr(KINDS[field.name], "__metadata__", ())
            if isinstance(part, Meta)
        ]
        meta = metas[0]
        settings.append(
            Setting(
                name=field.name,
                default=field.default,
                unit=(meta.extra or {}).get("unit", ""),
                meaning=meta.description or "",
            )
        )
    return tuple(settings)


KINDS: Final = get_type_hints(Config, include_extras=True)
SETTINGS: Final = describe_settings()
