"""2,000 malformed and hostile requests over a real socket.

A table of kinds, each with the status it must get, varied by a seeded random; the
mutations of a kind never make it better.
"""

import gzip
import json
import random
import resource
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from liveinsight.collect.asgi import CollectorApp
from liveinsight.collect.door import Door
from liveinsight.core.outcome import Outcome
from liveinsight.core.site import Site, sites_of
from liveinsight.store.inbox import Inbox
from tests.collect.builders import CHROME, an_event
from tests.serving import serving
from tests.waiting import PATIENCE_S

REQUESTS = 2_000
MIB = 1024 * 1024

Made = tuple[bytes, dict[str, str]]
"""A body and further headers."""


def seeded(seed: int) -> random.Random:
    return random.Random(seed)


def event_bytes(choose: random.Random, **fields: object) -> bytes:
    event = an_event(event_id=f"event-{choose.getrandbits(60):x}", timestamp=None)
    return json.dumps(event | fields).encode()


def noise(choose: random.Random) -> str:
    return "".join(chr(choose.randrange(33, 0xD7FF)) for _ in range(20))


def cut(choose: random.Random) -> Made:
    body = event_bytes(choose)
    return body[: choose.randrange(len(body))], {}


def flipped(choose: random.Random) -> Made:
    body = bytearray(event_bytes(choose))
    body[choose.randrange(len(body))] = choose.choice(b"\x00\x01\x0b\xff\xc0")
    return bytes(body), {}


def random_bytes(choose: random.Random) -> Made:
    return b"\xff" + choose.randbytes(choose.randrange(2_000)), {}


def wrong_type(choose: random.Random) -> Made:
    wrong: object = choose.choice([True, [], {}, 1.5, [noise(choose)]])
    names = ("event_type", "event_id", "timestamp", "user_id", "page_url", "site")
    return event_bytes(choose, **{choose.choice(names): wrong}), {}


def too_long(choose: random.Random) -> Made:
    name, limit = choose.choice(
        [("user_id", 128), ("page_title", 512), ("event_type", 64), ("session_id", 128)]
    )
    return event_bytes(choose, **{name: "x" * (limit + choose.randrange(1, 9_999))}), {}


def number_as_text(choose: random.Random) -> Made:
    name = choose.choice(["timestamp", "screen_width", "engagement_ms"])
    return event_bytes(choose, **{name: str(choose.randrange(10**9))}), {}


def hostile_url(choose: random.Random) -> Made:
    scheme = choose.choice(["javascript://", "data:", "file:///", "//", "", "http://"])
    return event_bytes(choose, page_url=scheme + " " + noise(choose)), {}


def deep(choose: random.Random) -> Made:
    depth = choose.randrange(2_000, 150_000)
    pair = choose.choice([(b"[", b"]"), (b'{"a":', b"}")])
    tail = b"1" + pair[1] * depth if choose.random() < 0.5 else b""
    return b'{"properties":' + pair[0] * depth + tail + b"}", {}


def repeated_key(choose: random.Random) -> Made:
    body = event_bytes(choose)[:-1]
    return body + b', "event_type": "' + b"x" * choose.randrange(1, 9) + b'"}', {}


def no_number(choose: random.Random) -> Made:
    word = choose.choice(
        [b"NaN", b"Infinity", b"-Infinity", b"1e", b"0x1", b"01", b"+1"]
    )
    return b'{"page_url":"https://shop.example/","screen_width":' + word + b"}", {}


def half_pair(choose: random.Random) -> Made:
    half = b"\\ud8%02x" % choose.randrange(256)
    return b'{"site":"shop.example","page_title":"' + half + b'"}', {}


def nul(choose: random.Random) -> Made:
    name = choose.choice([b"user_id", b"session_id", b"page_title", b"event_type"])
    return b'{"site":"shop.example","%s":"a\\u0000b"}' % name, {}


def large(choose: random.Random) -> Made:
    return b" " * (MIB + choose.randrange(1, 500_000)), {}


def large_packed(choose: random.Random) -> Made:
    return choose.randbytes(64 * 1024 + 1 + choose.randrange(99_999)), GZIP


def bomb(choose: random.Random) -> Made:
    return BOMBS[choose.randrange(len(BOMBS))], GZIP


def bad_gzip(choose: random.Random) -> Made:
    packed = gzip.compress(event_bytes(choose))
    return choose.choice(
        [
            packed[: choose.randrange(len(packed))],
            packed + b"\0",
            packed * 2,
            b"x" + packed,
        ]
    ), GZIP


def strange_type(choose: random.Random) -> Made:
    types = ["text/html", "application/x-www-form-urlencoded", "image/png", "x", "*/*"]
    return event_bytes(choose), {"content-type": choose.choice(types)}


def strange_encoding(choose: random.Random) -> Made:
    return event_bytes(choose), {"content-encoding": choose.choice(["br", "zstd", "x"])}


def empty_batch(_: random.Random) -> Made:
    return b'{"events": []}', {}


def full_batch(choose: random.Random) -> Made:
    number = choose.randrange(101, 2_000)
    return json.dumps({"events": [{}] * number}).encode(), {}


def bad_batch(choose: random.Random) -> Made:
    bad: list[object] = [
        5,
        None,
        "x",
        [],
        {"timestamp": "1"},
        {"user_id": noise(choose)},
    ]
    return json.dumps({"events": choose.choices(bad, k=50)}).encode(), {}


