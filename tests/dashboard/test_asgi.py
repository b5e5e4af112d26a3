"""The dashboard and the live stream over real HTTP."""

import asyncio
import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from liveinsight.core import limits
from liveinsight.core.event import encode_events
from liveinsight.dashboard import live_stream, runtime
from liveinsight.dashboard.accounts import set_password
from liveinsight.dashboard.asgi import THREADS, Dashboard, see_through_proxy
from liveinsight.dashboard.asgi_types import Receive, Scope, Send
from liveinsight.dashboard.configuration import Configuration
from liveinsight.dashboard.keys import add_key, revoke_key
from liveinsight.dashboard.static_files import StaticFiles
from tests.dashboard.clients import an_account, ask
from tests.dashboard.project import SITE, a_visit_of
from tests.serving import serving
from tests.waiting import PATIENCE_S, wait_until


class Whole:
    """The dashboard and the live stream, as the server puts them together."""

    def __init__(self) -> None:
        self.dashboard = Dashboard(Configuration())
        self.live = runtime.current().live
        self.running: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.running is None:
            self.running = asyncio.create_task(self.live.run())
        app = self.dashboard
        if scope["type"] == "http" and scope["path"] == "/live/stream":
            await self.live.app(scope, receive, send)
        else:
            await app(scope, receive, send)


@contextlib.contextmanager
def a_connection() -> Iterator[http.client.HTTPConnection]:
    """A connection to a dashboard on a real port."""
    whole = Whole()
    with serving(whole) as address:
        connection = http.client.HTTPConnection(
            urlsplit(address).netloc, timeout=PATIENCE_S
        )
        try:
            yield connection
        finally:
            connection.close()
            whole.live.close()
    whole.dashboard.close()


class Stream:
    """An open stream, read message by message."""

    def __init__(
        self, connection: http.client.HTTPConnection, token: str, **headers: str
    ) -> None:
        connection.request("GET", f"/live/stream?token={token}", headers=headers)
        self.response = connection.getresponse()
        self.status = self.response.status

    def next(self, name: str) -> bytes:
        """The data of the next message of that name; b"" where the stream ends."""
        event = b""
        while line := self.response.readline():
            if line.startswith(b"event: "):
                event = line.removeprefix(b"event: ").strip()
            elif line.startswith(b"data: ") and event == name.encode():
                return line.removeprefix(b"data: ").strip()
        return b""


def a_token(key: str) -> str:
    """A token for the shop's live page."""
    token = ask("/live/token", key, site=SITE).json["token"]
    assert isinstance(token, str)
    return token


def test_a_stream_says_hello_then_panels_then_what_happens() -> None:
    token = a_token(add_key("reader"))
    with a_connection() as connection:
        stream = Stream(connection, token)
        assert stream.status == 200
        assert stream.response.headers["Content-Type"].startswith("text/event-stream")
        assert stream.response.headers["Cache-Control"] == "no-cache"
        assert stream.response.headers["X-Accel-Buffering"] == "no"
        assert b'"site":"shop.example"' in stream.next("hello")
        assert b'"current_visitors":0' in stream.next("panels")
        runtime.current().live.publish([encode_events(a_visit_of("/shoes"))])
        assert b'"page":"/shoes"' in stream.next("feed")


def test_an_accounts_stream_needs_its_session_too() -> None:
    client = an_account()
    token = client.get("/live/token", {"site": SITE}).json()["token"]
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    with a_connection() as connection:
        assert Stream(connection, token).status == 403
        connection.close()
        cookie = f"a=b; {settings.SESSION_COOKIE_NAME}={session}"
        stream = Stream(connection, token, Cookie=cookie)
        assert stream.status == 200
        assert stream.next("hello")


@pytest.mark.parametrize("token", ["", "nonsense", "a:b:c"])
def test_a_token_that_is_not_ours_opens_nothing(token: str) -> None:
    with a_connection() as connection:
        assert Stream(connection, token).status == 403


def test_a_token_opens_streams_for_a_minute_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = a_token(add_key("reader"))
    monkeypatch.setattr("liveinsight.dashboard.rights.TOKEN_SECONDS", -1)
    with a_connection() as connection:
        assert Stream(connection, token).status == 403


def test_a_stream_ends_when_its_key_is_revoked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_stream, "RIGHTS_SECONDS", 0.1)
    monkeypatch.setattr(live_stream, "HEARTBEAT_SECONDS", 0.05)
    token = a_token(add_key("reader"))
    with a_connection() as connection:
        stream = Stream(connection, token)
        assert stream.next("panels")
        revoke_key("reader")
        while stream.next("panels"):
            continue


def test_a_stream_ends_with_a_new_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_stream, "RIGHTS_SECONDS", 0.1)
    monkeypatch.setattr(live_stream, "HEARTBEAT_SECONDS", 0.05)
    client = an_account()
    token = client.get("/live/token", {"site": SITE}).json()["token"]
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    with a_connection() as connection:
        cookie = f"{settings.SESSION_COOKIE_NAME}={session}"
        stream = Stream(connection, token, Cookie=cookie)
        assert stream.next("panels")
        set_password("ada", "another horse 8")
        while stream.next("panels"):
            continue


