"""The errors that LiveInsight raises on purpose.

LiveInsightError
├── ConfigError            a setting, an argument or a file that the owner must mend
├── PayloadError           bytes from a sender that break the wire format (400, 413, 415)
├── QueryError             a question that cannot be answered as asked (400)
├── StoreError             a store that does not do as told
│   └── StoreUnavailable   full, throttled or closing: the sender tries again (503)
└── DeployError            a step of the deployment that failed

A drop (a bot, an unknown site) is a value, not an error: see core.outcome.
"""

from collections.abc import Mapping


def fill(text: str, values: Mapping[str, object]) -> str:
    """The text, with each value in the place of its `%(name)s`."""
    return text % values if values else text


class LiveInsightError(Exception):
    """Base of all errors that carry a sentence for a person.

    `text` is the sentence in English, with `%(name)s` in the place of each of `values`:
    whoever shows it in another language translates the text first. str() is the whole.
    """

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(fill(text, values))
        self.text = text
        self.values = values


class ConfigError(LiveInsightError):
    """A setting, an argument or a file that the owner must mend."""


class FieldError(LiveInsightError):
    """Something from outside is wrong in one named field."""

    def __init__(self, field: str, text: str, **values: object) -> None:
        super().__init__(text, **values)
        self.field = field

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"

    @property
    def reason(self) -> str:
        """What is wrong with the field, in English."""
        return super().__str__()


class PayloadError(FieldError):
    """Bytes from a sender that break the wire format; `status` is the HTTP answer."""

    def __init__(self, field: str, reason: str, status: int = 400) -> None:
        super().__init__(field, reason)
        self.status = status


class QueryError(FieldError):
    """A question that cannot be answered as asked."""


class StoreError(LiveInsightError):
    """A store that does not do as told."""


class StoreUnavailable(StoreError):
    """A store that is full, throttled or closing; nothing was promised.

    `retry_after` is in whole seconds.
    """

    def __init__(self, reason: str, retry_after: int = 1) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class DeployError(LiveInsightError):
    """A step of the deployment that failed."""
