"""Settings: from the command line, else the environment, else their defaults."""

from functools import partial
from pathlib import Path

import pytest

from liveinsight.config import defaults
from liveinsight.config.read import SETTINGS, read_config
from liveinsight.config.settings import Config
from liveinsight.errors import ConfigError


def test_without_any_choice_the_defaults_hold() -> None:
    assert read_config({}) == Config()


def test_the_command_line_goes_before_the_environment() -> None:
    chosen = read_config({"LIVEINSIGHT_PORT": "9000"}, port=9001)
    assert chosen.port == 9001


def test_an_option_that_was_not_given_leaves_the_environment_in_force() -> None:
    chosen = read_config({"LIVEINSIGHT_PORT": "9000"}, port=None)
    assert chosen.port == 9000


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        pytest.param("PORT", " 9000 ", 9000, id="integer"),
        pytest.param("DEMO", "true", True, id="yes"),
        pytest.param("DEMO", "0", False, id="no"),
        pytest.param(
            "TRUSTED_PROXIES", "10.0.0.0/8, ::1", ("10.0.0.0/8", "::1"), id="list"
        ),
        pytest.param("ALLOWED_HOSTS", "", (), id="empty list"),
        pytest.param("BASE_URL", "https://a.example", "https://a.example", id="text"),
    ],
)
def test_the_environment_is_read_in_the_settings_own_type(
    name: str, text: str, value: object
) -> None:
    chosen = read_config({f"LIVEINSIGHT_{name}": text})
    assert getattr(chosen, name.lower()) == value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        pytest.param("LIVEINSIGHT_PORT", "99999", id="out of bounds"),
        pytest.param("LIVEINSIGHT_PORT", "http", id="not a number"),
        pytest.param("LIVEINSIGHT_DEMO", "maybe", id="not yes or no"),
        pytest.param("LIVEINSIGHT_LOG_LEVEL", "loud", id="not one of the words"),
        pytest.param("LIVEINSIGHT_COLLECTOR_PATH", "a/b", id="not a name"),
        pytest.param("LIVEINSIGHT_TRUSTED_PROXIES", "::1,proxy", id="not a network"),
        pytest.param("LIVEINSIGHT_BASE_URL", "a.example", id="not an address"),
        pytest.param("LIVEINSIGHT_BASE_URL", "https://a.example/x", id="with a path"),
        pytest.param("LIVEINSIGHT_PROT", "1", id="no setting"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_it_was_given_under(
    variable: str, text: str
) -> None:
    with pytest.raises(ConfigError, match=variable):
        read_config({variable: text})


def test_a_wrong_option_is_refused_by_its_own_name() -> None:
    with pytest.raises(ConfigError, match=r"^port is '70000'"):
        read_config({}, port="70000")


def test_variables_of_other_programs_are_none_of_our_business() -> None:
    assert read_config({"PORT": "1", "DATABASE_URL": "x"}) == Config()


def test_every_setting_has_a_meaning_that_is_a_sentence() -> None:
    assert [s.name for s in SETTINGS if not s.meaning.endswith(".")] == []


@pytest.mark.parametrize(
    ("chosen", "address"),
    [
        (Config(), "http://127.0.0.1:8000"),
        (Config(host="::1", port=80), "http://[::1]:80"),
        (Config(base_url="https://a.example/"), "https://a.example"),
    ],
)
def test_the_address_is_what_a_browser_opens(chosen: Config, address: str) -> None:
    assert defaults.choose_address(chosen, chosen.port) == address


def test_the_engine_takes_an_eighth_of_the_memory_within_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for machine, share in ((256, 64), (1024, 128), (24_000, 320)):
        monkeypatch.setattr(defaults, "measure_memory_mb", partial(int, machine))
        assert defaults.choose_engine_memory_mb(Config()) == share


def test_a_containers_limit_counts_as_the_machines_memory(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text(f"{512 * 1024 * 1024}\n")
    assert defaults.measure_memory_mb(limit) == 512
    limit.write_text("max\n")
    assert defaults.measure_memory_mb(limit) > 512


def test_what_was_chosen_for_the_engine_is_kept() -> None:
    chosen = Config(engine_memory_mb=1000, engine_threads=7)
    assert defaults.choose_engine_memory_mb(chosen) == 1000
    assert defaults.choose_engine_threads(chosen) == 7
