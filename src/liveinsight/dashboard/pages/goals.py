"""`/goals/`: what the owner of a site wants visitors to do."""

from typing import Final

import msgspec
from django.contrib import messages
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    QueryDict,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from liveinsight.core.event import CONVERSION, ENGAGEMENT, PAGE_VIEW
from liveinsight.core.limits import DAY
from liveinsight.dashboard import models, runtime
from liveinsight.dashboard.goals import (
    MOST_GOALS,
    add_goal,
    change_goal,
    list_goals,
    load_goals,
    read_definition,
)
from liveinsight.dashboard.pages.goal_form import Kind
from liveinsight.dashboard.pages.goal_forms import GoalForms
from liveinsight.dashboard.pages.goal_numbers import GoalLine, GoalQuestion, ask_goals
from liveinsight.dashboard.pages.goal_words import describe_row
from liveinsight.dashboard.pages.scope import Scope, answering_errors, read_scope
from liveinsight.dashboard.sites import load_sites
from liveinsight.errors import ConfigError
from liveinsight.query.actions import Definition, goal_of
from liveinsight.query.model import Goal, Period, Question
from liveinsight.query.run import answer

DAYS: Final = 30
"""What the numbers of these pages are about."""
SUGGESTIONS: Final = 100
NOT_SUGGESTED: Final = {PAGE_VIEW, ENGAGEMENT, CONVERSION}


class GoalRow(msgspec.Struct, frozen=True, kw_only=True):
    """A goal of the list."""

    id: int | None
    """None: the built-in one."""
    name: str
    words: str
    line: GoalLine
    statistics: str
    """The address of the statistics under this goal."""


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """An event that comes often and is no goal yet."""

    event_type: str
    visitors: int
    address: str


