"""Webhooks: where they go and where not, what they say, and how they end."""

import socket
import time
from typing import Any

import pytest

from liveinsight.dashboard.alerts import webhook as webhook_module
from liveinsight.dashboard.alerts.destination import (
    UndeliveredError,
    find_public_addresses,
    read_destination,
)
from liveinsight.dashboard.alerts.webhook import Webhook, make_secret, sign
from liveinsight.errors import ConfigError
from tests.dashboard.alerts.receivers import HOST, PUBLIC, Got, a_webhook, receiving
from tests.waiting import PATIENCE_S

URL = f"https://{HOST}/in?key=1"

PRIVATE = [
    "127.0.0.1",
    "127.8.9.1",
    "0.0.0.0",  # noqa: S104 (refused here)
    "10.0.0.1",
    "172.16.5.5",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.9",
    "224.0.0.251",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


NO_DESTINATION = {
    "nothing": "",
    "not secret on the way": "http://hooks.example.com/",
    "another scheme": "ftp://hooks.example.com/",
    "a file": "file:///etc/passwd",
    "no scheme": "//hooks.example.com/",
    "no host": "https://",
    "this machine": "https://localhost/",
    "this machine, with a dot": "https://localhost./",
    "a short name": "https://intranet/",
    "an address as one number": "https://2130706433/",
    "an address in hexadecimal": "https://0x7f000001/",
    "an address in octal": "https://0177.0.0.1/",
    "a short address": "https://127.1/",
    "numbers that are no address": "https://1.1.1.1.1/",
    "a name in it": "https://ada@hooks.example.com/",
    "a password in it": "https://a:b@hooks.example.com/",
    "a host as a name": "https://hooks.example.com@127.0.0.1/",
    "a backslash": "https://hooks.example.com\\@127.0.0.1/",
    "no such port": "https://hooks.example.com:99999/",
    "no port": "https://hooks.example.com:x/",
    "a space": "https://hooks.example.com/a b",
    "a second header": "https://hooks.example.com/\r\nHost: x",
    "a tab": "https://hooks.example.com/\tx",
    "an escape in the host": "https://hooks%2eexample.com/",
    "a fragment": "https://hooks_.example.com#@127.0.0.1/",
    "letters that are not ascii": "https://höoks.example.com/",
    "a zone": "https://[fe80::1%25eth0]/",
    "this machine in IPv6": "https://[::1]/",
    "half a bracket": "https://[hooks.example.com/",
    "too long": "https://hooks.example.com/" + "a" * 2048,
}


def test_a_host_that_is_not_public_is_never_connected_to() -> None:
    with receiving() as got:
        for address in PRIVATE:
            with pytest.raises(UndeliveredError, match="not public"):
                a_webhook(got, address).post(URL, {}, b"{}")
    assert got.connections == 0


def test_an_address_in_place_of_a_name_is_refused_as_well() -> None:
    for address in PRIVATE:
        bare = f"[{address}]" if ":" in address else address
        with pytest.raises(ConfigError):
            read_destination(f"https://{bare}/")


def test_what_is_no_public_https_address_is_refused() -> None:
    with receiving() as got:
        for url in NO_DESTINATION.values():
            with pytest.raises(ConfigError):
                read_destination(url)
            with pytest.raises(UndeliveredError):
                a_webhook(got).post(url, {}, b"{}")
    assert got.connections == 0


@pytest.mark.parametrize(
    ("url", "target"),
    [
        (URL, "/in?key=1"),
        (f"https://{HOST}", "/"),
        (f"https://{HOST.upper()}./x", "/x"),
        ("https://xn--bcher-kva.example/", "/"),
        ("https://8.8.8.8/", "/"),
        ("https://[2606:4700::1111]/", "/"),
    ],
)
def test_a_public_https_address_will_do(url: str, target: str) -> None:
    assert read_destination(url).target == target


def test_one_address_that_is_not_public_spoils_the_name() -> None:
    to = read_destination(URL)
    with pytest.raises(UndeliveredError, match="not public"):
        find_public_addresses(to, lambda *_: [PUBLIC, "10.0.0.1"])
    with pytest.raises(UndeliveredError, match="not found"):
        find_public_addresses(to, lambda *_: [])


def test_the_name_is_resolved_once_and_the_answer_is_what_is_connected_to() -> None:
    asked: list[str] = []
    reached: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    def connect(address: str, _port: int, _seconds: float) -> socket.socket:
        reached.append(address)
        raise OSError

    with pytest.raises(UndeliveredError, match="no connection"):
        Webhook(resolve=resolve, connect=connect).post(URL, {}, b"{}")
    assert asked == [HOST]
    assert reached == [PUBLIC]


def test_a_name_that_is_not_found_is_said_so() -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        raise socket.gaierror

    with pytest.raises(UndeliveredError, match="not found"):
        Webhook(resolve=resolve).post(URL, {}, b"{}")


def test_the_receiver_gets_the_body_with_its_headers() -> None:
    with receiving() as got:
        said = a_webhook(got).post(URL, {"webhook-id": "msg_1"}, b'{"a":1}')
    assert said == "it answered 204"
    assert got.requests[-1].startswith(b"POST /in?key=1 HTTP/1.1\r\n")
    assert got.headers["host"] == HOST
    assert got.headers["content-type"] == "application/json"
    assert got.headers["webhook-id"] == "msg_1"
    assert got.body == b'{"a":1}'


def test_redirects_are_not_followed() -> None:
    away = b"HTTP/1.1 302 Found\r\nLocation: https://169.254.169.254/\r\n\r\n"
    with receiving(away) as got, pytest.raises(UndeliveredError, match="redirects"):
        a_webhook(got).post(URL, {}, b"{}")
    assert got.connections == 1


@pytest.mark.parametrize("status", [404, 429, 500])
def test_another_status_is_no_delivery(status: int) -> None:
    answer = b"HTTP/1.1 %d No\r\nContent-Length: 6\r\n\r\nsecret" % status
    with receiving(answer) as got, pytest.raises(UndeliveredError) as refused:
        a_webhook(got).post(URL, {}, b"{}")
    assert str(refused.value) == f"it answered {status}"


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1\r\n\r\n", b"\x00\xff" * 40, b"SSH-2.0\r\n"]
)
def test_an_answer_that_is_none_is_no_delivery(answer: bytes) -> None:
    with receiving(answer) as got, pytest.raises(UndeliveredError):
        a_webhook(got).post(URL, {}, b"{}")


