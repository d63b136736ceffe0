"""Which tests can run here: those that need Chromium, Redis or the real data sets are left out by name.

Loaded for every run (``-p tests.conftest_selection``). With SALESOPS_ALLOW_MISSING=0 nothing may be
missing, and the run ends with an error instead.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

NEEDS = {
    "browser": (("chromium", "chromium-browser", "google-chrome"), "sudo apt-get install chromium fonts-noto-cjk"),
    "redis": (("redis-server",), "sudo apt-get install redis-server"),
}
LEFT_OUT = pytest.StashKey[dict[str, list[str]]]()


def missing(marker: str) -> str:
    """The line that installs what tests with this marker need; empty when it is here."""
    programs, install = NEEDS[marker]
    return "" if any(shutil.which(program) for program in programs) else install


def data_is_missing() -> str:
    """What to set so that the tests on real data sets can run; empty when they can."""
    folder = os.environ.get("SALESOPS_SHARED_DATA", "")
    return "" if folder and Path(folder).is_dir() else "SALESOPS_SHARED_DATA=/folder/of/the/data/sets make test"


def pytest_configure(config: pytest.Config) -> None:
    """Ask once what is here."""
    config.stash[LEFT_OUT] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that cannot run here, and remember their names."""
    reasons = {marker: missing(marker) for marker in NEEDS} | {"shared_data": data_is_missing()}
    kept, out = [], []
    for item in items:
        marker = next((m for m, line in reasons.items() if line and item.get_closest_marker(m)), None)
        if marker is None:
            kept.append(item)
        else:
            out.append(item)
            config.stash[LEFT_OUT].setdefault(marker, []).append(item.nodeid)
    forbidden = [m for m in config.stash[LEFT_OUT] if m in NEEDS]
    if forbidden and os.environ.get("SALESOPS_ALLOW_MISSING", "1") == "0":
        lines = [f"  {m}: {reasons[m]}" for m in forbidden]
        raise pytest.UsageError("No test may be left out (SALESOPS_ALLOW_MISSING=0), but missing:\n" + "\n".join(lines))
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = kept


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name what was left out, and the line that brings it back."""
    left_out = config.stash[LEFT_OUT]
    for marker, names in left_out.items():
        line = missing(marker) if marker in NEEDS else data_is_missing()
        terminalreporter.section(f"left out: {len(names)} tests marked '{marker}'; to run them: {line}")
        for name in names:
            terminalreporter.write_line(f"  {name}")