@require_safe
@answering_errors
def goals(request: HttpRequest) -> HttpResponse:
    """The goals of the site, with what became of them in the last 30 days."""
    scope = read_scope(request)
    rows = list_goals(scope.site)
    context = {
        "scope": scope,
        "rows": list_rows(scope, rows),
        "suggestions": suggest_events(scope, rows) if len(rows) < MOST_GOALS else [],
        "is_full": len(rows) >= MOST_GOALS,
        "most": MOST_GOALS,
        "days": DAYS,
    }
    return render(request, "goals.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@answering_errors
def add(request: HttpRequest) -> HttpResponse:
    """The form of a new goal; `event` or `page` in the address fill it in."""
    scope = read_scope(request)
    if not scope.site:
        return redirect("add-site")
    forms = GoalForms(request.POST or None, suggested=read_suggestion(request))
    return answer_form(request, scope, forms, models.Goal(site=scope.site))


@require_http_methods(["GET", "HEAD", "POST"])
@answering_errors
def goal(request: HttpRequest, goal_id: int) -> HttpResponse:
    """The form of a goal that is there."""
    row = find_goal(goal_id)
    scope = msgspec.structs.replace(
        read_scope(request),
        site=row.site,
        timezone=load_sites().get(row.site).timezone,
    )
    forms = GoalForms(
        request.POST or None, name=row.name, definition=read_definition(row)
    )
    return answer_form(request, scope, forms, row)


@require_POST
def remove(request: HttpRequest, goal_id: int) -> HttpResponse:
    """Forgets the goal; no event is touched."""
    row = find_goal(goal_id)
    row.delete()
    messages.success(request, _("The goal %(name)s is removed.") % {"name": row.name})
    return go_to_list(row.site)


def answer_form(
    request: HttpRequest, scope: Scope, forms: GoalForms, row: models.Goal
) -> HttpResponse:
    """Saves what was written, or shows what it would have counted, or what is wrong."""
    tried: GoalLine | None = None
    is_posted = request.method == "POST"
    if is_posted and forms.is_valid():
        definition = forms.definition()
        if "try" in request.POST:
            tried = try_goal(scope, goal_of(forms.name, definition))
        elif save(row, forms, definition):
            messages.success(
                request, _("The goal %(name)s is saved.") % {"name": row.name}
            )
            return go_to_list(row.site)
    context = {
        "scope": scope,
        "forms": forms,
        "row": row,
        "tried": tried,
        "days": DAYS,
        "pages": list_labels(scope, "page"),
        "events": list_labels(scope, "event_type"),
    }
    status = 400 if is_posted and tried is None else 200
    return render(request, "goal.html", context, status=status)


def save(row: models.Goal, forms: GoalForms, definition: Definition) -> bool:
    """Whether it is saved; else the form says why not."""
    try:
        if row.pk is None:
            row.pk = add_goal(row.site, forms.name, definition).pk
            row.name = forms.name
        else:
            change_goal(row, forms.name, definition)
    except ConfigError:
        is_full = row.pk is None and len(list_goals(row.site)) >= MOST_GOALS
        problem = (
            _("A site has at most %(most)s goals.") % {"most": MOST_GOALS}
            if is_full
            else _("There is a goal of this name already.")
        )
        forms.goal.add_error("name", problem)
        return False
    return True


def go_to_list(site: str) -> HttpResponseRedirect:
    """The list of the site's goals."""
    return HttpResponseRedirect(f"{reverse('goals')}?{urlencode({'site': site})}")


def find_goal(goal_id: int) -> models.Goal:
    """The goal's row; 404 without one."""
    row = models.Goal.objects.filter(pk=goal_id).first()
    if row is None:
        raise Http404
    return row


def read_suggestion(request: HttpRequest) -> dict[str, str]:
    """What the address fills in."""
    if event_type := request.GET.get("event"):
        return {"kind": Kind.EVENT, "event_type": event_type, "name": event_type}
    if page := request.GET.get("page"):
        return {"kind": Kind.PAGE, "page": page, "name": page}
    return {}


def question_of(scope: Scope, goals: tuple[Goal, ...]) -> GoalQuestion:
    """About these goals in the last 30 days."""
    return GoalQuestion(
        site=scope.site,
        timezone=scope.timezone,
        period=Period(scope.now - DAYS * DAY, scope.now),
        goals=goals,
    )


def try_goal(scope: Scope, tried: Goal) -> GoalLine:
    """What a goal that is not saved yet would have counted."""
    asked = question_of(scope, (tried,))
    lines = ask_goals(asked, QueryDict(), runtime.current().reader)
    return next(line for line in lines if line.name == tried.name)


def list_rows(scope: Scope, rows: list[models.Goal]) -> list[GoalRow]:
    """The goals with their numbers, the most reached first."""
    if not scope.site:
        return []
    by_name = {row.name: row for row in rows}
    asked = question_of(scope, load_goals(scope.site))
    lines = ask_goals(asked, QueryDict(), runtime.current().reader)
    return [
        GoalRow(
            id=by_name[line.name].pk if line.name in by_name else None,
            name=line.label,
            words=describe_row(by_name.get(line.name)),
            line=line,
            statistics=f"{reverse('statistics')}{line.address}&"
            + urlencode({"site": scope.site}),
        )
        for line in lines
    ]


def suggest_events(scope: Scope, rows: list[models.Goal]) -> list[Suggestion]:
    """Custom events of the last 30 days that no goal is about."""
    taken = NOT_SUGGESTED | {read_definition(row).action.event_type for row in rows}
    found = count_by(scope, "event_type") if scope.site else []
    base = {"site": scope.site}
    return [
        Suggestion(
            event_type=label,
            visitors=visitors,
            address=f"{reverse('add-goal')}?{urlencode({**base, 'event': label})}",
        )
        for label, visitors in found
        if label not in taken
    ][:5]


def list_labels(scope: Scope, dimension: str) -> list[str]:
    """The most frequent values, to choose from."""
    return [label for label, _visitors in count_by(scope, dimension)]


def count_by(scope: Scope, dimension: str) -> list[tuple[str, int]]:
    """The values of the dimension in the last 30 days, by visitors."""
    question = Question(
        site=scope.site,
        timezone=scope.timezone,
        period=Period(scope.now - DAYS * DAY, scope.now),
        metrics=("visitors",),
        dimensions=(dimension,),
        limit=SUGGESTIONS,
    )
    rows = answer(question, runtime.current().reader, with_totals=False).rows
    return [
        (str(row.dimensions[0]), round(row.metrics[0] or 0))
        for row in rows
        if row.dimensions[0]
    ]
