"""One moment of the warehouse, for as long as a page or an answer takes."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack

Rows = list[tuple[object, ...]]
Sql = Callable[[str, Sequence[object]], Rows]


class Moment:
    """Implements core.ports.Reader: all is read as it was at the first question.

    For one thread.

    Args:
        begin: a transaction that reads; nothing is taken before the first question.
    """

    def __init__(self, begin: Callable[[], AbstractContextManager[Sql]]) -> None:
        self._begin = begin
        self._begun = ExitStack()
        self._sql: Sql | None = None

    def query(self, sql: str, params: Sequence[object] = ()) -> Rows:
        """The rows of one select.

        Raises:
            StoreUnavailable: the warehouse is closed, damaged or being replaced.
        """
        if self._sql is None:
            self._sql = self._begun.enter_context(self._begin())
        try:
            return self._sql(sql, params)
        except BaseException:
            # The engine answers nothing more in it.
            self.end()
            raise

    def end(self) -> None:
        """What is asked after this begins another moment."""
        self._sql = None
        self._begun.close()
