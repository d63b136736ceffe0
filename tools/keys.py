"""The secret key of this installation."""

from __future__ import annotations

import os
import secrets

from tools.files import locked, write_private
from tools.places import var
from tools.trouble import Trouble


def secret_key() -> str:
    """The key from SECRET_KEY, else the one in var/secret_key, which is made on first use."""
    if given := os.environ.get("SECRET_KEY"):
        return given
    path = var() / "secret_key"
    with locked(var() / "secret_key.lock"):
        if not path.exists():
            write_private(path, secrets.token_urlsafe(64) + "\n")
    try:
        return path.read_text(encoding="utf-8").strip()
    except PermissionError:
        raise Trouble(f"{path} belongs to another account.", "start salesops as the user who did at first.") from None
