"""liveinsight tracker."""

from pathlib import Path

from liveinsight.tracker.script import tracker_script
from liveinsight.tracker.tag import write_tag
from tests.cli.running import output_of, run_command


def test_the_tracker_is_printed_or_written_as_it_is_served(tmp_path: Path) -> None:
    body = tracker_script().body
    assert output_of("tracker").encode() == body
    path = tmp_path / "script.js"
    run = run_command("tracker", "--output", path)
    assert run.returncode == 0
    assert run.stdout == ""
    assert path.read_bytes() == body
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    run = run_command("tracker", "--output", tmp_path / "nowhere" / "script.js")
    assert run.returncode == 1
    assert run.stderr.startswith("Error: ")
    assert "Traceback" not in run.stderr


def test_the_tag_names_the_address_and_without_one_its_placeholder() -> None:
    tag = output_of("tracker", "--tag", "--api", "https://a.example/prod/events")
    assert tag == write_tag("https://a.example/prod/events") + "\n"
    assert 'data-api="YOUR_API_GATEWAY_URL"' in output_of("tracker", "--tag")


def test_a_tag_is_html_whatever_is_put_into_it() -> None:
    assert '<b>"' not in write_tag('https://a/"<b>"', 'a"<b>"', '/"<b>"')
