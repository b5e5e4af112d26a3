"""The page of the API, and the document that programs read instead."""

import json
import re
import shlex
from typing import Any

import pytest

from liveinsight.dashboard.api_v1.endpoints import ENDPOINTS
from liveinsight.dashboard.sites import add_site
from liveinsight.query.catalog.dimensions import DIMENSIONS
from liveinsight.query.catalog.metrics import METRICS
from tests.dashboard.clients import an_account, nobody
from tests.dashboard.pages import look
from tests.dashboard.project import SITE, a_server, a_visit_of


def document() -> Any:
    response = nobody().get("/api/v1/openapi.json")
    assert response.status_code == 200
    return response.json()


def test_the_document_names_every_question_with_both_ways_to_ask_it() -> None:
    paths = document()["paths"]
    assert set(paths) == {f"/api/v1/{each.name}" for each in ENDPOINTS}
    assert all(set(path) == {"get", "post"} for path in paths.values())


def test_the_document_knows_every_metric_and_dimension() -> None:
    fields = document()["components"]["schemas"]["Query"]["properties"]
    assert fields["metrics"]["items"]["enum"] == list(METRICS)
    assert fields["dimensions"]["items"]["anyOf"][0]["enum"] == list(DIMENSIONS)


def test_every_reference_of_the_document_leads_somewhere() -> None:
    text = json.dumps(document())
    schemas = json.loads(text)["components"]["schemas"]
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert named <= set(schemas)
    assert "Filter" in named


@pytest.mark.parametrize("endpoint", [each.name for each in ENDPOINTS])
def test_every_example_is_answered_as_it_stands(endpoint: str) -> None:
    add_site(SITE)
    a_server(a_visit_of("/", "/cart", country="KR"))
    client = an_account()
    page = look(client, "/api/")
    command = re.search(rf'id="curl-{endpoint}".*?>(.*?)</pre>', page.html, re.S)
    assert command is not None
    words = shlex.split(command.group(1).replace("&#x27;", "'").replace("&quot;", '"'))
    address, question = words[1], words[-1]
    response = client.post(address, question, "application/json")
    assert response.status_code == 200, response.content
    for link in page.links():
        if link.startswith(f"/api/v1/{endpoint}?"):
            assert client.get(link).status_code == 200, link


def test_nobody_is_sent_to_sign_in() -> None:
    assert nobody().get("/api/").status_code == 302