def test_an_idle_stream_has_a_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_stream, "HEARTBEAT_SECONDS", 0.05)
    token = a_token(add_key("reader"))
    with a_connection() as connection:
        stream = Stream(connection, token)
        assert stream.next("panels")
        while stream.response.readline() != b":\n":
            continue


def test_a_reader_who_leaves_is_forgotten() -> None:
    token = a_token(add_key("reader"))
    live = runtime.current().live
    with a_connection() as connection:
        stream = Stream(connection, token)
        stream.next("hello")
        assert live.streams == 1
        stream.response.close()
        connection.close()
        wait_until(lambda: live.streams == 0)


def test_the_server_stops_with_streams_open() -> None:
    token = a_token(add_key("reader"))
    with a_connection() as connection:
        stream = Stream(connection, token)
        stream.next("hello")
        runtime.current().live.close()
        while stream.next("panels"):
            continue
        connection.close()
        assert Stream(connection, token).status == 503


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health/live", 200),
        ("HEAD", "/health/live", 200),
        ("GET", "/", 302),
        ("GET", "/api/statistics/summary/", 401),
        ("POST", "/live/stream", 405),
    ],
)
def test_the_dashboard_answers_over_http(method: str, path: str, status: int) -> None:
    with a_connection() as connection:
        connection.request(method, path)
        assert connection.getresponse().status == status


def test_a_body_over_the_limit_is_413() -> None:
    with a_connection() as connection:
        connection.request("POST", "/accounts/sign-in/", b"x" * (limits.BODY_BYTES + 1))
        answer = connection.getresponse()
        assert answer.status == 413
        reason = f"has over {limits.BODY_BYTES} bytes"
        assert json.load(answer) == {"error": {"field": "body", "reason": reason}}


def test_many_requests_at_once_use_a_bounded_number_of_threads() -> None:
    with a_connection() as connection:

        def get(_: int) -> int:
            own = http.client.HTTPConnection(connection.host, connection.port)
            own.request("GET", "/accounts/sign-in/")
            status = own.getresponse().status
            own.close()
            return status

        with ThreadPoolExecutor(20) as pool:
            assert set(pool.map(get, range(60))) == {200}
        names = [thread.name for thread in threading.enumerate()]
        assert sum(name.startswith("dashboard") for name in names) <= THREADS


def a_scope(peer: str, **headers: str) -> Scope:
    """A request's scope."""
    pairs = [
        (name.replace("_", "-").encode(), value.encode())
        for name, value in headers.items()
    ]
    return {"type": "http", "scheme": "http", "client": (peer, 1), "headers": pairs}


@pytest.mark.parametrize(
    ("https", "peer", "headers", "scheme", "client"),
    [
        pytest.param(
            False, "10.0.0.1",
            {"x_forwarded_proto": "https", "x_forwarded_for": "203.0.113.9"},
            "https", "203.0.113.9", id="a trusted proxy is believed",
        ),
        pytest.param(
            False, "198.51.100.1",
            {"x_forwarded_proto": "https", "x_forwarded_for": "203.0.113.9"},
            "http", "198.51.100.1", id="a stranger is not",
        ),
        pytest.param(
            False, "10.0.0.1", {"x_forwarded_proto": "https, http"},
            "http", "10.0.0.1", id="the nearest proxy decides",
        ),
        pytest.param(
            True, "10.0.0.1", {}, "https", "10.0.0.1", id="https is the owner's word"
        ),
        pytest.param(False, "10.0.0.1", {}, "http", "10.0.0.1", id="silent proxy"),
    ],
)  # fmt: skip
def test_scheme_and_address_come_from_trusted_proxies_only(
    *, https: bool, peer: str, headers: dict[str, str], scheme: str, client: str
) -> None:
    configuration = Configuration(https=https, trusted_proxies=("10.0.0.0/8",))
    scope = see_through_proxy(a_scope(peer, **headers), configuration)
    assert scope["scheme"] == scheme
    assert scope["client"] is not None
    assert scope["client"][0] == client


def test_built_files_are_kept_for_years_and_others_for_a_minute(tmp_path: Path) -> None:
    build = tmp_path / "build"
    build.mkdir()
    (build / "main-ABCDEFGH.js").write_text("1")
    (tmp_path / "icon.svg").write_text("<svg/>")
    files = StaticFiles(tmp_path)

    def cache_of(path: str) -> str:
        found = files.find(path, "GET", [])
        assert found is not None
        headers = dict(found.headers)
        assert headers[b"x-content-type-options"] == b"nosniff"
        return headers[b"cache-control"].decode()

    assert "immutable" in cache_of("/static/build/main-ABCDEFGH.js")
    assert cache_of("/static/icon.svg") == "max-age=60, public"
    assert files.find("/static/../settings.py", "GET", []) is None
    assert files.find("/static/", "GET", []) is None


def test_a_new_build_is_served_without_a_restart(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    files = StaticFiles(tmp_path)
    assert files.find("/static/build/new-ABCDEFGH.js", "GET", []) is None
    (tmp_path / "build" / "new-ABCDEFGH.js").write_text("1")
    (tmp_path / "build" / "manifest.json").write_text("{}")
    found = files.find("/static/build/new-ABCDEFGH.js", "GET", [])
    assert found is not None
    assert found.body == b"1"
