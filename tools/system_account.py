"""The account of the operating system that the private PostgreSQL runs as."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.places import ROOT


@dataclass(frozen=True)
class Account:
    """The account of the operating system that the server runs as."""

    name: str
    uid: int
    gid: int

    def as_arguments(self) -> dict[str, Any]:
        """Arguments for subprocess that make the child this account; none when we are it already."""
        if os.geteuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, folder: Path) -> bool:
        """Whether this account can walk into ``folder``."""
        walk = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)]
        return subprocess.run(walk, capture_output=True, cwd="/", check=False, **self.as_arguments()).returncode == 0


def server_account() -> Account:
    """Ourselves; for root the owner of the checkout, and nobody where that is root too."""
    if os.geteuid() != 0:
        return Account(str(os.geteuid()), os.geteuid(), os.getegid())
    owner = ROOT.stat().st_uid
    try:
        entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    except KeyError:
        entry = pwd.getpwnam("nobody")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
