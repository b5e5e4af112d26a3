"""Pages as an account sees them, read without a browser."""

import json
import re
from html import unescape
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import parse_qs, urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

from tests.e2e.server import NAME, PASSWORD, Server
from tests.waiting import PATIENCE_S

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_CARD = re.compile(
    r'<span class="label">([^<]*)</span>\s*<span class="value">([^<]*)</span>'
)
_SERIES = re.compile(
    r'<script id="series" type="application/json">(.*?)</script>', re.S
)
_BEFORE = re.compile(r'<span class="change[^"]*" title="[^"]*: ([^"]*)"')
_CALL = re.compile(r'href="/api/v1/query\?([^"]*)"[^>]* download')
_ROW = re.compile(r'data-key="([^"]*)".*?<span class="number">([^<]*)</span>', re.S)


def sign_in(server: Server) -> OpenerDirector:
    """A browser in which the account NAME, which is there, has signed in."""
    opener = build_opener(HTTPCookieProcessor(CookieJar()))
    address = f"{server.address}/accounts/sign-in/"
    token = _TOKEN.search(read(opener, address))
    assert token is not None
    fields = {
        "username": NAME,
        "password": PASSWORD,
        "csrfmiddlewaretoken": token.group(1),
    }
    opener.open(address, urlencode(fields).encode()).close()
    return opener


def read(opener: OpenerDirector, address: str) -> str:
    """The page at the address."""
    with opener.open(address, timeout=PATIENCE_S) as response:
        return str(response.read(), "utf-8")


def cards_of(page: str) -> list[str]:
    """The numbers of the cards, as written but for the commas."""
    return [unescape(value).replace(",", "") for _, value in _CARD.findall(page)]


def befores_of(page: str) -> list[str]:
    """What the cards were in the period compared with, where it can be compared."""
    return [unescape(value).replace(",", "") for value in _BEFORE.findall(page)]


def series_of(page: str, name: str = "values") -> list[Any]:
    """The numbers of the chart; with `before`, those of the period compared with."""
    found = _SERIES.search(page)
    assert found is not None
    values: list[Any] = json.loads(found.group(1))[name]
    return values


def question_of(page: str) -> Any:
    """What the page says to ask the API for its figures."""
    found = _CALL.search(page)
    assert found is not None
    return json.loads(parse_qs(unescape(found.group(1)))["question"][0])


def rows_of(page: str, panel: str) -> dict[str, str]:
    """The numbers of a panel by key, as written but for the commas."""
    begin = page.index(f'id="panel-{panel}"')
    part = page[begin : page.index("</section>", begin)]
    return {unescape(key): n.replace(",", "") for key, n in _ROW.findall(part)}
