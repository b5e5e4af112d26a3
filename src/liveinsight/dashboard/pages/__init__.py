"""The pages for people: a file per noun, thin over query and runtime."""

from django.urls import URLPattern, path

from liveinsight.dashboard.pages.annotations import add as add_annotation
from liveinsight.dashboard.pages.annotations import remove as remove_annotation
from liveinsight.dashboard.pages.goals import add as add_goal
from liveinsight.dashboard.pages.goals import goal, goals
from liveinsight.dashboard.pages.goals import remove as remove_goal
from liveinsight.dashboard.pages.links import links
from liveinsight.dashboard.pages.links import revoke as revoke_link
from liveinsight.dashboard.pages.live import live
from liveinsight.dashboard.pages.session import session
from liveinsight.dashboard.pages.sites import add, remove, site, sites
from liveinsight.dashboard.pages.statistics import statistics
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
    path("goals/", goals, name="goals"),
    path("goals/add/", add_goal, name="add-goal"),
    path("goals/<int:goal_id>/", goal, name="goal"),
    path("goals/<int:goal_id>/remove/", remove_goal, name="remove-goal"),
    path("links/", links, name="links"),
    path("links/revoke/", revoke_link, name="revoke-link"),
    # A sender's session id may hold anything, slashes too.
    path("sessions/<path:session_id>/", session, name="session"),
    path("visitors/<path:user_id>/", visitor, name="visitor"),
]
