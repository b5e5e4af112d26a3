"""People who look at reports on the real server, alone and while events come in."""

import http.client
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from bench._history import SITES
from bench._load import Wanted, finish_load, percentile, start_load
from bench._server import free_port, running
from bench._stream import COMMAND, add_site

PEOPLE = 4
EVENTS_PER_SECOND = 2_000
EVENTS_PER_REQUEST = 10
ALONE_TURNS = 7
_WARM_UP_S = 3.0
_NAME, _PASSWORD = "bench", "not-a-secret-of-anybody"
_PERIOD = {"site": SITES[0], "from": "2026-10-24", "to": "2026-11-22"}
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')

ADDRESSES = {
    "page": ("/statistics/", ""),
    "pages": ("/statistics/", "panel-pages"),
    "sources": ("/statistics/", "panel-sources"),
    "places": ("/statistics/", "panel-places"),
    "devices": ("/statistics/", "panel-devices"),
    "events": ("/statistics/", "panel-events"),
    "journeys": ("/journeys/", ""),
    "retention": ("/retention/", ""),
    "sessions": ("/sessions/", ""),
}
"""Address, and the part of the page that is asked for; "" is all of it."""


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """How long one address took, ms, and how often it was asked for."""

    p50_ms: float
    p95_ms: float
    count: int


class Person:
    """Somebody with a browser: signed in, on a kept connection."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.cookies: dict[str, str] = {}
        form = self.ask("/accounts/sign-in/")
        found = _TOKEN.search(form)
        if found is None:
            raise SystemExit("there is no form to sign in with")
        body = urlencode(
            {
                "csrfmiddlewaretoken": found[1],
                "username": _NAME,
                "password": _PASSWORD,
            }
        )
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        self.ask("/accounts/sign-in/", body=body, headers=kind)

    def ask(
        self, path: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> str:
        """The text of the answer; keeps its cookies."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"Cookie": cookies, "Host": "127.0.0.1", **(headers or {})}
        self.connection.request("POST" if body else "GET", path, body, sent)
        response = self.connection.getresponse()
        text = response.read().decode()
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        if response.status not in (200, 302):
            raise SystemExit(f"{path} answered {response.status}: {text[:300]}")
        return text

    def look(self, name: str) -> float:
        """The seconds until the report is there."""
        path, part = ADDRESSES[name]
        headers = {"HX-Request": "true", "HX-Target": part} if part else {}
        began = time.perf_counter()
        self.ask(f"{path}?{urlencode(_PERIOD)}", headers=headers)
        return time.perf_counter() - began


def ask_pages(
    folder: Path, seconds: float
) -> tuple[dict[str, Times], dict[str, Times]]:
    """How long the addresses take alone, and with people and events coming in."""
    with serve(folder) as port:
        person = Person(port)
        alone: dict[str, list[float]] = {}
        for name in ADDRESSES:
            person.look(name)
            alone[name] = [person.look(name) for _ in range(ALONE_TURNS)]
        rate = EVENTS_PER_SECOND / EVENTS_PER_REQUEST
        load = start_load(
            Wanted(
                port=port,
                events=EVENTS_PER_REQUEST,
                connections=8,
                seconds=seconds + _WARM_UP_S,
                rate=rate,
            )
        )
        time.sleep(_WARM_UP_S)
        busy = ask_together(port, seconds)
        sent = finish_load(load)
        if sent.refused or sent.per_second < 0.8 * rate:
            raise SystemExit(
                f"only {sent.per_second * EVENTS_PER_REQUEST:.0f} events/s"
            )
    return summed(alone), summed(busy)


def ask_together(port: int, seconds: float) -> dict[str, list[float]]:
    """The times of four people who look at one report after the other."""
    found: dict[str, list[float]] = {name: [] for name in ADDRESSES}
    ends_at = time.monotonic() + seconds

    def look(first: int) -> None:
        person = Person(port)
        names = list(ADDRESSES)
        number = first
        while time.monotonic() < ends_at:
            name = names[number % len(names)]
            found[name].append(person.look(name))
            number += 1

    people = [
        threading.Thread(target=look, args=(2 * number,)) for number in range(PEOPLE)
    ]
    for one in people:
        one.start()
    for one in people:
        one.join()
    return found


def summed(times: dict[str, list[float]]) -> dict[str, Times]:
    """The percentiles of each."""
    return {
        name: Times(
            p50_ms=percentile(sorted(each), 0.5),
            p95_ms=percentile(sorted(each), 0.95),
            count=len(each),
        )
        for name, each in times.items()
    }


@contextmanager
def serve(folder: Path) -> Iterator[int]:
    """The port of the server over a folder whose warehouse is there already."""
    for site in SITES:
        add_site(folder, site)
    subprocess.run(
        [COMMAND, "account", "add", _NAME, "--data", str(folder)],
        input=_PASSWORD.encode(),
        check=True,
        capture_output=True,
    )
    port = free_port()
    words = ("-c", "from liveinsight.cli.main import main; main()", "up")
    with running(*words, "--port", str(port), "--data", str(folder), port=port):
        yield port
