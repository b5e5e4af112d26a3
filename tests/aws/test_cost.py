"""What an event costs on AWS, as the benchmark measures it, is within the goals."""

import subprocess
import sys
from datetime import UTC, datetime

import msgspec
import pytest

from bench.aws_cost import Report

GOALS = {
    "units_1": 5.5,
    "units_10": 3.4,
    "units_25": 3.2,
    "units_1_anonymous": 4.5,
    "units_10_anonymous": 2.4,
    "units_25_anonymous": 2.2,
}
HALF_AN_HOUR = 30 * 60


@pytest.fixture(scope="module")
def report() -> Report:
    words = ("--quick", "--json", "--window", "50")
    run = subprocess.run(
        [sys.executable, "-m", "bench.aws_cost", *words],
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()
    return msgspec.json.decode(run.stdout.splitlines()[-1], type=Report)


def midnight_is_near() -> bool:
    """An anonymous request costs a unit more then, see the benchmark."""
    now = datetime.now(UTC)
    left = 86_400 - (now.hour * 3600 + now.minute * 60 + now.second)
    return left < HALF_AN_HOUR + 300


@pytest.mark.slow
@pytest.mark.parametrize("name", GOALS)
def test_the_write_units_of_an_event_are_within_the_goal(
    report: Report, name: str
) -> None:
    batch = int(name.split("_")[1])
    allowed = 1 / batch if "anonymous" in name and midnight_is_near() else 0
    assert getattr(report, name) <= GOALS[name] + allowed


@pytest.mark.slow
def test_the_design_to_compare_with_costs_twice_the_units(report: Report) -> None:
    assert 6.5 <= report.units_naive <= 7
    assert 2 * report.units_10 < report.units_naive
    # Dollars hold processor time, so only what is far apart is compared here.
    assert 3 * report.usd_per_million_10 < report.usd_per_million_naive
