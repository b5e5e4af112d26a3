"""What the gateway says by itself, where our function is not asked.

Where the function fails, MiniStack does not use the template's answers: that their
CORS headers and Retry-After are there (see test_template_api.py) only AWS can show.
"""

from concurrent.futures import ThreadPoolExecutor

from liveinsight.collect.http import ANY_ORIGIN
from tests.aws.ministack import MiniStack
from tests.aws.stacks import make_stack
from tests.aws.test_both_doors import TEXT, Answer, Sent, ask, event

CORS = {name.lower(): value for name, value in ANY_ORIGIN}


def check(answer: Answer, status: int, retry_after: str | None = None) -> None:
    assert answer.status == status
    assert CORS.items() <= answer.headers.items()
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers.get("retry-after") == retry_after
    assert list(answer.body) == ["error"]


def test_other_paths_are_not_found(ministack: MiniStack) -> None:
    url = ministack.reachable(make_stack(ministack)["ApiUrl"])
    check(ask(url.replace("/events?", "/event?"), Sent(event(), TEXT)), 404)
    check(ask(url.replace("/events?", "/?"), Sent(method="GET")), 404)


def test_who_sends_too_much_is_told_when_to_come_back(ministack: MiniStack) -> None:
    slow = {"ThrottleRate": "1", "ThrottleBurst": "1"}
    url = ministack.reachable(make_stack(ministack, slow)["ApiUrl"])
    with ThreadPoolExecutor(12) as senders:
        answers = list(senders.map(ask, [url] * 12, [Sent(event(), TEXT)] * 12))
    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    for answer in refused:
        check(answer, 429, "1")


def test_a_key_is_asked_for_where_it_is_wished(ministack: MiniStack) -> None:
    outputs = make_stack(ministack, {"RequireApiKey": "true"})
    url = ministack.reachable(outputs["ApiUrl"])
    check(ask(url, Sent(event(), TEXT)), 403)
    check(ask(url, Sent(event(), TEXT | {"X-Api-Key": "guessed-and-wrong-key"})), 403)
    key = ministack.apigateway.get_api_key(
        apiKey=outputs["ApiKeyId"], includeValue=True
    )["value"]
    # The functions of this stack fail: so they were asked.
    assert ask(url, Sent(event(), TEXT | {"X-Api-Key": key})).status == 502
    # A preflight cannot carry a key.
    assert ask(url, Sent(method="OPTIONS")).status == 502
