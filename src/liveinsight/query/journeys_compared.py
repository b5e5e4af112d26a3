"""Journeys beside those of another period: each place, way and step with its change."""

from typing import TypeVar

import msgspec

from liveinsight.query.catalog.metrics import Kind
from liveinsight.query.journeys_model import Column, Counted, Journeys, Link, Node
from liveinsight.query.run import change_of

Told = TypeVar("Told", Column, Node, Link)


def compare_journeys(found: Journeys, earlier: Journeys) -> Journeys:
    """The journeys with how many of `earlier`, told of the same places, are there, too."""
    columns = {column.step: column for column in earlier.columns}
    nothing = Column(step=0, sessions=0, nodes=[], links=[])
    return msgspec.structs.replace(
        found,
        columns=[
            _compared_column(column, columns.get(column.step, nothing))
            for column in found.columns
        ],
        before=Counted(sessions=earlier.sessions, journeys=earlier.journeys),
    )


def _compared_column(column: Column, earlier: Column) -> Column:
    nodes = {node.place: (node.sessions, node.ended) for node in earlier.nodes}
    links = {(link.source, link.target): link.sessions for link in earlier.links}
    compared = []
    for node in column.nodes:
        sessions, ended = nodes.get(node.place, (0, 0))
        ends = msgspec.structs.replace(node, ended_before=ended)
        compared.append(_with_before(ends, sessions))
    return msgspec.structs.replace(
        _with_before(column, earlier.sessions),
        nodes=compared,
        links=[
            _with_before(link, links.get((link.source, link.target), 0))
            for link in column.links
        ],
    )


def _with_before(counted: Told, before: int) -> Told:
    change = change_of(Kind.COUNT, counted.sessions, before)
    return msgspec.structs.replace(counted, before=before, change=change)
