"""Which tests can run here: those that need Chromium, Redis or the real data sets are left out by name.

Loaded for every run (``-p tests.conftest_selection``). With SALESOPS_ALLOW_MISSING=0 no program may be
missing, and the run ends at once instead.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

NEEDS = {
    "browser": (("chromium",), "sudo apt-get install chromium fonts-noto-cjk"),
    "redis": (("redis-server",), "sudo apt-get install redis-server"),
}
DATA = "SALESOPS_SHARED_DATA=/folder/of/the/data/sets make test"
LEFT_OUT = pytest.StashKey[dict[str, list[str]]]()


def reasons() -> dict[str, str]:
    """For each marker whose tests cannot run here the line that brings them back."""
    found = {m: line for m, (programs, line) in NEEDS.items() if not any(map(shutil.which, programs))}
    folder = os.environ.get("SALESOPS_SHARED_DATA", "")
    return found if folder and Path(folder).is_dir() else {**found, "shared_data": DATA}


def pytest_configure(config: pytest.Config) -> None:
    """End here when something is missing that may not be."""
    config.stash[LEFT_OUT] = {}
    missing = {marker: line for marker, line in reasons().items() if marker in NEEDS}
    if missing and os.environ.get("SALESOPS_ALLOW_MISSING", "1") == "0":
        lines = "".join(f"\n  tests marked '{marker}': {line}" for marker, line in missing.items())
        raise pytest.UsageError(f"No test may be left out here (SALESOPS_ALLOW_MISSING=0); missing:{lines}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that cannot run here, and remember their names."""
    out = []
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
        marker = next((marker for marker in reasons() if item.get_closest_marker(marker)), None)
        if marker:
            out.append(item)
            config.stash[LEFT_OUT].setdefault(marker, []).append(item.nodeid)
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in set(out)]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """As a process of xdist: hand the names over to the one that reports."""
    handed: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if handed is not None:
        handed["left_out"] = session.config.stash[LEFT_OUT]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the names that a process of xdist hands over; all processes collect the same."""
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out") or node.config.stash[LEFT_OUT]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name what was left out, and the line that brings it back."""
    for marker, names in config.stash[LEFT_OUT].items():
        line = NEEDS[marker][1] if marker in NEEDS else DATA
        terminalreporter.section(f"left out: {len(names)} marked '{marker}'; to run them: {line}")
        for name in names:
            terminalreporter.write_line(f"  {name}")
