"""The one way from a question to its answer: check, compile, run."""

from liveinsight.core.ports import Reader
from liveinsight.query.model import Answer, Question


def answer(question: Question, reader: Reader) -> Answer:
    """The rows and totals that the question asks for.

    Raises:
        QueryError: it cannot be answered as asked; names the field and why.
        StoreUnavailable: the warehouse is closed or being replaced.
    """
    raise NotImplementedError
