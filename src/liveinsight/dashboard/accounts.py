"""Accounts: made by the one-time setup link, or from the command line."""

import hashlib
import hmac
import secrets

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import close_old_connections, transaction
from django.utils import timezone

from liveinsight.dashboard.installation import find_installation
from liveinsight.errors import ConfigError


def add_account(name: str, password: str) -> None:
    """Makes an account; the first one, too.

    Raises:
        ConfigError: the name is taken or no name, or the password is too weak.
    """
    make_account(name, password)


def make_account(name: str, password: str) -> User:
    """As add_account; returns the account."""
    account = User(username=User.normalize_username(name.strip()), is_superuser=True)
    set_checked_password(account, password)
    try:
        account.full_clean()
    except ValidationError as error:
        said = " ".join(error.messages)
        raise ConfigError("account %(name)r: %(said)s", name=name, said=said) from None
    account.save()
    return account


def list_accounts() -> list[str]:
    """The names of the accounts, in order."""
    return list(
        User.objects.order_by("username")
        .filter(is_active=True)
        .values_list("username", flat=True)
    )


def set_password(name: str, password: str) -> None:
    """Sets a new password, which signs the account out everywhere.

    Raises:
        ConfigError: there is no such account, or the password is too weak.
    """
    account = User.objects.filter(username=name.strip()).first()
    if account is None:
        raise ConfigError("there is no account %(name)r", name=name)
    set_checked_password(account, password)
    account.save(update_fields=["password"])


def set_checked_password(account: User, password: str) -> None:
    """Sets the password on the account in memory, if it is strong enough."""
    try:
        validate_password(password, account)
    except ValidationError as error:
        said = " ".join(error.messages)
        raise ConfigError("password: %(said)s", said=said) from None
    account.set_password(password)


def setup_link(base_url: str) -> str | None:
    """The one-time link that makes the first account; None once there is one.

    Each call draws a new token, and the links before it end. Only its hash is kept.
    """
    with transaction.atomic():
        if User.objects.exists():
            return None
        token = secrets.token_urlsafe(32)
        installation = find_installation()
        installation.setup_sha256 = hash_token(token)
        installation.save(update_fields=["setup_sha256"])
    return f"{base_url.rstrip('/')}/accounts/setup/{token}/"


def is_setup_token(token: str) -> bool:
    """Whether the token is the one of the link in force."""
    if User.objects.exists():
        return False
    expected = find_installation().setup_sha256
    return bool(expected) and hmac.compare_digest(expected, hash_token(token))


def make_first_account(token: str, name: str, password: str) -> User | None:
    """The administrator's account; None where the link has ended.

    Raises:
        ConfigError: the name or the password does not do.
    """
    with transaction.atomic():  # immediate: of two at once, one makes an account
        if not is_setup_token(token):
            return None
        account = make_account(name, password)
        installation = find_installation()
        installation.setup_sha256 = ""
        installation.save(update_fields=["setup_sha256"])
    return account


def forget_old_sessions() -> None:
    """Deletes the rows of sessions that have ended; for a daily job."""
    try:
        Session.objects.filter(expire_date__lt=timezone.now()).delete()
    finally:
        close_old_connections()


def hash_token(token: str) -> str:
    """SHA-256 as hex; the token has 256 random bits, so a slow hash adds nothing."""
    return hashlib.sha256(token.encode()).hexdigest()
