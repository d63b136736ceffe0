"""What must be set before salesops starts anywhere but on a developer's machine."""

import os
from collections.abc import Mapping

ALWAYS = ("SECRET_KEY", "DATABASE_URL")
BEHIND_A_PROXY = ("BASE_URL", "ALLOWED_HOSTS")
"""Their defaults speak of localhost, which nobody reaches through a proxy."""


def on(value: str) -> bool:
    """Return whether the text of an environment variable means yes."""
    return value.strip().lower() in {"1", "true", "yes", "on"}


def missing(environment: Mapping[str, str], *more: str) -> list[str]:
    """Return the names of all variables that are not set and must be, in the order of their importance."""
    if on(environment.get("DEBUG", "")):
        return []
    proxied = BEHIND_A_PROXY if on(environment.get("BEHIND_PROXY", "")) else ()
    return [name for name in (*ALWAYS, *more, *proxied) if not environment.get(name, "").strip()]


def refuse_without(*more: str) -> None:
    """End this process with one sentence that names every missing variable.

    :param more: what is needed here besides what is always.
    """
    if absent := missing(os.environ, *more):
        raise SystemExit(f"salesops does not start: not set: {', '.join(absent)}. See .env.example.")
