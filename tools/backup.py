"""``make backup``, and the nightly backups of a server."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tools import archive
from tools.cluster import OWNER_ROLE, Cluster, outside
from tools.databases import Database
from tools.environment import build
from tools.places import var
from tools.supervisor import Stop, ask_to_stop
from tools.trouble import Trouble, demand_space, say

KEPT = 14
AT_NIGHT = "02:30"
RETRY = 600
LATE = timedelta(hours=26)


def folder() -> Path:
    """Where backups are kept."""
    return Path(os.environ.get("BACKUP_DIR") or var() / "backups").absolute()


@contextlib.contextmanager
def owned_database() -> Iterator[Database]:
    """The database of this installation: that of DATABASE_OWNER_URL, else the private one, started if need be."""
    if outside(os.environ):
        yield Database.at(os.environ["DATABASE_OWNER_URL"])
        return
    build()
    cluster = Cluster()
    was_running = cluster.load() and cluster.is_running()
    cluster.start()
    try:
        yield Database.at(cluster.url(OWNER_ROLE))
    finally:
        if not was_running:
            cluster.stop()


def backup(words: Sequence[str]) -> int:
    """``make backup``: one now; ``--nightly``: one each night, for ever; ``--healthy``: is the newest one young?"""
    if list(words) not in ([], ["--nightly"], ["--healthy"]):
        raise Trouble("make backup takes no arguments.", "make backup; BACKUP_DIR=/folder chooses where.")
    if words == ["--healthy"]:
        return healthy(now())
    if words == ["--nightly"]:
        return nightly()
    made = make()
    say(f"What it needs besides, and does not hold: the SECRET_KEY of this installation (see docs/deploy.md).\n{made}")
    return 0


def now() -> datetime:
    """The moment, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def make() -> Path:
    """Make one backup; whatever an earlier attempt left unfinished is removed."""
    into = folder()
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(into), owned_database() as database:
        for broken_off in into.glob("*.partial"):
            broken_off.unlink()
        demand_space(into, 50)
        at = now()
        while (path := into / f"salesops-{at:{archive.STAMP}}.backup").exists():
            at += timedelta(seconds=1)
        began = time.monotonic()
        manifest = archive.write(database, path, at=at)
    rows = sum(table["rows"] for table in manifest["tables"].values())
    say(
        f"Backed up and read again: {len(manifest['tables'])} tables, {rows:,} rows, "
        f"{path.stat().st_size / 1_000_000:.1f} MB in {time.monotonic() - began:.1f} s."
    )
    return path


@contextlib.contextmanager
def alone(into: Path) -> Iterator[None]:
    """Be the only one who writes backups there."""
    with (into / ".lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Trouble(f"Another backup is being made in {into}.", "wait until it is done.") from None
        yield


# -- each night ---------------------------------------------------------------------------------------


def clock() -> tuple[int, int]:
    """Hour and minute (UTC) of BACKUP_AT."""
    said = os.environ.get("BACKUP_AT") or AT_NIGHT
    try:
        found = time.strptime(said, "%H:%M")
    except ValueError:
        raise Trouble(f"BACKUP_AT={said} is no time of day.", "write it as 02:30.") from None
    return found.tm_hour, found.tm_min


def kept() -> int:
    """How many backups are kept, by BACKUP_KEEP."""
    said = os.environ.get("BACKUP_KEEP") or str(KEPT)
    if not said.isdigit() or int(said) < 1:
        raise Trouble(f"BACKUP_KEEP={said} is not a number of backups.", "write how many to keep, at least 1.")
    return int(said)


def is_due(at: datetime, backups: Sequence[Path], hour: int, minute: int) -> bool:
    """Whether the newest backup is older than the last moment at which one was to be made; so is none at all."""
    due = at.replace(hour=hour, minute=minute, second=0)
    due -= timedelta(days=due > at)
    return not backups or archive.made_at(backups[-1]) < due


def rotate(backups: Sequence[Path], keep: int) -> None:
    """Remove all but the newest ones."""
    for old in backups[:-keep]:
        old.unlink()
        say(f"Removed {old.name}: {keep} are kept.")


def nightly() -> int:
    """Make a backup each night, and at once where the last one was missed; what fails is tried again."""
    (hour, minute), keep = clock(), kept()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    try:
        while True:
            pause = 20
            if is_due(now(), archive.complete(folder()), hour, minute):
                try:
                    make()
                    rotate(archive.complete(folder()), keep)
                except (Trouble, OSError) as trouble:
                    sys.stderr.write(f"{now():%Y-%m-%d %H:%M} No backup was made. {trouble}\n")
                    pause = RETRY
            time.sleep(pause)
    except Stop:
        return 0


def healthy(at: datetime) -> int:
    """Say whether the newest backup is young enough."""
    backups = archive.complete(folder())
    if backups and at - archive.made_at(backups[-1]) < LATE:
        say("ok")
        return 0
    say(f"the newest backup is {backups[-1].name}" if backups else "there is no backup")
    return 1
