"""The reader of one moment: what is asked of it twice is asked once."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from liveinsight.core.ports import Reader


class Once:
    """Implements History over a snapshot; keeps what it has answered.

    For one page or answer, whose parts have their totals in common, and no longer.
    """

    def __init__(self, moment: Reader) -> None:
        self._moment = moment
        self._answers: dict[tuple[str, str], list[tuple[object, ...]]] = {}

    def query(
        self, sql: str, params: Sequence[object] = ()
    ) -> list[tuple[object, ...]]:
        """The rows of one select.

        Raises:
            StoreUnavailable: the warehouse is closed or being replaced.
        """
        key = (sql, repr(params))
        if key not in self._answers:
            self._answers[key] = self._moment.query(sql, params)
        return self._answers[key]

    def snapshot(self) -> AbstractContextManager[Reader]:
        """It is one already."""
        return nullcontext(self)
