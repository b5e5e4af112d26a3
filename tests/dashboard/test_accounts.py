"""Signing in, the first account, and passwords."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from liveinsight.core import limits
from liveinsight.dashboard.accounts import (
    add_account,
    list_accounts,
    set_password,
    setup_link,
)
from liveinsight.dashboard.models import Installation
from liveinsight.dashboard.throttle import (
    TRIES_PER_ADDRESS,
    TRIES_PER_NAME,
    WINDOW,
    Throttle,
)
from liveinsight.errors import ConfigError
from tests.dashboard.clients import an_account, nobody
from tests.dashboard.project import PASSWORD

SIGN_IN = "/accounts/sign-in/"


def a_setup_path() -> str:
    link = setup_link("http://localhost:8000/")
    assert link is not None
    return link.removeprefix("http://localhost:8000")


def test_the_setup_link_makes_the_first_account_and_signs_it_in() -> None:
    client, link = nobody(), a_setup_path()
    assert client.get(link).status_code == 200
    made = client.post(link, {"username": "ada", "password": PASSWORD})
    assert made.status_code == 302
    assert client.get("/keys/").status_code == 200
    assert User.objects.get().is_superuser


def test_the_setup_link_ends_with_the_first_account() -> None:
    link = a_setup_path()
    add_account("ada", PASSWORD)
    assert nobody().get(link).status_code == 404
    assert (
        nobody().post(link, {"username": "eve", "password": PASSWORD}).status_code
        == 404
    )
    assert setup_link("http://localhost") is None
    assert list_accounts() == ["ada"]


def test_a_new_setup_link_ends_the_one_before() -> None:
    first, second = a_setup_path(), a_setup_path()
    assert nobody().get(first).status_code == 404
    assert nobody().get(second).status_code == 200


def test_the_setup_token_is_kept_as_a_hash_only() -> None:
    token = a_setup_path().strip("/").rpartition("/")[2]
    assert token not in str(Installation.objects.values().get())


def test_no_token_opens_the_setup_before_one_is_drawn() -> None:
    assert nobody().get("/accounts/setup/e3b0c442/").status_code == 404


def test_a_weak_password_makes_no_account() -> None:
    client, link = nobody(), a_setup_path()
    answer = client.post(link, {"username": "ada", "password": "short"})
    assert answer.status_code == 200
    assert not User.objects.exists()


def test_signing_in_opens_the_pages_and_signing_out_closes_them() -> None:
    add_account("ada", PASSWORD)
    client = nobody()
    signed = client.post(SIGN_IN, {"username": "ada", "password": PASSWORD})
    assert signed.status_code == 302
    assert client.get("/keys/").status_code == 200
    client.post("/accounts/sign-out/")
    assert client.get("/keys/").status_code == 302


def test_signing_in_leads_to_no_other_host() -> None:
    add_account("ada", PASSWORD)
    form = {"username": "ada", "password": PASSWORD, "next": "https://evil.example/"}
    assert nobody().post(SIGN_IN, form).headers["Location"] == "/"


def test_forms_from_elsewhere_are_refused() -> None:
    client = Client(enforce_csrf_checks=True)
    form = {"username": "ada", "password": PASSWORD}
    assert client.post(SIGN_IN, form).status_code == 403


def test_too_many_tries_are_429_even_with_the_right_password() -> None:
    add_account("ada", PASSWORD)
    client = nobody()
    for _ in range(TRIES_PER_ADDRESS):
        client.post(SIGN_IN, {"username": "ada", "password": "wrong"})
    refused = client.post(SIGN_IN, {"username": "ada", "password": PASSWORD})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= WINDOW // limits.SECOND


def test_the_right_password_forgives_the_wrong_ones() -> None:
    throttle = Throttle()
    for _ in range(TRIES_PER_ADDRESS):
        assert throttle.wait_ms("192.0.2.1", "ada", 0) == 0
    throttle.forgive("192.0.2.1", "ada")
    assert throttle.wait_ms("192.0.2.1", "ada", 0) == 0


def test_a_name_is_throttled_across_addresses() -> None:
    throttle = Throttle()
    for number in range(TRIES_PER_NAME):
        assert throttle.wait_ms(f"192.0.2.{number}", "ada", 0) == 0
    assert throttle.wait_ms("198.51.100.1", "Ada", 1) == WINDOW - 1
    assert throttle.wait_ms("198.51.100.1", "ada", WINDOW) == 0


def test_one_household_of_ipv6_is_one_address() -> None:
    throttle = Throttle()
    for number in range(TRIES_PER_ADDRESS):
        throttle.wait_ms(f"2001:db8:1:2::{number:x}", f"name{number}", 0)
    assert throttle.wait_ms("2001:db8:1:2:ffff::1", "ada", 0) > 0
    assert throttle.wait_ms("2001:db8:1:3::1", "ada", 0) == 0


def test_the_throttle_remembers_a_bounded_number() -> None:
    throttle = Throttle(max_entries=100)
    for number in range(1_000):
        throttle.wait_ms(f"address {number}", f"name {number}", 0)
    assert len(throttle.tries) == 100


def test_a_new_password_ends_the_other_sessions() -> None:
    client = an_account()
    set_password("ada", "another horse 8")
    assert client.get("/keys/").status_code == 302


def test_the_password_page_keeps_its_own_session() -> None:
    client = an_account()
    form = {
        "old_password": PASSWORD,
        "new_password1": "another horse 8",
        "new_password2": "another horse 8",
    }
    changed = client.post("/accounts/password/", form)
    assert changed.headers["Location"] == "/accounts/password/changed/"
    assert client.get("/accounts/password/changed/").status_code == 200


@pytest.mark.parametrize(
    ("name", "password"),
    [
        pytest.param("ada", PASSWORD, id="a name that is taken"),
        pytest.param("", PASSWORD, id="no name"),
        pytest.param("a b", PASSWORD, id="a name with a space"),
        pytest.param("bob", "12345678901", id="digits only"),
        pytest.param("bob", "short", id="too short"),
    ],
)
def test_an_account_that_does_not_do_is_refused_with_a_sentence(
    name: str, password: str
) -> None:
    add_account("ada", PASSWORD)
    with pytest.raises(ConfigError):
        add_account(name, password)


def test_a_password_of_nobody_is_refused() -> None:
    with pytest.raises(ConfigError):
        set_password("nobody", PASSWORD)


@pytest.mark.parametrize(
    ("language", "said"), [("en", "out of date"), ("ko", "쓸 수 없는 양식")]
)
def test_a_form_without_its_token_is_answered_with_a_page(
    language: str, said: str
) -> None:
    for client in (Client(enforce_csrf_checks=True), an_account()):
        client.handler.enforce_csrf_checks = True
        response = client.post(
            "/accounts/password/", headers={"Accept-Language": language}
        )
        assert response.status_code == 403
        assert said in response.content.decode()
