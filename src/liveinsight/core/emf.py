"""Counts as a log line that CloudWatch turns into metrics: no call, no waiting.

Source: CloudWatch, "Embedded metric format specification".
"""

from collections.abc import Mapping

import msgspec

from liveinsight.core.metric_names import NAMESPACE, REASON, Metric

_encode = msgspec.json.Encoder().encode


def metric_line(counts: Mapping[Metric, int], now: int, **fields: object) -> str:
    """One line that counts, at `now` (ms); to be printed whole.

    `fields` stand beside the counts, for whoever searches the log. Zeros are left
    out: a line costs by its length.
    """
    present = {str(name): count for name, count in counts.items() if count}
    return _line(present, now, [], fields)


def dropped_line(reason: str, count: int, now: int) -> str:
    """One line that counts events dropped for a reason."""
    return _line({str(Metric.DROPPED): count}, now, [REASON], {REASON: reason})


def _line(
    counts: Mapping[str, int],
    now: int,
    dimensions: list[str],
    fields: Mapping[str, object],
) -> str:
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [dimensions],
        "Metrics": [{"Name": name} for name in counts],
    }
    meta = {"Timestamp": now, "CloudWatchMetrics": [directive]}
    return _encode({"_aws": meta, **fields, **counts}).decode()
