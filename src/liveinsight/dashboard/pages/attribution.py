"""The choice of the visit that a source is of, kept in the address."""

from typing import Final

import msgspec
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from liveinsight.dashboard.pages.address import change_query
from liveinsight.errors import QueryError
from liveinsight.query.model import Attribution

PARAMETER: Final = "attribution"
NAMES: Final = {
    Attribution.SESSION: gettext_noop("This visit"),
    Attribution.FIRST: gettext_noop("First visit"),
    Attribution.LAST: gettext_noop("Last known source"),
}


class AttributionChoice(msgspec.Struct, frozen=True, kw_only=True):
    """One to pick."""

    label: str
    address: str
    is_chosen: bool


def read_attribution(query: QueryDict) -> Attribution:
    """The one that the address names; by default the visit's own source.

    Raises:
        QueryError: there is none of this name.
    """
    try:
        return Attribution(query.get(PARAMETER) or Attribution.SESSION)
    except ValueError as error:
        known = ", ".join(Attribution)
        raise QueryError(PARAMETER, "give one of %(known)s", known=known) from error


def list_attributions(query: QueryDict) -> list[AttributionChoice]:
    """All of them."""
    chosen = read_attribution(query)
    return [
        AttributionChoice(
            label=_(label),
            address=change_query(
                query,
                attribution=None if each is Attribution.SESSION else each.value,
            ),
            is_chosen=each is chosen,
        )
        for each, label in NAMES.items()
    ]
