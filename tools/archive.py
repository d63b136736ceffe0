"""A backup is one file: PostgreSQL's own dump and a manifest that tells what must be in it.

The manifest is written last, and the file gets its name last of all: what was broken off never looks whole.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import hmac
import json
import os
import re
import struct
import subprocess
import tomllib
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from tools.databases import Database, client, migrations, session, totals
from tools.keys import secret_key
from tools.places import ROOT
from tools.trouble import Trouble

FORMAT = 1
DUMP, MANIFEST = "database.dump", "manifest.json"
NAME = re.compile(r"salesops-(\d{8}-\d{6})\.backup")
STAMP = "%Y%m%d-%H%M%S"
PIECE = 1 << 20
DAMAGED = (zipfile.BadZipFile, KeyError, ValueError, TypeError, EOFError, struct.error, zlib.error)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def key_print() -> str:
    """A word that tells one SECRET_KEY from another and gives neither away."""
    return hmac.new(secret_key().encode(), b"salesops backup", hashlib.sha256).hexdigest()[:16]


def app_version() -> str:
    """The version of this checkout."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def complete(folder: Path) -> list[Path]:
    """The backups in a folder that were made to their end, oldest first."""
    return sorted(path for path in folder.glob("salesops-*.backup") if NAME.fullmatch(path.name))


def made_at(path: Path) -> datetime:
    """When a backup was made, by its name."""
    found = NAME.fullmatch(path.name)
    assert found  # noqa: S101  # only asked of what `complete` returned
    return datetime.strptime(found[1], STAMP).replace(tzinfo=UTC)


# -- writing ----------------------------------------------------------------------------------------


def write(database: Database, path: Path, *, at: datetime) -> dict[str, Any]:
    """Write a backup to ``path`` and return its manifest; what cannot be finished is removed. Raises Trouble."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            manifest = _fill(database, out, at=at)
            out.flush()
            os.fsync(out.fileno())
        check(partial)
        partial.replace(path)
        _keep_name(path.parent)
    except OSError as error:
        partial.unlink(missing_ok=True)
        if error.errno in FULL:
            raise Trouble(
                f"The disk that holds {path.parent} is full; the backup was broken off and removed.",
                "free some space there, or set BACKUP_DIR to another disk, then start again.",
            ) from None
        raise
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return manifest


def _keep_name(folder: Path) -> None:
    """Let the name survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _fill(database: Database, out: IO[bytes], *, at: datetime) -> dict[str, Any]:
    """Dump and count in one snapshot, so that both tell of the same moment."""
    server = database.major()
    with session(database) as talk, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        talk.ask("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        applied = migrations(talk)
        if not applied:
            raise Trouble(
                f"The database {database.name} holds no salesops: nothing was ever migrated there.",
                "check DATABASE_OWNER_URL.",
            )
        (snapshot,) = talk.ask("SELECT pg_export_snapshot()")
        program = client("pg_dump", server)
        with archive.open(DUMP, "w", force_zip64=True) as into:
            digest = _dump([program, "--format=custom", f"--snapshot={snapshot}"], database, into)
        manifest = {
            "format": FORMAT,
            "made_at": at.isoformat(timespec="seconds"),
            "salesops": app_version(),
            "postgres": server,
            "dump_sha256": digest,
            "secret_key": key_print(),
            "migrations": applied,
            "tables": totals(talk),
        }
        archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    return manifest


def _dump(command: list[str], database: Database, into: IO[bytes]) -> str:
    """Let pg_dump write into the archive; return the hash of what it wrote."""
    digest = hashlib.sha256()
    process = subprocess.Popen(
        command, env=database.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout  # noqa: S101  # a pipe
    try:
        while piece := process.stdout.read(PIECE):
            digest.update(piece)
            into.write(piece)
        said = process.communicate()[1].decode(errors="replace").strip()
    except BaseException:
        process.kill()
        process.communicate()
        raise
    if process.returncode:
        raise Trouble(f"pg_dump failed: {said}", "mend what it says, then start again.")
    return digest.hexdigest()


# -- reading ----------------------------------------------------------------------------------------


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except DAMAGED as error:
        raise Trouble(
            f"{path} is not a whole backup: it is damaged, cut off, or something else ({type(error).__name__}).",
            "take another backup; nothing was changed.",
        ) from None


def read(path: Path) -> dict[str, Any]:
    """Return the manifest of a backup. Raises Trouble where there is none that we understand."""
    try:
        with _opened(path) as archive:
            manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
            number = int(manifest["format"])
            if number <= FORMAT and not all(manifest.get(key) for key in ("migrations", "tables", "postgres")):
                raise ValueError  # told as damaged, like what cannot be read
    except FileNotFoundError:
        raise Trouble(f"There is no file {path}.", "name a backup: make restore FILE=var/backups/….") from None
    except IsADirectoryError:
        raise Trouble(f"{path} is a folder.", "name one backup in it: make restore FILE=….") from None
    if number > FORMAT:
        raise Trouble(
            f"{path} was made by a newer salesops ({manifest.get('salesops')}): its form {number} is unknown here.",
            "restore it with that version.",
        )
    return manifest


def check(path: Path) -> Mapping[str, Any]:
    """Read a backup from end to end, through pg_restore, and return its manifest. Raises Trouble."""
    manifest = read(path)
    feed(path, [client("pg_restore", int(manifest["postgres"])), "--file=/dev/null"], None, manifest["dump_sha256"])
    return manifest


def feed(path: Path, command: list[str], database: Database | None, digest: str) -> None:
    """Let pg_restore read the dump of a backup; raises Trouble when it complains or the dump is another one."""
    env = database.environment() if database else None
    seen = hashlib.sha256()
    process = subprocess.Popen(
        command, env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stdin  # noqa: S101  # a pipe
    try:
        with _opened(path) as archive, archive.open(DUMP) as dump:
            while piece := dump.read(PIECE):
                seen.update(piece)
                with contextlib.suppress(BrokenPipeError):  # it has ended; its words tell why
                    process.stdin.write(piece)
            if seen.hexdigest() != digest:
                raise ValueError
        said = _end(process)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    if process.returncode:
        raise Trouble(f"pg_restore failed: {said}", "take another backup, or mend what it says; nothing was changed.")


def _end(process: subprocess.Popen[bytes]) -> str:
    """Close what it reads, and return what it said at its end."""
    with contextlib.suppress(BrokenPipeError):
        return process.communicate()[1].decode(errors="replace").strip()
    return ""
