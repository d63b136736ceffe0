"""``make bench``: how fast the pages are. What is measured, and how, stands in ``bench/``."""

from __future__ import annotations

import os
from collections.abc import Sequence

from tools.environment import build
from tools.places import ROOT, VENV, VENV_PYTHON, var
from tools.suite import run


def bench(words: Sequence[str]) -> int:
    """Measure with a PostgreSQL, a folder and settings of its own; nothing of the environment leaks in."""
    build()
    leaks = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "DEBUG", "SECRET_KEY", "BASE_URL", "ALLOWED_HOSTS")
    env = {key: value for key, value in os.environ.items() if key not in leaks}
    env |= {"VAR_DIR": str(var() / "bench"), "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
    env |= {"DJANGO_SETTINGS_MODULE": "salesops.settings", "PYTHONPATH": str(ROOT)}
    return run([str(VENV_PYTHON), "-m", "bench", *words], env)
