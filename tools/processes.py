"""Processes that outlive the one that started them: who is it, is it alive, end it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path


def birth(pid: int) -> str:
    """A word that differs between two processes that had the same number; empty when there is none.

    A process that has ended but was not yet collected by its parent counts as gone.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        if Path("/proc/self").exists():
            return ""
        shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return shown.stdout.strip()
    return "" if fields[0] in "ZX" else fields[19]


def alive(pid: int, born: str) -> bool:
    """Whether the process with this number is still the one whose ``birth`` was ``born``."""
    return bool(born) and birth(pid) == born


def wait_gone(pid: int, born: str, seconds: float) -> bool:
    """Wait until that process is gone; False when it is still there after ``seconds``."""
    until = time.monotonic() + seconds
    while alive(pid, born):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def end_group(pid: int, born: str, seconds: float = 10.0) -> None:
    """End a process that leads its own group, and the group: asked first, then forced."""
    if not alive(pid, born):
        return
    for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(pid, number)
        except ProcessLookupError:
            return
        if wait_gone(pid, born, patience):
            break
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
