"""The addresses of the dashboard; what needs no account says so at its view."""

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, path
from django.views.i18n import set_language

from liveinsight.dashboard.api import api_urls
from liveinsight.dashboard.api_v1.door import v1_urls
from liveinsight.dashboard.auth import auth_urls
from liveinsight.dashboard.health import health_urls
from liveinsight.dashboard.key_pages import key_urls
from liveinsight.dashboard.live_views import live_urls
from liveinsight.dashboard.pages import page_urls
from liveinsight.dashboard.pages.api_call import api_call_urls
from liveinsight.dashboard.pages.breakdown import breakdown
from liveinsight.dashboard.pages.segments import segment_urls
from liveinsight.dashboard.pages.share import unlock
from liveinsight.dashboard.shares import shareable

urlpatterns: list[URLPattern | URLResolver] = [
    *page_urls,
    *segment_urls,
    *api_call_urls,
    path("statistics/details/", breakdown, name="breakdown"),
    *auth_urls,
    *key_urls,
    *api_urls,
    *v1_urls,
    *live_urls,
    *health_urls,
    path("language/", shareable(login_not_required(set_language)), name="language"),
    path("unlock/", unlock, name="unlock"),
]

handler404 = "liveinsight.dashboard.errors.not_found"
handler500 = "liveinsight.dashboard.errors.failed"
