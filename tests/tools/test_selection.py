"""Tests whose programs are missing are left out by name; where none may be left out, the run refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.places import ROOT

SUITE = """
import pytest
@pytest.fixture
def chromium(): pass
@pytest.mark.browser
def test_page(): pass
def test_journey(chromium): pass
@pytest.mark.redis
def test_queue(): pass
@pytest.mark.shared_data
def test_data(): pass
def test_plain(): pass
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A suite of five tests, and a folder of programs for PATH."""
    (tmp_path / "test_it.py").write_text(SUITE)
    (tmp_path / "bin").mkdir()
    return tmp_path


def run(suite: Path, *words: str, programs: tuple[str, ...] = (), **env: str) -> subprocess.CompletedProcess[str]:
    """Run the suite with only these programs on PATH."""
    for name in programs:
        (suite / "bin" / name).write_text("#!/bin/sh\n")
        (suite / "bin" / name).chmod(0o755)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest_selection", "-p", "no:django", "-q", *words]
    own = {key: value for key, value in os.environ.items() if not key.startswith(("SALESOPS_", "PYTEST_", "DJANGO_"))}
    return subprocess.run(
        [*command, "-W", "ignore", str(suite)],
        cwd=suite,
        env={**own, "PYTHONPATH": str(ROOT), "PATH": str(suite / "bin"), **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("processes", [(), ("-n", "2")])
def test_what_cannot_run_is_named_with_the_line_that_mends_it(suite: Path, processes: tuple[str, ...]) -> None:
    done = run(suite, *processes)
    assert done.returncode == 0
    assert "1 passed" in done.stdout
    for name in ("test_page", "test_journey", "test_queue", "test_data"):
        assert f"test_it.py::{name}" in done.stdout
    assert "apt-get install chromium" in done.stdout
    assert "apt-get install redis-server" in done.stdout
    assert "SALESOPS_SHARED_DATA=" in done.stdout


def test_nothing_is_left_out_when_all_is_here(suite: Path) -> None:
    done = run(suite, programs=("chromium", "redis-server"), SALESOPS_SHARED_DATA=str(suite))
    assert "5 passed" in done.stdout
    assert "left out" not in done.stdout


@pytest.mark.parametrize("processes", [(), ("-n", "2")])
def test_where_nothing_may_be_missing_the_run_refuses(suite: Path, processes: tuple[str, ...]) -> None:
    done = run(suite, *processes, programs=("chromium",), SALESOPS_ALLOW_MISSING="0")
    assert done.returncode == 4
    assert "apt-get install redis-server" in done.stderr
    assert "chromium" not in done.stderr
