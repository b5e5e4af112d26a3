"""The page that shows what API v1 can be asked: each question, ready to be copied."""

import shlex
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from liveinsight.dashboard.api_v1.endpoint import Endpoint
from liveinsight.dashboard.api_v1.endpoints import ENDPOINTS
from liveinsight.dashboard.pages.scope import answering_errors, read_scope

TEXT: Final = "{}"
CODE: Final = "<code>{}</code>"


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a question."""

    name: str
    meaning: SafeString
    choices: list[str]
    default: str
    is_required: bool


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A question as the page shows it."""

    name: str
    path: str
    summary: str
    curl: str
    address: str
    """Answers the example to who is signed in."""
    csv_address: str
    """ "" where the answer is not one table."""
    fields: list[Field]


@require_safe
@answering_errors
def reference(request: HttpRequest) -> HttpResponse:
    """What can be asked."""
    root = request.build_absolute_uri("/").rstrip("/")
    shown = [show_endpoint(each, root) for each in ENDPOINTS]
    context = {"scope": read_scope(request), "endpoints": shown}
    return render(request, "api.html", context)


def show_endpoint(endpoint: Endpoint[Any, Any], root: str) -> Shown:
    """The endpoint, with an example that can be run as it is."""
    path = reverse(f"api-v1-{endpoint.name}")
    question = msgspec.json.encode(said_of(endpoint.example)).decode()
    address = f"{path}?{urlencode({'question': question})}"
    return Shown(
        name=endpoint.name,
        path=path,
        summary=_(endpoint.summary),
        curl=curl_of(f"{root}{path}", question),
        address=address,
        csv_address=f"{address}&format=csv" if endpoint.table else "",
        fields=fields_of(endpoint.request),
    )


def said_of(example: msgspec.Struct) -> dict[str, object]:
    """What of the example is not the default."""
    return {
        field.encode_name: getattr(example, field.name)
        for field in msgspec.structs.fields(example)
        if getattr(example, field.name) != field.default
    }


def curl_of(address: str, question: str) -> str:
    """The command that asks the question with a key."""
    return (
        f"curl {shlex.quote(address)} \\\n"
        '  -H "Authorization: Bearer $KEY" \\\n'
        f"  -d {shlex.quote(question)}"
    )


def fields_of(struct: type) -> list[Field]:
    """The fields of the question, the required ones first."""
    (own,), components = msgspec.json.schema_components([struct], ref_template="{name}")
    schema = components[own["$ref"]]
    required = schema.get("required", [])
    found = [
        Field(
            name=name,
            meaning=mark_code(_(said))
            if (said := described.get("description"))
            else SafeString(),
            choices=list(dict.fromkeys(choices_of(described, components))),
            default=default_of(described),
            is_required=name in required,
        )
        for name, described in schema["properties"].items()
    ]
    return sorted(found, key=lambda field: not field.is_required)


def mark_code(text: str) -> SafeString:
    """The text, with what stands between backticks as code."""
    parts = enumerate(text.split("`"))
    forms = ((format_html(CODE if at % 2 else TEXT, part),) for at, part in parts)
    return format_html_join("", TEXT, forms)


def choices_of(schema: dict[str, Any], components: dict[str, Any]) -> list[str]:
    """The words that can be given for it, where they are known."""
    known = [str(word) for word in schema.get("enum", [])]
    if "$ref" in schema:
        known += choices_of(components.get(schema["$ref"], {}), components)
    for each in [*schema.get("anyOf", []), schema.get("items")]:
        if isinstance(each, dict):
            known += choices_of(each, components)
    return known


def default_of(schema: dict[str, Any]) -> str:
    """What is meant where it is not given; "" where that is nothing."""
    default = schema.get("default")
    return "" if default in (None, "", ()) else msgspec.json.encode(default).decode()
