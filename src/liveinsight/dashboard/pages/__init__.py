"""The pages for people: a file per noun, thin over query and runtime."""

from django.urls import URLPattern, path

from liveinsight.dashboard.pages.alerts import add as add_alert
from liveinsight.dashboard.pages.alerts import alert, alerts
from liveinsight.dashboard.pages.alerts import remove as remove_alert
from liveinsight.dashboard.pages.alerts import switch as switch_alert
from liveinsight.dashboard.pages.alerts import test as test_alert
from liveinsight.dashboard.pages.annotations import add as add_annotation
from liveinsight.dashboard.pages.annotations import remove as remove_annotation
from liveinsight.dashboard.pages.audit import audit
from liveinsight.dashboard.pages.data import data, export
from liveinsight.dashboard.pages.funnel import funnel
from liveinsight.dashboard.pages.funnel import live as funnel_live
from liveinsight.dashboard.pages.funnels import add as add_funnel
from liveinsight.dashboard.pages.funnels import edit as edit_funnel
from liveinsight.dashboard.pages.funnels import funnels
from liveinsight.dashboard.pages.funnels import remove as remove_funnel
from liveinsight.dashboard.pages.goals import add as add_goal
from liveinsight.dashboard.pages.goals import goal, goals
from liveinsight.dashboard.pages.goals import remove as remove_goal
from liveinsight.dashboard.pages.imported import imported, remove_imported
from liveinsight.dashboard.pages.journeys import journeys
from liveinsight.dashboard.pages.links import links
from liveinsight.dashboard.pages.links import revoke as revoke_link
from liveinsight.dashboard.pages.live import live
from liveinsight.dashboard.pages.retention import retention
from liveinsight.dashboard.pages.session import session
from liveinsight.dashboard.pages.sessions import sessions
from liveinsight.dashboard.pages.sites import add, remove, site, sites
from liveinsight.dashboard.pages.statistics import statistics
from liveinsight.dashboard.pages.visitor import erase as erase_visitor
from liveinsight.dashboard.pages.visitor import export as export_visitor
from liveinsight.dashboard.pages.visitor import visitor

page_urls: list[URLPattern] = [
    path("", live, name="live"),
    path("statistics/", statistics, name="statistics"),
    path("sites/", sites, name="sites"),
    path("sites/add/", add, name="add-site"),
    path("sites/<str:domain>/", site, name="site"),
    path("sites/<str:domain>/remove/", remove, name="remove-site"),
    path("annotations/add/", add_annotation, name="add-annotation"),
    path(
        "annotations/<int:annotation_id>/remove/",
        remove_annotation,
        name="remove-annotation",
    ),
    path("funnels/", funnels, name="funnels"),
    path("funnels/add/", add_funnel, name="add-funnel"),
    path("funnels/<int:funnel_id>/", funnel, name="funnel"),
    path("funnels/<int:funnel_id>/live/", funnel_live, name="funnel-live"),
    path("funnels/<int:funnel_id>/edit/", edit_funnel, name="edit-funnel"),
    path("funnels/<int:funnel_id>/remove/", remove_funnel, name="remove-funnel"),
    path("journeys/", journeys, name="journeys"),
    path("retention/", retention, name="retention"),
    path("data/", data, name="data"),
    path("data/export/", export, name="export"),
    path("imported/", imported, name="imported"),
    path("imported/remove/", remove_imported, name="remove-imported"),
    path("goals/", goals, name="goals"),
    path("goals/add/", add_goal, name="add-goal"),
    path("goals/<int:goal_id>/", goal, name="goal"),
    path("goals/<int:goal_id>/remove/", remove_goal, name="remove-goal"),
    path("links/", links, name="links"),
    path("links/revoke/", revoke_link, name="revoke-link"),
    path("alerts/", alerts, name="alerts"),
    path("alerts/add/<str:kind>/", add_alert, name="add-alert"),
    path("alerts/<int:alert_id>/", alert, name="alert"),
    path("alerts/<int:alert_id>/test/", test_alert, name="test-alert"),
    path("alerts/<int:alert_id>/switch/", switch_alert, name="switch-alert"),
    path("alerts/<int:alert_id>/remove/", remove_alert, name="remove-alert"),
    path("audit/", audit, name="audit"),
    path("sessions/", sessions, name="sessions"),
    # A sender's session id may hold anything, slashes too.
    path("sessions/<path:session_id>/", session, name="session"),
    path("visitor/erase/", erase_visitor, name="erase-visitor"),
    path("visitor/export/", export_visitor, name="export-visitor"),
    path("visitors/<path:user_id>/", visitor, name="visitor"),
]
