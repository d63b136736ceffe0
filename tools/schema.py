"""Whether the schema of a database is up to date, without starting Django."""

from __future__ import annotations

import hashlib

from tools.places import ROOT


def schema_fingerprint() -> str:
    """Hash of all that a migration depends on: the same one means there is nothing to migrate."""
    seen = hashlib.sha256((ROOT / "requirements.lock").read_bytes())
    sources = [*ROOT.glob("*/migrations/*.py"), *ROOT.glob("*/management/commands/migrate.py")]
    for path in sorted([*sources, ROOT / "salesops" / "settings.py", ROOT / "tenants" / "walls.py"]):
        if path.exists():
            seen.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return seen.hexdigest()
