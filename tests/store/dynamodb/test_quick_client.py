"""Clients made quickly are the clients that boto3 makes."""

import shutil
import ssl
from pathlib import Path

import boto3
import pytest
from botocore import httpsession
from botocore.httpsession import DEFAULT_CA_BUNDLE

from liveinsight.store.dynamodb import quick_client
from liveinsight.store.dynamodb.quick_client import (
    SERVICES,
    quick_session,
    trusting_context,
)

REGION = "ap-northeast-2"


def make_context() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.mark.parametrize("service", SERVICES)
def test_it_has_the_operations_and_endpoint_of_boto3s(service: str) -> None:
    ours = quick_session().create_client(service, region_name=REGION)
    theirs = boto3.Session().client(service, region_name=REGION)  # type: ignore[call-overload]
    assert ours.meta.endpoint_url == theirs.meta.endpoint_url
    assert ours.meta.method_to_api_mapping == theirs.meta.method_to_api_mapping
    assert ours.meta.service_model.metadata == theirs.meta.service_model.metadata


def test_the_certificates_of_authorities_are_read_once(tmp_path: Path) -> None:
    bundle = tmp_path / "authorities.pem"
    shutil.copy(DEFAULT_CA_BUNDLE, bundle)
    context = trusting_context(make_context, str(bundle))
    trusted = len(context.get_ca_certs())
    bundle.unlink()
    context.load_verify_locations(str(bundle), None, None)
    assert len(context.get_ca_certs()) == trusted > 100


def test_another_file_of_certificates_is_read(tmp_path: Path) -> None:
    context = trusting_context(make_context, DEFAULT_CA_BUNDLE)
    with pytest.raises(FileNotFoundError):
        context.load_verify_locations(str(tmp_path / "absent.pem"), None, None)


def test_the_connections_of_all_clients_share_them() -> None:
    quick_session()
    contexts = {httpsession.create_urllib3_context() for _ in range(2)}
    (shared,) = contexts
    assert shared.verify_mode is ssl.CERT_REQUIRED
    assert len(shared.get_ca_certs()) > 100


def test_a_botocore_without_that_function_makes_clients_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(quick_client, "_make_context", None)
    client = quick_session().create_client("dynamodb", region_name=REGION)
    assert client.meta.endpoint_url == f"https://dynamodb.{REGION}.amazonaws.com"
