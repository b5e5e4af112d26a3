"""`liveinsight rebuild`: the warehouse anew, and every number as before."""

from pathlib import Path

from tests.cli.running import output_of
from tests.e2e.server import Server, running_server, send
from tests.waiting import PATIENCE_S, wait_until

SITE = "shop.example"


def test_a_rebuild_gives_the_same_numbers_beside_the_server_and_without_it(
    tmp_path: Path,
) -> None:
    with running_server(tmp_path) as server:
        server.add_site(SITE)
        key = server.add_key()
        for user in range(30):
            send(server, {"events": visit_of(user)})
        wait_until(lambda: server.total_events(key) == 90)
        before = all_numbers(server, key)
        told = output_of("rebuild", "--data", tmp_path)
        assert "The running server has rebuilt" in told
        wait_until(lambda: server.total_events(key) == 90)
        assert all_numbers(server, key) == before
        server.process.terminate()
        server.process.communicate(timeout=PATIENCE_S)
    assert "rebuilt: 90 events" in output_of("rebuild", "--data", tmp_path)
    with running_server(tmp_path) as server:
        assert all_numbers(server, key) == before


def visit_of(user: int) -> list[dict[str, object]]:
    """A visit of three pages; every third one converts on the last."""
    pages = ("/", f"/p{user % 4}", "/end")
    events: list[dict[str, object]] = [
        {
            "site": SITE,
            "user_id": f"user{user}",
            "event_id": f"user{user}_page{number}",
            "page_url": f"https://{SITE}{page}",
            "referrer": "https://www.google.com/" if user % 2 else None,
        }
        for number, page in enumerate(pages)
    ]
    if user % 3 == 0:
        events[-1]["event_type"] = "conversion"
    return events


def all_numbers(server: Server, key: str) -> list[object]:
    """Everything that the API says of the site, at rest."""
    paths = (
        "sessions/active/",
        "statistics/summary/",
        "statistics/hourly/",
        "statistics/pages/",
        "statistics/referrers/",
    )
    return [server.ask(f"/api/{path}?site={SITE}", key) for path in paths]
