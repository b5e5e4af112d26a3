"""docs/aws.md names what there is: alarms, commands with their options, parameters."""

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from liveinsight.cli.main import liveinsight
from tests.aws.template import Deployed
from tests.docs.test_generated import ROOT

PAGES = ("README.md", "docs/aws.md", "docs/operations.md", "docs/archive.md")
ALARMS = Deployed({"AlarmEmail": "you@shop.example"}).of_type("CloudWatch::Alarm")
AWS = (ROOT / "docs/aws.md").read_text("utf-8")


def commands() -> Iterator[str]:
    """Every call of ours in a block of a page, its continued lines joined."""
    for page in PAGES:
        text = (ROOT / page).read_text("utf-8")
        for block in re.findall(r"^```(?:sh)?\n(.*?)^```", text, re.M | re.S):
            for line in block.replace("\\\n", " ").splitlines():
                if match := re.match(r"(?:\S*/bin/)?liveinsight (.*)", line):
                    yield match[1].partition(" > ")[0]


@pytest.mark.parametrize("words", sorted(set(commands())))
def test_a_command_of_the_documents_is_understood(words: str) -> None:
    name, *rest = shlex.split(words)
    # With its settings: a command remembers the help option it was first asked for.
    with click.Context(liveinsight, **liveinsight.context_settings) as context:
        command = liveinsight.get_command(context, name)
        assert command is not None
        # A folder to be read is not there in a test: only the words are looked at.
        command.make_context(name, rest, parent=context, resilient_parsing=True)
        known = {word for one in command.params for word in one.opts}
    used = {word for word in rest if word.startswith("--")}
    assert used <= known or isinstance(command, click.Group)


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_an_alarm_has_a_line_that_says_what_to_do(name: str) -> None:
    short = str(ALARMS[name]["AlarmName"]).removeprefix("liveinsight-")
    assert re.search(rf"^\|.*`{re.escape(short)}`.*\|.*\|", AWS, re.M), short


def test_the_number_of_alarms_and_of_what_they_watch_is_right() -> None:
    watched = sum(
        sum("MetricStat" in metric for metric in alarm.get("Metrics", ())) or 1
        for alarm in ALARMS.values()
    )
    assert f"alarms: {len(ALARMS)}, which watch {watched} metrics" in AWS


def test_every_parameter_that_is_named_exists() -> None:
    parameters = Deployed().parameters
    named = re.findall(r"--set ([A-Z]\w+)=", AWS)
    assert named
    assert set(named) <= parameters.keys()
