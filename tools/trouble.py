"""The one way in which these tools fail: a sentence about what is wrong and what to do."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


class Trouble(Exception):
    """Something a person must mend. ``what`` says what is wrong, ``do`` what to do about it."""

    def __init__(self, what: str, do: str) -> None:
        super().__init__(what)
        self.what = what
        self.do = do

    def __str__(self) -> str:
        return f"{self.what}\nWhat to do: {self.do}"


def say(text: str) -> None:
    """Print one line for the person at the terminal, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def demand_space(folder: Path, megabytes: int) -> None:
    """Raise Trouble when the disk that holds ``folder`` has less than ``megabytes`` free."""
    free = shutil.disk_usage(folder).free // 1_000_000
    if free < megabytes:
        raise Trouble(
            f"The disk that holds {folder} has only {free} MB free; {megabytes} MB are needed.",
            "free some space there, then start again. Nothing was changed.",
        )
