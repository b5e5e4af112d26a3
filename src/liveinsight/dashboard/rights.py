"""Who asks, and what they may read: a signed-in account, or the holder of a key."""

import msgspec
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.core import signing
from django.http import HttpRequest

from liveinsight.dashboard.clock import now_ms
from liveinsight.dashboard.goals import load_goals
from liveinsight.dashboard.keys import find_key, is_in_force
from liveinsight.dashboard.shares import forced_by, is_link_in_force, share_of
from liveinsight.errors import QueryError
from liveinsight.query.goals import expand_goals
from liveinsight.query.model import Where
from liveinsight.query.parse import format_filter, parse_filters

TOKEN_SECONDS = 60
"""A token opens a stream in this time; the stream then lives on its own checks."""
SALT = "liveinsight.live"


class TooManyWatchesError(Exception):
    """As many streams, or distinct filters, as this process keeps."""


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """An account (all sites), a key (all, or its one), or who came by a link."""

    account_id: int | None = None
    key_id: int | None = None
    link_id: int | None = None
    link_mark: str = ""
    site: str = ""
    """The only site that may be read; "" is all."""

    def may_read(self, site: str | None) -> bool:
        """Whether the asker may read the site; None is all sites together."""
        return not self.site or self.site == site


class Watch(msgspec.Struct, frozen=True):
    """What a live page shows: the unit of work, shared by all who watch the same."""

    site: str
    filters: tuple[Where, ...] = ()
    link_id: int | None = None
    """Who came by a link sees no single visitor, so they watch apart."""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says: this asker may watch this."""

    asker: Asker
    watch: Watch


def find_asker(request: HttpRequest) -> Asker | None:
    """Who asks; a link decides, then a key, even where a session exists, too."""
    share = share_of(request)
    if share is not None:
        return Asker(link_id=share.link_id, link_mark=share.mark, site=share.site)
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        found = find_key(key.strip())
        return None if found is None else Asker(key_id=found.pk, site=found.site)
    if request.user.is_authenticated:
        return Asker(account_id=request.user.pk)
    return None


def sign_grant(grant: Grant) -> str:
    """The token; for an address, hence short-lived and useless without the session."""
    return signing.dumps(
        {
            "account": grant.asker.account_id,
            "key": grant.asker.key_id,
            "link": grant.asker.link_id,
            "mark": grant.asker.link_mark,
            "only": grant.asker.site,
            "site": grant.watch.site,
            "filters": [format_filter(each) for each in grant.watch.filters],
        },
        salt=SALT,
    )


def open_grant(token: str, cookies: str) -> Grant | None:
    """The grant, if the token is ours, not too old, and its asker has the rights still."""
    try:
        said = signing.loads(token, salt=SALT, max_age=TOKEN_SECONDS)
    except signing.BadSignature:
        return None
    asker = Asker(
        account_id=said["account"],
        key_id=said["key"],
        link_id=said["link"],
        link_mark=said["mark"],
        site=said["only"],
    )
    if not is_still_granted(asker, cookies):
        return None
    goals = load_goals(said["site"])
    forced = () if asker.link_id is None else forced_by(asker.link_id)
    try:
        filters = (*forced, *parse_filters(said["filters"], goals))
        held = expand_goals(filters, goals)
    except QueryError:
        return None  # a goal that was there a moment ago
    return Grant(asker=asker, watch=Watch(said["site"], held, asker.link_id))


def is_still_granted(asker: Asker, cookies: str) -> bool:
    """Whether key or link are in force, or the session of the cookies is the account's.

    Ends with signing out, with a new password, and with the account.
    """
    if asker.link_id is not None:
        return is_link_in_force(asker.link_id, asker.link_mark, now_ms())
    if asker.key_id is not None:
        return is_in_force(asker.key_id)
    request = HttpRequest()
    request.session = SessionStore(session_key_in(cookies))
    account = get_user(request)
    return account.is_authenticated and account.pk == asker.account_id


def session_key_in(cookies: str) -> str | None:
    """The session's key in a Cookie header."""
    for pair in cookies.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == settings.SESSION_COOKIE_NAME:
            return value
    return None