def test_a_certificate_of_another_name_is_not_taken() -> None:
    name = "other.example.com"
    with receiving(name=name) as got, pytest.raises(UndeliveredError, match="certif"):
        a_webhook(got).post(URL, {}, b"{}")
    assert not got.requests or got.requests == [b""]


def test_a_certificate_that_nobody_vouches_for_is_not_taken() -> None:
    with receiving() as got:
        known = a_webhook(got)
        stranger = Webhook(resolve=known.resolve, connect=known.connect)
        with pytest.raises(UndeliveredError, match="certificate"):
            stranger.post(URL, {}, b"{}")


def drip(connection: socket.socket) -> None:
    """An answer that never comes to its end, a byte at a time."""
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"a" * 10 * PATIENCE_S:
        connection.sendall(bytes([byte]))
        time.sleep(0.1)


def be_silent(connection: socket.socket) -> None:
    """No answer, until the other side hangs up."""
    connection.recv(1)


@pytest.mark.parametrize("answer", [drip, be_silent])
def test_a_receiver_that_holds_the_line_is_cut_off(
    answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_module, "WHOLE_SECONDS", 0.3)
    began = time.monotonic()
    with receiving(answer) as got:
        with pytest.raises(UndeliveredError, match="in time"):
            a_webhook(got).post(URL, {}, b"{}")
        assert time.monotonic() - began < PATIENCE_S / 2


def test_a_receiver_that_never_speaks_tls_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhook_module, "WHOLE_SECONDS", 0.3)
    got = Got()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        got.port = silent.getsockname()[1]
        with pytest.raises(UndeliveredError, match="in time"):
            a_webhook(got).post(URL, {}, b"{}")


def test_the_signature_is_that_of_the_specification() -> None:
    """The specification's own example."""
    signature = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_every_secret_is_new() -> None:
    first, second = make_secret(), make_secret()
    assert first != second
    assert first.startswith("whsec_")
