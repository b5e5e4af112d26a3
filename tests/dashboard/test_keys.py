"""API keys: what they open, and what is kept of them."""

from typing import Any

import pytest
from django.test import Client

from liveinsight.core import limits
from liveinsight.dashboard.keys import (
    add_key,
    find_key,
    list_keys,
    note_use,
    revoke_key,
)
from liveinsight.dashboard.models import ApiKey
from liveinsight.dashboard.sites import add_site
from liveinsight.errors import ConfigError
from tests.dashboard.clients import an_account, ask

SUMMARY = "/api/statistics/summary/"


def test_a_key_is_kept_as_a_hash_only() -> None:
    key = add_key("robot")
    stored = ApiKey.objects.values().get()
    assert key not in str(stored)
    assert key.startswith(stored["prefix"])


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="nothing"),
        pytest.param("Bearer ", id="empty key"),
        pytest.param("Bearer li_wrong", id="wrong key"),
        pytest.param("Basic YTpi", id="other scheme"),
        pytest.param("Bearer \xff\xff", id="bytes"),
    ],
)
def test_without_a_key_in_force_it_is_401_with_a_challenge(header: str | None) -> None:
    headers: dict[str, Any] = {} if header is None else {"Authorization": header}
    response = Client().get(SUMMARY, headers=headers)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert response.json()["error"]["field"] == "authorization"


def test_a_wrong_key_is_not_made_good_by_a_session() -> None:
    response = an_account().get(SUMMARY, headers={"Authorization": "Bearer li_wrong"})
    assert response.status_code == 401


def test_a_revoked_key_opens_nothing() -> None:
    key = add_key("robot")
    revoke_key("robot")
    assert ask(SUMMARY, key).status == 401
    assert list_keys() == []


def test_the_name_of_a_revoked_key_is_free_again() -> None:
    add_key("robot")
    with pytest.raises(ConfigError):
        add_key("robot")
    revoke_key("robot")
    add_key("robot")


def test_a_key_with_a_site_reads_that_site_only() -> None:
    add_site("shop.example")
    add_site("other.example")
    key = add_key("robot", "www.Shop.example")
    assert ask(SUMMARY, key, site="shop.example").status == 200
    assert ask(SUMMARY, key).status == 200
    refused = ask(SUMMARY, key, site="other.example")
    assert refused.status == 403
    assert refused.json["error"]["field"] == "site"


def test_a_site_that_is_not_configured_is_404_once_one_is() -> None:
    key = add_key("robot")
    assert ask(SUMMARY, key, site="nowhere.example").status == 200
    add_site("shop.example")
    assert ask(SUMMARY, key, site="nowhere.example").status == 404


def test_use_is_noted_at_most_once_a_minute() -> None:
    add_key("robot")
    key = ApiKey.objects.get()
    for now in (1_000, 2_000, 1_000 + limits.MINUTE - 1):
        note_use(ApiKey.objects.get(), now)
    assert ApiKey.objects.get(pk=key.pk).last_used_at == 1_000
    note_use(ApiKey.objects.get(), 1_000 + limits.MINUTE)
    assert ApiKey.objects.get(pk=key.pk).last_used_at == 1_000 + limits.MINUTE


def test_finding_a_key_notes_its_use() -> None:
    key = add_key("robot")
    assert find_key(key) is not None
    assert list_keys()[0].last_used_at is not None


def test_the_page_shows_a_new_key_once() -> None:
    client = an_account()
    made = client.post("/keys/", {"name": "robot", "site": ""})
    prefix = list_keys()[0].prefix
    assert made.headers["Cache-Control"] == "no-store"
    assert made.context["new_key"].startswith(prefix)
    assert client.get("/keys/").context["new_key"] == ""


def test_the_page_revokes() -> None:
    client = an_account()
    add_key("robot")
    assert client.post("/keys/revoke/", {"name": "robot"}).status_code == 302
    assert list_keys() == []
    assert client.post("/keys/revoke/", {"name": "robot"}).status_code == 302
