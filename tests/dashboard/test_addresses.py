"""Every address of the dashboard: who may see it, and which headers it carries."""

import re
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from liveinsight.dashboard.headers import CONTENT_SECURITY_POLICY
from tests.dashboard.clients import an_account, nobody
from tests.dashboard.project import start_django

start_django()

OPEN_TO_ALL = {
    "sign-in",
    "sign-out",
    "setup",
    "language",
    "health-live",
    "health-ready",
    "openapi",
}
FOR_KEYS = re.compile(r"^/(api/.|live/|metrics$)")


def every_address() -> Iterator[tuple[str, str]]:
    """(name, path) of the whole URLconf, with something for each parameter."""
    patterns = list(get_resolver().url_patterns)
    while patterns:
        pattern = patterns.pop()
        assert not isinstance(pattern, URLResolver), "nested addresses: walk them, too"
        assert isinstance(pattern, URLPattern)
        route = re.sub(r"<int:[^>]+>", "1", str(pattern.pattern))
        route = re.sub(r"<[^>]+>", "shop.example", route)
        yield pattern.name or route, f"/{route}"


ADDRESSES = sorted(every_address())


@pytest.mark.parametrize(
    ("name", "path"), [pytest.param(*each, id=each[0]) for each in ADDRESSES]
)
def test_every_address_needs_an_account_but_the_few(name: str, path: str) -> None:
    response = nobody().get(path)
    if name in OPEN_TO_ALL:
        assert response.status_code != 401
        assert not is_sent_to_sign_in(response.headers) or name == "sign-out"
    elif FOR_KEYS.match(path):
        assert response.status_code == 401
    else:
        assert response.status_code == 302
        assert is_sent_to_sign_in(response.headers)


def is_sent_to_sign_in(headers: object) -> bool:
    """Whether the answer leads to the sign-in page."""
    location = dict(headers).get("Location", "")  # type: ignore[call-overload]
    return str(location).startswith("/accounts/sign-in/")


@pytest.mark.parametrize(
    ("name", "path"), [pytest.param(*each, id=each[0]) for each in ADDRESSES]
)
def test_every_answer_carries_the_policies(name: str, path: str) -> None:
    headers = nobody().get(path).headers
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Cache-Control" in headers


def test_the_policy_allows_nothing_inline() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'")


def test_the_six_addresses_keep_their_names() -> None:
    paths = {path for _, path in ADDRESSES}
    assert {
        "/api/sessions/active/",
        "/api/sessions/shop.example/events/",
        "/api/statistics/summary/",
        "/api/statistics/hourly/",
        "/api/statistics/pages/",
        "/api/statistics/referrers/",
    } <= paths


@pytest.mark.parametrize(
    "path",
    [
        path
        for _, path in ADDRESSES
        if FOR_KEYS.match(path) and "metr" not in path and "/v1/" not in path
    ],
)
def test_what_only_reads_refuses_other_methods(path: str) -> None:
    response = an_account().post(path)
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD"


def test_an_unknown_address_is_404_in_the_form_of_its_kind() -> None:
    client = an_account()
    assert client.get("/api/nothing/").json()["error"]["field"] == "path"
    assert "text/html" in client.get("/nothing/").headers["Content-Type"]


def test_cookies_are_secure_over_https_and_come_back_over_loopback_http() -> None:
    plain = Client().get("/accounts/sign-in/")
    assert not plain.cookies[settings.CSRF_COOKIE_NAME]["secure"]
    secure = Client().get("/accounts/sign-in/", secure=True)
    assert secure.cookies[settings.CSRF_COOKIE_NAME]["secure"]
    assert secure.cookies[settings.CSRF_COOKIE_NAME]["httponly"]


def test_a_host_that_is_not_ours_is_refused() -> None:
    assert (
        Client().get("/health/live", headers={"Host": "evil.example"}).status_code
        == 400
    )


@pytest.mark.parametrize("language", ["en", "ko"])
def test_pages_speak_the_browsers_language(language: str) -> None:
    response = nobody().get("/accounts/sign-in/", headers={"Accept-Language": language})
    assert response.headers["Content-Language"] == language
