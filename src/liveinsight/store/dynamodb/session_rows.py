"""The rows of the Sessions table: read, and replaced only as they were read."""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from liveinsight.core.limits import DAY, SESSION_SILENCE
from liveinsight.core.session import Run, made_session_id
from liveinsight.store.dynamodb.calls import Patience
from liveinsight.store.dynamodb.items import Item, SessionRow, session_of

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

ROWS: Final = 200
"""Of a user, looked at in one settling."""
LONGEST: Final = DAY
"""A session that began before that is not looked for by its row."""
_BEFORE: Final = 2
_KEYS_A_CALL: Final = 100
_UNCHANGED: Final = (
    "site = :site and start_event = :start and last_event = :last and folded = :folded"
)


class Row(msgspec.Struct, frozen=True):
    """An item of the table, and what it says."""

    item: Item
    row: SessionRow

    @property
    def made_id(self) -> str:
        """The id that its run has where it does not go by a sent one."""
        return made_session_id(self.row.site, self.row.user, self.row.start_event)

    def is_of(self, run: Run) -> bool:
        """Whether it is of this run, or of one that this run is or was a part of."""
        row = self.row
        return (
            row.site == run.site
            and row.user == run.user
            and row.start_time <= run.last_activity + SESSION_SILENCE
            and run.start_time <= row.last_activity + SESSION_SILENCE
        )


def name_of(run: Run, holder: Row | None) -> str:
    """The id by which a run goes, where `holder` is the row under the id it claims."""
    sent = run.sent_id
    if sent is None:
        return run.made_id
    if holder is None or holder.is_of(run):
        return sent
    if holder.made_id == sent:  # a made id is its own run's alone
        return run.made_id
    row = holder.row
    theirs = (row.start_time, row.start_event, holder.made_id)
    ours = (run.start_time, run.start_event, run.made_id)
    return sent if ours < theirs else run.made_id


class SessionRows:
    """The table, until `ends_at` (monotonic, s)."""

    def __init__(self, client: "DynamoDBClient", table: str, ends_at: float) -> None:
        self._client = client
        self._table = table
        self._ends_at = ends_at

    def get(self, ids: Iterable[str], *, consistent: bool = False) -> dict[str, Row]:
        """The rows of these ids; what somebody else wrote there is no row."""
        keys = list(dict.fromkeys(ids))
        found: dict[str, Row] = {}
        for begin in range(0, len(keys), _KEYS_A_CALL):
            wanted: Any = {
                self._table: {
                    "Keys": [
                        {"session_id": {"S": key}}
                        for key in keys[begin : begin + _KEYS_A_CALL]
                    ],
                    "ConsistentRead": consistent,
                }
            }
            patience = Patience(self._ends_at)
            while True:
                call = partial(self._client.batch_get_item, RequestItems=wanted)
                answer = patience.call(call)
                for item in answer["Responses"].get(self._table, ()):
                    row = _row_of(item)
                    if row is not None:
                        found[row.row.session_id] = row
                wanted = answer.get("UnprocessedKeys")
                if not wanted:
                    break
                patience.pause("UnprocessedKeys")
        return found

    def ids_of_user(self, user_id: str, low: int, high: int) -> list[str]:
        """Ids of the user's rows, of any site, that start there; an index lags.

        And of the two that start last before: they may reach as far.
        """
        call = partial(
            self._client.query,
            TableName=self._table,
            IndexName="UserIndex",
            KeyConditionExpression="user_id = :user and start_time between :low and :high",
            ExpressionAttributeValues={
                ":user": {"S": user_id},
                ":low": {"N": str(low - LONGEST)},
                ":high": {"N": str(high)},
            },
            ProjectionExpression="session_id, start_time",
            ScanIndexForward=False,
            Limit=ROWS,
        )
        ids: list[str] = []
        before = 0
        for item in Patience(self._ends_at).call(call)["Items"]:
            before += int(str(item["start_time"].get("N"))) < low
            if before > _BEFORE:
                break
            ids.append(str(item["session_id"].get("S")))
        return ids

    def put(self, item: Item, over: Row | None) -> None:
        """Writes the item over the row that was read, or where none was.

        Raises:
            Refused: the row is another by now.
        """
        if over is None:  # or what somebody else wrote there
            arguments: Any = {"ConditionExpression": "attribute_not_exists(folded)"}
        else:
            arguments = _if_unchanged(over)
        call = partial(
            self._client.put_item, TableName=self._table, Item=item, **arguments
        )
        Patience(self._ends_at).call(call)

    def delete(self, row: Row) -> None:
        """Deletes the row as it was read.

        Raises:
            Refused: it is another by now.
        """
        call = partial(
            self._client.delete_item,
            TableName=self._table,
            Key={"session_id": {"S": row.row.session_id}},
            **_if_unchanged(row),
        )
        Patience(self._ends_at).call(call)


def _if_unchanged(row: Row) -> Any:  # noqa: ANN401 keyword arguments of a call
    return {
        "ConditionExpression": _UNCHANGED,
        "ExpressionAttributeValues": {
            ":site": row.item["site"],
            ":start": row.item["start_event"],
            ":last": row.item["last_event"],
            ":folded": row.item["folded"],
        },
    }


def _row_of(item: Item) -> Row | None:
    try:
        return Row(item, session_of(item))
    except (KeyError, ValueError):
        return None
