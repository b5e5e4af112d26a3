"""A page's reader: what several of its parts ask alike is asked once."""

from collections.abc import Sequence

from liveinsight.core.ports import Reader


class Once:
    """Implements Reader over another one; keeps what it has answered.

    For one page, whose panels have their totals in common, and no longer: what comes
    in meanwhile is not seen.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
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
            self._answers[key] = self._reader.query(sql, params)
        return self._answers[key]
