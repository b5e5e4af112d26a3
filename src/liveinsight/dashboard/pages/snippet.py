"""The lines that an owner puts into a page."""

from django.http import HttpRequest
from django.utils.html import escape

from liveinsight.dashboard import runtime
from liveinsight.dashboard.installation import find_installation


def write_snippet(request: HttpRequest, site: str) -> str:
    """The tag that loads the tracker under this installation's neutral names.

    Where a stack collects, the pages' own server has the tracker: this one need not be
    reachable by visitors.
    """
    stack = runtime.current().stack
    if stack is not None:
        return stack.snippet(site)
    installation = find_installation()
    base = request.build_absolute_uri("/").rstrip("/")
    return (
        f'<script defer data-site="{escape(site)}"\n'
        f'  data-api="{escape(base)}/{installation.collector_path}"\n'
        f'  src="{escape(base)}/{installation.script_name}.js"></script>'
    )
