"""Those who ask: nobody, an account, the holder of a key."""

from typing import Any

from django.test import Client

from liveinsight.dashboard.accounts import add_account
from liveinsight.dashboard.keys import add_key
from tests.dashboard.project import PASSWORD


def nobody() -> Client:
    """A browser without a session."""
    return Client(enforce_csrf_checks=False)


def an_account(name: str = "ada") -> Client:
    """A browser that has signed in."""
    add_account(name, PASSWORD)
    client = Client()
    assert client.login(username=name, password=PASSWORD)
    return client


class Answer:
    """A JSON answer, taken apart."""

    def __init__(self, response: Any) -> None:
        self.status: int = response.status_code
        self.headers: Any = response.headers
        self.json: Any = response.json()


def ask(path: str, key: str | None = None, **query: str | list[str]) -> Answer:
    """What the address answers to the holder of `key` (a new one that reads all)."""
    key = add_key("test") if key is None else key
    headers = {"Authorization": f"Bearer {key}"}
    return Answer(Client().get(path, query, headers=headers))