def many_keys(choose: random.Random) -> Made:
    properties = {f"k{n}": noise(choose) for n in range(choose.randrange(31, 900))}
    return event_bytes(choose, properties=properties), {}


def strange_but_right(choose: random.Random) -> Made:
    headers = {
        "user-agent": CHROME + noise(choose).encode().decode("latin-1"),
        "x-forwarded-for": ",".join(["1.2.3.4"] * choose.randrange(400)),
        "origin": choose.choice(["null", "x", "https://" + "a" * 5_000]),
    }
    unknown = {noise(choose): [[[noise(choose)]]], "page_title": noise(choose)}
    return event_bytes(choose, **unknown), headers


GZIP = {"content-encoding": "gzip"}
BOMBS = [gzip.compress(b" " * size) for size in (MIB + 1, 20 * MIB, 60 * MIB)]

KINDS: list[tuple[Callable[[random.Random], Made], int]] = [
    (cut, 400),
    (flipped, 400),
    (random_bytes, 400),
    (wrong_type, 400),
    (too_long, 400),
    (number_as_text, 400),
    (hostile_url, 400),
    (deep, 400),
    (repeated_key, 400),
    (no_number, 400),
    (half_pair, 400),
    (nul, 400),
    (large, 413),
    (large_packed, 413),
    (bomb, 413),
    (bad_gzip, 400),
    (strange_type, 415),
    (strange_encoding, 415),
    (empty_batch, 400),
    (full_batch, 400),
    (bad_batch, 200),
    (many_keys, 400),
    (strange_but_right, 200),
]


@contextmanager
def a_server(inbox: Inbox) -> Iterator[int]:
    door = Door(sites=sites_of([Site("shop.example")]))
    app = CollectorApp(inbox, door, lambda: time.time_ns() // 1_000_000)
    with serving(app) as address:
        yield int(address.rpartition(":")[2])


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)


def post(port: int, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """Status and head of the answer. A refused body may be cut off while it is sent."""
    named = {"content-type": "text/plain", "user-agent": CHROME} | headers
    lines = [f"{name}: {value}" for name, value in named.items()]
    head = "\r\n".join(
        ["POST /events HTTP/1.1", "host: x", f"content-length: {len(body)}", *lines]
    )
    with connect(port) as connection:
        connection.sendall(head.encode("latin-1") + b"\r\n\r\n" + body)
        answer = b""
        while b"\r\n\r\n" not in answer:
            part = connection.recv(65_536)
            if not part:
                break
            answer += part
    return int(answer.split(b" ", 2)[1]), answer


class Neighbour(threading.Thread):
    """An honest sender beside the hostile ones."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port
        self.answers: list[int] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        choose = seeded(1)
        while not self.stopped.wait(0.01):
            self.answers.append(post(self._port, event_bytes(choose), {})[0])


@pytest.mark.slow
def test_2000_hostile_requests_get_the_right_answers(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox.sqlite3")
    choose = seeded(20_261_122)
    wrong: Counter[tuple[str, int]] = Counter()
    with closing(inbox), a_server(inbox) as port:
        neighbour = Neighbour(port)
        neighbour.start()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(REQUESTS):
            kind, expected = KINDS[number % len(KINDS)]
            body, headers = kind(choose)
            status, answer = post(port, body, headers)
            if status != expected or b"access-control-allow-origin: *" not in answer:
                wrong[kind.__name__, status] += 1
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        neighbour.stopped.set()
        neighbour.join()
        ledger = Counter[str]()
        for line in inbox.ledger():
            ledger[line.outcome] += line.count
    assert not wrong
    assert grown < 100 * 1024, f"{grown} KiB more"
    assert set(neighbour.answers) == {200}
    ends = (
        ledger[Outcome.DUPLICATE] + ledger[Outcome.DROPPED] + ledger[Outcome.REJECTED]
    )
    good = sum(
        1 for n in range(REQUESTS) if KINDS[n % len(KINDS)][0] is strange_but_right
    )
    assert ledger[Outcome.RECEIVED] == ends + good + len(neighbour.answers)


@pytest.mark.parametrize(
    "head",
    [
        b"POST /events HTTP/1.1\r\nhost: x\r\ncontent-length: 2000000\r\n\r\n",
        b"POST /events HTTP/1.1\r\nhost: x\r\ncontent-length: 70000\r\n"
        b"content-encoding: gzip\r\n\r\n",
    ],
    ids=["plain", "gzip"],
)
def test_a_declared_size_is_refused_before_the_body_comes(
    tmp_path: Path, head: bytes
) -> None:
    inbox = Inbox(tmp_path / "inbox.sqlite3")
    with closing(inbox), a_server(inbox) as port, connect(port) as connection:
        connection.sendall(head)
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_a_body_without_declared_size_is_cut_off_at_the_limit(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox.sqlite3")
    head = b"POST /events HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    with closing(inbox), a_server(inbox) as port, connect(port) as connection:
        connection.sendall(head + chunk * 17)
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_a_sender_that_leaves_in_the_middle_is_nobodys_trouble(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox.sqlite3")
    head = b"POST /events HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\n{"
    with closing(inbox), a_server(inbox) as port:
        for _ in range(20):
            with connect(port) as connection:
                connection.sendall(head)
        status, _ = post(port, event_bytes(seeded(2)), {})
        received = sum(
            line.count for line in inbox.ledger() if line.outcome is Outcome.RECEIVED
        )
    assert (status, received) == (200, 1)
