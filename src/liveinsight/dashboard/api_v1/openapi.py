"""The OpenAPI 3.1 document of API v1, made from the table of its endpoints."""

from typing import Any, Final

import msgspec

from liveinsight import __version__
from liveinsight.dashboard.api_v1.endpoint import Endpoint
from liveinsight.dashboard.api_v1.endpoints import ENDPOINTS
from liveinsight.query.catalog.dimensions import DIMENSIONS, PROPERTY, TIME
from liveinsight.query.check import MAX_VALUES
from liveinsight.query.model import Operator

Schema = dict[str, object]

REF: Final = "#/components/schemas/{name}"
JSON: Final = "application/json"
CSV: Final = "text/csv"
TEXT: Final = "text/plain"

FILTER: Final[Schema] = {
    "title": "Filter",
    "description": (
        "A condition on an event, its session or its user. One of several values has"
        " to match; the empty value is not set. `matches` takes regular expressions"
        " (RE2) that are found anywhere. `has_done` holds for all events of a user who"
        " has one, in the period, for which its condition holds."
    ),
    "oneOf": [
        {
            "type": "array",
            "prefixItems": [
                {"enum": [each.value for each in Operator]},
                {
                    "type": "string",
                    "anyOf": [
                        {"enum": [each for each in DIMENSIONS if each != TIME]},
                        {"pattern": f"^{PROPERTY}.{{1,64}}$"},
                        {"const": "segment"},
                    ],
                },
                {
                    "type": "array",
                    "items": {"type": "string", "maxLength": 2048},
                    "minItems": 1,
                    "maxItems": MAX_VALUES,
                },
            ],
            "minItems": 3,
            "maxItems": 3,
        },
        {
            "type": "array",
            "prefixItems": [
                {"enum": ["and", "or"]},
                {"type": "array", "items": {"$ref": REF.format(name="Filter")}},
            ],
            "minItems": 2,
            "maxItems": 2,
        },
        {
            "type": "array",
            "prefixItems": [
                {"enum": ["not", "has_done", "has_not_done"]},
                {"$ref": REF.format(name="Filter")},
            ],
            "minItems": 2,
            "maxItems": 2,
        },
    ],
}
PROBLEM: Final[Schema] = {
    "title": "Problem",
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "field": {"type": "string", "description": "What of the request."},
                "reason": {"type": "string", "description": "Why, for a person."},
            },
            "required": ["field", "reason"],
            "additionalProperties": False,
        }
    },
    "required": ["error"],
    "additionalProperties": False,
}
RETRY: Final[Schema] = {
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}
}
FAILURES: Final[dict[str, tuple[str, Schema]]] = {
    "400": ("The question cannot be answered as asked.", {}),
    "401": (
        "Nobody has signed in, and no key in force was sent.",
        {"WWW-Authenticate": {"schema": {"type": "string"}}},
    ),
    "403": ("The key does not read this site.", {}),
    "404": ("There is no such site.", {}),
    "413": ("The body is over 1 MiB.", {}),
    "429": ("More questions than one may ask in a minute.", RETRY),
    "503": ("The warehouse is being rebuilt, or the server is busy.", RETRY),
}


def make_document() -> Schema:
    """The document, as JSON spells it."""
    structs = [each for row in ENDPOINTS for each in (row.request, row.response)]
    _, schemas = msgspec.json.schema_components(structs, ref_template=REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "LiveInsight",
            "version": __version__,
            "description": (
                "Questions about what people do on a website. Times are ms since 1970"
                " UTC, rates 0-1. A GET with the question in the address answers the"
                " same as a POST; nothing here changes anything."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}, {"account": []}],
        "paths": {f"/{row.path}": describe(row) for row in ENDPOINTS},
        "components": {
            "schemas": {**schemas, "Filter": FILTER, "Problem": PROBLEM},
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, from /keys/ or `liveinsight key add`.",
                },
                "account": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "liveinsight_session",
                },
            },
        },
    }


def describe(row: Endpoint[Any, Any]) -> Schema:
    """The two operations of an endpoint."""
    question: Schema = {
        "schema": {"$ref": ref_to(row.request)},
        "example": msgspec.to_builtins(row.example),
    }
    common: Schema = {"summary": row.summary}
    as_parameter: Schema = {
        "name": "question",
        "in": "query",
        "required": True,
        "content": {JSON: question},
    }
    form = form_of(row)
    return {
        "get": {
            "operationId": f"get_{row.name}",
            "parameters": [as_parameter, form],
            "responses": responses_of(row, too_long=True),
            **common,
        },
        "post": {
            "operationId": row.name,
            "parameters": [form],
            "requestBody": {"required": True, "content": {JSON: question}},
            "responses": responses_of(row),
            **common,
        },
    }


def form_of(row: Endpoint[Any, Any]) -> Schema:
    """The parameter that chooses JSON or CSV."""
    forms = ["json", "csv"] if row.table else ["json"]
    schema = {"type": "string", "enum": forms, "default": "json"}
    return {"name": "format", "in": "query", "schema": schema}


def responses_of(row: Endpoint[Any, Any], *, too_long: bool = False) -> Schema:
    """What can be answered, by status; `too_long`: the address may be."""
    answer: Schema = {JSON: {"schema": {"$ref": ref_to(row.response)}}}
    if row.table:
        answer[CSV] = {"schema": {"type": "string"}}
    found: Schema = {"200": {"description": "The answer.", "content": answer}}
    for status, (why, headers) in FAILURES.items():
        content: Schema = {JSON: {"schema": {"$ref": REF.format(name="Problem")}}}
        if too_long and status == "400":
            # Before anything of ours is asked, the HTTP server ends such a request.
            content[TEXT] = {"schema": {"type": "string"}}
        found[status] = {"description": why, "content": content, "headers": headers}
    return found


def ref_to(struct: type) -> str:
    """Where the document has the schema of that struct."""
    return REF.format(name=struct.__name__)
