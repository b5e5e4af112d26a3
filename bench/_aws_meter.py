"""Reads off what calls to AWS cost, by the events that botocore emits for each call.

Whatever client made the call: the code under measurement knows nothing of it.
"""

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from botocore.handlers import BUILTIN_HANDLERS

if TYPE_CHECKING:
    from botocore.model import OperationModel

_WRITES: Final = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"})
_READS: Final = frozenset({"GetItem", "BatchGetItem", "Query", "Scan"})
_UNCONDITIONED: Final = 1.0
"""What a write costs whose condition does not hold: DynamoDB Local says nothing of it,
DynamoDB charges the table's unit, and no index."""


class Meter:
    """Counts since the last reset, for every client that is made after it."""

    def __init__(self) -> None:
        self.writes = 0.0
        self.reads = 0.0
        self.calls: Counter[str] = Counter()
        self.put_bytes = 0
        self.messages: list[str] = []
        """Bodies that were sent to a queue; whoever delivers them takes them out."""
        BUILTIN_HANDLERS.extend(
            [
                ("provide-client-params.dynamodb", _ask_for_capacity),
                ("provide-client-params.s3.PutObject", self._see_object),
                ("provide-client-params.sqs", self._see_messages),
                ("after-call.dynamodb", self._see_units),
                ("after-call.s3", self._see_call),
                ("after-call.sqs", self._see_call),
            ]
        )

    def reset(self) -> None:
        """Begins anew."""
        self.writes = self.reads = 0.0
        self.calls.clear()
        self.put_bytes = 0

    def _see_call(self, model: "OperationModel", **_: object) -> None:
        self.calls[model.name] += 1

    def _see_messages(self, params: dict[str, Any], **_: object) -> None:
        if "MessageBody" in params:
            self.messages.append(params["MessageBody"])
        self.messages += [entry["MessageBody"] for entry in params.get("Entries", [])]

    def _see_object(self, params: dict[str, Any], **_: object) -> None:
        self.put_bytes += len(params["Body"])

    def _see_units(
        self, model: "OperationModel", parsed: dict[str, Any], **_: object
    ) -> None:
        name = model.name
        self.calls[name] += 1
        if name not in _WRITES | _READS:
            raise SystemExit(f"{name} is called, and nobody knows what it costs")
        units = _units_of(parsed)
        if name in _WRITES:
            self.writes += units
        else:
            self.reads += units


def _ask_for_capacity(
    params: dict[str, Any], model: "OperationModel", **_: object
) -> None:
    if model.name in _WRITES | _READS:
        params["ReturnConsumedCapacity"] = "INDEXES"


def _units_of(parsed: dict[str, Any]) -> float:
    """Units of table and indexes."""
    error = parsed.get("Error", {}).get("Code")
    if error == "ConditionalCheckFailedException":
        return _UNCONDITIONED
    if error is not None:
        raise SystemExit(f"DynamoDB Local: {parsed['Error']}")
    consumed = parsed["ConsumedCapacity"]
    tables = consumed if isinstance(consumed, list) else [consumed]
    return sum(float(table["CapacityUnits"]) for table in tables)
