"""AWS clients made in half the time, for a process that starts while a visitor waits.

The same low-level clients as boto3's. What boto3 does besides for each new client,
looking through the folders of 440 services, is left out, and the descriptions of
services are read by a faster decoder: 20 ms instead of 70.
"""

import contextlib
import gzip
from collections.abc import Callable
from functools import cache, partial
from ssl import SSLContext
from typing import Final

import msgspec
from botocore import httpsession
from botocore.loaders import JSONFileLoader, Loader
from botocore.session import Session, get_session

SERVICES: Final = ["dynamodb", "dynamodbstreams", "s3", "sqs"]
"""All that the functions speak to."""


class _Files(JSONFileLoader):
    """Reads descriptions of services."""

    def load_file(self, file_path: str) -> object:
        """The content of a file that is named without its ending; None if absent."""
        for ending, read in ((".json", _read), (".json.gz", _read_compressed)):
            with contextlib.suppress(FileNotFoundError):
                content: object = msgspec.json.decode(read(file_path + ending))
                return content
        return None


class _Descriptions(Loader):
    """Knows which services there are without looking."""

    def list_available_services(self, type_name: str) -> list[str]:
        """The names of SERVICES, whatever of them is asked for."""
        del type_name
        return SERVICES


def quick_session() -> Session:
    """A session of botocore that makes clients of SERVICES quickly."""
    session = get_session()
    session.register_component("data_loader", _Descriptions(file_loader=_Files()))
    _share_trust(session.get_config_variable("ca_bundle"))
    return session


_make_context = getattr(httpsession, "create_urllib3_context", None)


def _share_trust(bundle: str | None) -> None:
    """Has the connections of all clients share one context.

    botocore has no setting for it. Where a later one lacks these functions, all works
    as before, only slower.
    """
    path_of = getattr(httpsession, "get_cert_path", None)
    if _make_context is not None and path_of is not None:
        path = path_of(bundle or True)
        make = partial(trusting_context, _make_context, path)
        httpsession.create_urllib3_context = make


@cache
def trusting_context(make: Callable[[], SSLContext], bundle: str) -> SSLContext:
    """A context as `make` makes it, which reads the authorities in `bundle` once.

    urllib3 asks for that again with each connection, and to read all 126 takes 30 ms of
    processor each time: 0.1 s that Lambda stretches to 0.3 s, whenever three calls at
    once find their connections closed.
    """
    context = make()
    read_once = cache(context.load_verify_locations)
    read_once(bundle, None, None)  # as urllib3 will
    context.load_verify_locations = read_once  # type: ignore[assignment,method-assign]
    return context


def _read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 a hundred times, before an answer
        return file.read()


def _read_compressed(path: str) -> bytes:
    with gzip.open(path) as file:
        return file.read()
