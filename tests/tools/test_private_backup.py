"""make backup and make restore beside make run: the private PostgreSQL, running or not."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.tools.conftest import Checkout, read_until


def stop_cluster(checkout: Checkout, var: Path) -> None:
    code = "from tools.cluster import Cluster; c = Cluster(); c.load() and c.stop()"
    subprocess.run([sys.executable, "-c", code], cwd=checkout.root, env=checkout.env(VAR_DIR=str(var)), check=True)


def test_what_make_run_keeps_moves_into_another_folder(checkout: Checkout, port: int) -> None:
    first = checkout.start(PORT=str(port))
    read_until(first, "rows kept")
    made = checkout.run("backup")
    assert made.returncode == 0, made.stderr
    refused = checkout.run("restore", made.stdout.splitlines()[-1])
    assert refused.returncode == 1
    assert "is not empty. A restore never overwrites anything." in refused.stderr
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=30)

    made = checkout.run("backup")
    backups = sorted((checkout.var / "backups").glob("salesops-*.backup"))
    assert made.stdout.splitlines()[-1] == str(backups[-1]), "stopped, it is started for the backup"
    assert len(backups) == 2
    assert not (checkout.var / "postgres" / "postmaster.pid").exists()

    other = checkout.root / "moved"
    try:
        done = checkout.run("restore", str(backups[0]), VAR_DIR=str(other))
        assert done.returncode == 0, done.stderr
        assert "all as counted" in done.stdout
        assert "made under another SECRET_KEY" in done.stdout
        second = checkout.start(PORT=str(port), VAR_DIR=str(other))
        assert "rows kept: 1" in read_until(second, "rows kept")
        second.send_signal(signal.SIGINT)
        second.communicate(timeout=30)
        assert not [line for line in (other / "asked").read_text().splitlines() if line == "demo --if-empty"]
    finally:
        stop_cluster(checkout, other)


def test_make_restore_wants_a_file(checkout: Checkout) -> None:
    done = checkout.run("restore", "")
    assert done.returncode == 1
    assert "make restore FILE=" in done.stderr
    done = checkout.run("restore", "/nowhere/at/all.backup")
    assert "There is no file /nowhere/at/all.backup" in done.stderr
