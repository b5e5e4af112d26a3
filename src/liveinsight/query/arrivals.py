"""When events last came."""

from liveinsight.core.ports import Reader


def last_received_at(site: str, since: int, reader: Reader) -> int | None:
    """When the site's newest event was received, ms; None where none came since `since`.

    Events whose own time is as old as that do not count either, so that the engine
    reads the newest blocks alone.
    """
    ((last,),) = reader.query(
        "select max(received_at) from events"
        " where site = ? and time >= ? and received_at >= ?",
        (site, since, since),
    )
    return None if last is None else int(str(last))
