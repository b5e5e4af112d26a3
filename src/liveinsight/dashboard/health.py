"""Whether the server lives, whether it is ready, and its figures for Prometheus."""

from pathlib import Path
from resource import RUSAGE_SELF, getpagesize, getrusage
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_safe

from liveinsight.core import limits
from liveinsight.dashboard import runtime
from liveinsight.dashboard.api import CHALLENGE
from liveinsight.dashboard.errors import answer_error
from liveinsight.dashboard.rights import find_asker
from liveinsight.errors import StoreUnavailable

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
STATM: Final = Path("/proc/self/statm")


@login_not_required
@require_safe
def live(_request: HttpRequest) -> JsonResponse:
    """200 while the process answers at all."""
    return JsonResponse({"status": "live"})


@login_not_required
@require_safe
def ready(_request: HttpRequest) -> JsonResponse:
    """200 while events are taken and questions answered, else 503.

    A rebuild in the background is ready: the live page works meanwhile.
    """
    server = runtime.current()
    status = "ready"
    if not server.is_ready():
        status = "starting or stopping"
    else:
        try:
            server.reader.query("select 1")
        except StoreUnavailable:
            status = "the warehouse is not open"
    body: dict[str, object] = {"status": status}
    progress = server.rebuild_progress()
    if progress is not None:
        body["rebuild"] = round(progress, 3)
    if status == "ready":
        return JsonResponse(body)
    return JsonResponse(body, status=503, headers={"Retry-After": "1"})


@login_not_required  # a key will do, as a scraper sends it
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures; for accounts and for keys that read all sites.

    Loopback alone opens nothing: behind a proxy everybody comes from there.
    """
    asker = find_asker(request)
    if asker is None:
        return answer_error(
            401, "authorization", "sign in, or send Bearer KEY", CHALLENGE
        )
    if asker.site:
        return answer_error(403, "authorization", "this key reads one site only")
    return HttpResponse("".join(write_metrics()), content_type=METRICS_TYPE)


def write_metrics() -> list[str]:
    """The lines, in Prometheus' text format."""
    server = runtime.current()
    stats = server.applier_stats()
    now = server.clock()
    behind = 0
    if stats.backlog_events and stats.applied_through_received_at is not None:
        behind = max(0, now - stats.applied_through_received_at)
    lines = write_ledger()
    lines += gauge(
        "backlog_events", "Durable events not yet queryable.", stats.backlog_events
    )
    lines += gauge(
        "pending_events", "Events waiting for their commit.", server.pending_events()
    )
    lines += gauge(
        "freshness_seconds",
        "Age of the newest queryable event while others wait, else 0.",
        behind / limits.SECOND,
    )
    lines += gauge(
        "apply_batch_seconds",
        "Time of the last batch into the warehouse.",
        stats.last_batch_ms / limits.SECOND,
    )
    lines += gauge(
        "checkpoint_stall_seconds",
        "How long the last checkpoint held the warehouse's writer.",
        server.checkpoint_ms() / limits.SECOND,
    )
    if server.stack is not None and server.stack.history_through():
        age = now - server.stack.history_through()
        lines += gauge(
            "history_age_seconds",
            "Since the archive was listed of which all is queryable.",
            age / limits.SECOND,
        )
    lines += gauge("live_streams", "Open live pages.", server.live.streams)
    lines += gauge(
        "live_groups", "Distinct (site, filters) watched.", len(server.live.groups)
    )
    lines += gauge("resident_bytes", "Memory of the process.", resident_bytes())
    return lines


def write_ledger() -> list[str]:
    """The ledger, summed over its hours."""
    counts: dict[tuple[str, str, str], int] = {}
    for line in runtime.current().ledger():
        key = (line.site, str(line.outcome), line.reason)
        counts[key] = counts.get(key, 0) + line.count
    name = "liveinsight_events_total"
    lines = [
        f"# HELP {name} Events by site, outcome and reason; received is their sum.\n",
        f"# TYPE {name} counter\n",
    ]
    for (site, outcome, reason), count in sorted(counts.items()):
        labels = f'site="{escape(site)}",outcome="{outcome}",reason="{escape(reason)}"'
        lines.append(f"{name}{{{labels}}} {count}\n")
    return lines


def gauge(name: str, doc: str, value: float) -> list[str]:
    """One figure that goes up and down."""
    full = f"liveinsight_{name}"
    return [f"# HELP {full} {doc}\n", f"# TYPE {full} gauge\n", f"{full} {value}\n"]


def escape(text: str) -> str:
    """A label's value as the format wants it."""
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def resident_bytes() -> int:
    """Memory of the process now; its peak where /proc is missing."""
    try:
        return int(STATM.read_text().split()[1]) * getpagesize()
    except OSError:
        return getrusage(RUSAGE_SELF).ru_maxrss * 1024


health_urls = [
    path("health/live", live, name="health-live"),
    path("health/ready", ready, name="health-ready"),
    path("metrics", metrics, name="metrics"),
]
