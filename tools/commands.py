"""The commands of ``python3 -m tools``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tools import backup, benching, lock, restore, suite, supervisor
from tools.trouble import Trouble

COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "run": supervisor.run,
    "test": suite.suite,
    "lint": suite.lint,
    "dev": suite.dev,
    "demo-reset": supervisor.demo_reset,
    "lock": lock.lock,
    "backup": backup.backup,
    "restore": restore.restore,
    "bench": benching.bench,
}


def do(words: Sequence[str]) -> int:
    """Do the command that the first word names, with the rest as its arguments."""
    if not words or words[0] not in COMMANDS:
        raise Trouble("Unknown command.", f"choose one of: {', '.join(COMMANDS)}.")
    return COMMANDS[words[0]](words[1:])
