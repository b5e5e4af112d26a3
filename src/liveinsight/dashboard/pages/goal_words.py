"""What has to happen for a goal, in words."""

from django.utils.translation import gettext as _

from liveinsight.core.limits import SECOND
from liveinsight.dashboard import models
from liveinsight.dashboard.goals import read_definition
from liveinsight.dashboard.pages.goal_form import Kind
from liveinsight.dashboard.pages.goal_forms import kind_of
from liveinsight.dashboard.pages.labels import name_of_operator
from liveinsight.query.actions import Definition


def describe_row(row: models.Goal | None) -> str:
    """What has to happen, in words."""
    if row is None:
        return _("Built in: any event of the type conversion")
    return describe_goal(read_definition(row))


def describe_goal(definition: Definition) -> str:
    """What has to happen, in words."""
    action = definition.action
    page = action.page or _("any page")
    match kind_of(definition):
        case Kind.PAGE:
            return _("%(page)s is viewed") % {"page": page}
        case Kind.TIME:
            seconds = definition.engagement_ms // SECOND
            return _("%(page)s is read for %(seconds)ss") % {
                "page": page,
                "seconds": seconds,
            }
        case Kind.SCROLL:
            return _("%(page)s is scrolled to %(percent)s%%") % {
                "page": page,
                "percent": definition.scroll_percent,
            }
        case _other:
            return describe_event(definition)


def describe_event(definition: Definition) -> str:
    """An event with its page and properties."""
    action = definition.action
    parts = [_("Event %(event)s") % {"event": action.event_type}]
    if action.page:
        parts.append(_("on %(page)s") % {"page": action.page})
    parts += [
        f"{test.name} {name_of_operator(test.operator)} {test.value or _('not set')}"
        for test in action.properties
    ]
    return ", ".join(parts)
