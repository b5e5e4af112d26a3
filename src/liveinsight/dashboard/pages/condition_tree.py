"""Conditions as a form: groups within groups, each line a dimension and its values.

The form holds the whole tree and every button sends it, so that it works without
scripts. A node's fields carry its place: `kind.0.2` is of the third node in the root.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from liveinsight.errors import QueryError
from liveinsight.query.model import And, Filter, HasDone, Not, Operator, Or, Where
from liveinsight.query.where import MAX_DEPTH, MAX_LEAVES

if TYPE_CHECKING:
    from django.http import QueryDict

ROOT: Final = "0"
MOST_CHILDREN: Final = MAX_LEAVES


class Kind(StrEnum):
    """What a group of conditions says."""

    ALL = "all"
    ANY = "any"
    NONE = "none"
    DONE = "done"
    NOT_DONE = "not_done"


KIND_NAMES: Final = {
    Kind.ALL: gettext_noop("All of these"),
    Kind.ANY: gettext_noop("Any of these"),
    Kind.NONE: gettext_noop("None of these"),
    Kind.DONE: gettext_noop("Visitors who have done, in one event, all of these"),
    Kind.NOT_DONE: gettext_noop(
        "Visitors who have never done, in one event, all of these"
    ),
}


class Line(msgspec.Struct, kw_only=True):
    """One condition as written."""

    path: str = ""
    dimension: str = ""
    operator: Operator = Operator.IS
    values: list[str] = []
    accepts_nothing: bool = False
    """Whether "not set" is among the values."""


class Group(msgspec.Struct, kw_only=True):
    """Conditions and groups that belong together."""

    kind: Kind = Kind.ALL
    path: str = ROOT
    children: list[Line | Group] = []

    @property
    def name(self) -> str:
        """The kind in words."""
        return _(KIND_NAMES[self.kind])


def group_of(filters: tuple[Where, ...]) -> Group:
    """The tree of conditions that must all hold."""
    if len(filters) == 1 and not isinstance(filters[0], Filter):
        node = node_of(filters[0])
        if isinstance(node, Group):
            return node
    return Group(children=[node_of(each) for each in filters])


def node_of(where: Where) -> Line | Group:
    """The node of one condition."""
    if isinstance(where, Filter):
        return Line(
            dimension=where.dimension,
            operator=where.operator,
            values=[value for value in where.values if value],
            accepts_nothing="" in where.values,
        )
    if isinstance(where, And | Or):
        kind = Kind.ALL if isinstance(where, And) else Kind.ANY
        return Group(kind=kind, children=[node_of(each) for each in where.filters])
    if isinstance(where, Not):
        inner = where.filter
        parts = inner.filters if isinstance(inner, Or) else (inner,)
        return Group(kind=Kind.NONE, children=[node_of(each) for each in parts])
    if isinstance(where, HasDone):
        inner = where.filter
        parts = inner.filters if isinstance(inner, And) else (inner,)
        kind = Kind.DONE if where.done else Kind.NOT_DONE
        return Group(kind=kind, children=[node_of(each) for each in parts])
    raise TypeError("a threshold is part of a goal, not of a filter")


def filters_of(group: Group) -> tuple[Where, ...]:
    """The conditions of the tree; lines and groups in which nothing stands are left out."""
    if group.kind is Kind.ALL:
        found = [where_of(child) for child in group.children]
        return tuple(each for each in found if each is not None)
    where = where_of(group)
    return () if where is None else (where,)


def where_of(node: Line | Group) -> Where | None:
    """The condition of the node; None where nothing is written."""
    if isinstance(node, Line):
        # Stripped only here: the form is read while somebody still writes in it.
        written = dict.fromkeys(value.strip() for value in node.values)
        values = (*written, *([""] if node.accepts_nothing else []))
        if not node.dimension or not values:
            return None
        return Filter(node.dimension, node.operator, values)
    found = [where_of(child) for child in node.children]
    parts = tuple(each for each in found if each is not None)
    if not parts:
        return None
    if node.kind is Kind.NONE:
        return Not(join(Or, parts))
    if node.kind in (Kind.DONE, Kind.NOT_DONE):
        return HasDone(join(And, parts), node.kind is Kind.DONE)
    return join(And if node.kind is Kind.ALL else Or, parts)


def join(form: type[And | Or], parts: tuple[Where, ...]) -> Where:
    """The parts as one condition."""
    return parts[0] if len(parts) == 1 else form(parts)


def read_tree(form: QueryDict) -> Group:
    """The tree that the form holds.

    Raises:
        QueryError: it is no tree of this form.
    """
    root = read_node(form, ROOT)
    if not isinstance(root, Group):
        raise QueryError("conditions", "the form holds none")
    return root


def read_node(form: QueryDict, path: str) -> Line | Group:
    """The node at the place; nested no deeper than conditions can be."""
    if path.count(".") > MAX_DEPTH:
        raise QueryError(
            "conditions",
            "conditions are nested more than %(most)s deep",
            most=MAX_DEPTH,
        )
    kind = form.get(f"kind.{path}", "")
    if kind in tuple(Kind):
        children: list[Line | Group] = []
        while f"kind.{path}.{len(children)}" in form:
            if len(children) >= MOST_CHILDREN:
                raise QueryError(
                    "conditions", "give at most %(most)s", most=MOST_CHILDREN
                )
            children.append(read_node(form, f"{path}.{len(children)}"))
        return Group(kind=Kind(kind), path=path, children=children)
    operator = form.get(f"operator.{path}", Operator.IS)
    if operator not in tuple(Operator):
        raise QueryError("operator", "there is no such operator")
    values = [value for value in form.getlist(f"value.{path}") if value.strip()]
    dimension = form.get(f"dimension.{path}", "")
    if dimension == "property:":
        dimension += form.get(f"property.{path}", "").strip()
    return Line(
        path=path,
        dimension="" if dimension == "property:" else dimension,
        operator=Operator(operator),
        values=list(dict.fromkeys(values)),
        accepts_nothing=f"nothing.{path}" in form,
    )


def change_tree(root: Group, action: str) -> None:
    """Does what a button of the form says: `add:0.1`, `group:0`, `remove:0.1.2`.

    Raises:
        QueryError: the button or its place does not exist.
    """
    verb, _, path = action.partition(":")
    if verb == "remove":
        above, _, last = path.rpartition(".")
        group = find_group(root, above)
        if not last.isdigit() or int(last) >= len(group.children):
            raise QueryError("do", "there is no such condition")
        del group.children[int(last)]
    elif verb == "add":
        find_group(root, path).children.append(Line())
    elif verb == "group":
        find_group(root, path).children.append(Group(children=[Line()]))
    else:
        raise QueryError("do", "there is no such button")


def find_group(root: Group, path: str) -> Group:
    """The group at the place."""
    node: Line | Group = root
    for step in path.split(".")[1:]:
        children = node.children if isinstance(node, Group) else []
        if not step.isdigit() or int(step) >= len(children):
            raise QueryError("do", "there is no such group")
        node = children[int(step)]
    if not isinstance(node, Group):
        raise QueryError("do", "there is no such group")
    return node


def place(node: Line | Group, path: str = ROOT) -> None:
    """Gives the node and those within it their places."""
    node.path = path
    if isinstance(node, Group):
        for index, child in enumerate(node.children):
            place(child, f"{path}.{index}")


def lines_of(node: Line | Group) -> list[Line]:
    """The lines of the tree."""
    if isinstance(node, Line):
        return [node]
    return [line for child in node.children for line in lines_of(child)]
