"""API keys: made once, shown once, kept as a hash."""

import hashlib
import hmac
import secrets
from typing import Final

from django.db import IntegrityError
from django.db.models import Q

from liveinsight.core import limits
from liveinsight.core.site import site_id
from liveinsight.dashboard.clock import now_ms
from liveinsight.dashboard.models import ApiKey
from liveinsight.errors import ConfigError

MARK: Final = "li_"
"""Tells people, and scanners for lost secrets, what it is."""
PREFIX_CHARS: Final = len(MARK) + 6


def add_key(name: str, site: str | None = None) -> str:
    """Makes a key and returns it: the only time that it can be seen.

    Args:
        name: what it is for; one key in force per name.
        site: the one site that it reads; None reads all.

    Raises:
        ConfigError: no name, a name in use, or no host name as the site.
    """
    name = name.strip()[:100]
    reads = site_id(site) if site else ""
    if not name:
        raise ConfigError("a key needs a name that says what it is for")
    if site and not reads:
        raise ConfigError("%(name)r is no site, as in shop.example", name=site)
    key = MARK + secrets.token_urlsafe(32)
    try:
        ApiKey.objects.create(
            name=name,
            prefix=key[:PREFIX_CHARS],
            sha256=hash_key(key),
            site=reads,
            created_at=now_ms(),
        )
    except IntegrityError:
        raise ConfigError("there is a key %(name)r already", name=name) from None
    return key


def list_keys() -> list[ApiKey]:
    """The keys in force, by name."""
    return list(ApiKey.objects.filter(revoked_at__isnull=True))


def revoke_key(name: str) -> None:
    """Ends the key of this name, at once.

    Raises:
        ConfigError: there is no such key in force.
    """
    in_force = ApiKey.objects.filter(name=name.strip(), revoked_at__isnull=True)
    if not in_force.update(revoked_at=now_ms()):
        raise ConfigError("there is no key %(name)r", name=name)


def find_key(key: str) -> ApiKey | None:
    """The key in force that this is; notes its use, at most once a minute."""
    if not key.startswith(MARK):
        return None
    asked = hash_key(key)
    candidates = ApiKey.objects.filter(
        prefix=key[:PREFIX_CHARS], revoked_at__isnull=True
    )
    found = None
    for candidate in candidates:
        if hmac.compare_digest(candidate.sha256, asked):
            found = candidate
    if found is not None:
        note_use(found, now_ms())
    return found


def note_use(key: ApiKey, now: int) -> None:
    """Writes the time of use, unless one of the last minute is there."""
    a_minute_ago = now - limits.MINUTE
    if key.last_used_at is None or key.last_used_at <= a_minute_ago:
        ApiKey.objects.filter(
            Q(last_used_at__isnull=True) | Q(last_used_at__lte=a_minute_ago), pk=key.pk
        ).update(last_used_at=now)


def is_in_force(key_id: int) -> bool:
    """Whether the key still opens anything."""
    return ApiKey.objects.filter(pk=key_id, revoked_at__isnull=True).exists()


def hash_key(key: str) -> str:
    """SHA-256 as hex; the key has 256 random bits, so a slow hash adds nothing."""
    return hashlib.sha256(key.encode()).hexdigest()
