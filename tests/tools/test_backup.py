"""make backup and make restore: everything comes back, or nothing was touched."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tools import archive, backup, restore
from tools.databases import Database, client, migrations, session, totals
from tools.places import ROOT, VENV_PYTHON
from tools.trouble import Trouble

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)

SIGN_IN = """
import django
django.setup()
from django.test import Client
client = Client(SERVER_NAME="localhost")
answer = client.post("/accounts/login/", {"login": "chen@obsidian.example", "password": "salesops-demo"}, follow=True)
print(answer.status_code, answer.request["PATH_INFO"])
"""


def own(name: str) -> str:
    """A database of this run, which is dropped with it."""
    return f"test_salesops_{os.getpid()}_{name}"


def address(key: str, name: str) -> str:
    return f"{os.environ[key].rpartition('/')[0]}/{name}"


def named(name: str) -> Database:
    return Database.at(address("DATABASE_OWNER_URL", name))


def environment(name: str, **more: str) -> dict[str, str]:
    """That of a command beside this database."""
    addresses = {key: address(key, name) for key in ("DATABASE_URL", "DATABASE_OWNER_URL")}
    return {**os.environ, **addresses, "BASE_URL": "http://localhost:8000", "SECRET_KEY": "of-the-tests", **more}


def manage(name: str, *words: str) -> None:
    subprocess.run(
        [str(VENV_PYTHON), "manage.py", *words], cwd=ROOT, env=environment(name), check=True, stdout=subprocess.DEVNULL
    )


def drop(name: str) -> None:
    named("postgres").ask(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def databases() -> set[str]:
    """Those of this run that are there now."""
    return {name for name in named("postgres").ask("SELECT datname FROM pg_database") if name.startswith(own(""))}


def make_empty(name: str) -> Database:
    """A migrated database without a row of ours."""
    named("postgres").ask(f'CREATE DATABASE "{name}" TEMPLATE "{os.environ.get("TEST_DB_TEMPLATE") or "template0"}"')
    if not os.environ.get("TEST_DB_TEMPLATE"):
        manage(name, "migrate", "--verbosity", "0")
    return named(name)


@pytest.fixture(scope="module")
def company() -> Iterator[Database]:
    """The demo company."""
    name = own("company")
    made = make_empty(name)
    manage(name, "demo")
    yield made
    drop(name)


@pytest.fixture(scope="module")
def saved(company: Database, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its backup."""
    path = tmp_path_factory.mktemp("backups") / "salesops-20260105-090000.backup"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRET_KEY", "of-the-tests")
        archive.write(company, path, at=AT)
    return path


@pytest.fixture
def into(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Name the database that the tools work on; it is dropped afterwards."""
    names = []

    def choose(name: str) -> str:
        names.append(own(name))
        for key, value in environment(names[-1]).items():
            monkeypatch.setenv(key, value)
        return names[-1]

    yield choose
    for name in names:
        drop(name)


def rewritten(path: Path, to: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The same backup with another manifest."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w") as new:
        manifest = json.loads(old.read(archive.MANIFEST))
        change(manifest)
        new.writestr(archive.DUMP, old.read(archive.DUMP))
        new.writestr(archive.MANIFEST, json.dumps(manifest))
    return to


def test_the_demo_company_comes_back_and_signs_in(
    company: Database, saved: Path, into: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    name = into("back")
    assert restore.restore([str(saved)]) == 0
    assert "all as counted" in capsys.readouterr().out
    with session(company) as before, session(named(name)) as after:
        assert totals(before) == totals(after)
        assert totals(before)["funnel_opportunity"]["rows"] > 30
        assert migrations(before) == migrations(after)
        walls = "SELECT polrelid::regclass::text, polname, pg_get_expr(polqual, polrelid) FROM pg_policy ORDER BY 1"
        assert before.ask(walls) == after.ask(walls)
        assert len(after.ask(walls)) > 20
    signed_in = subprocess.run(
        [str(VENV_PYTHON), "-c", SIGN_IN], cwd=ROOT, env=environment(name), capture_output=True, text=True, check=True
    )
    assert signed_in.stdout.split()[-2:] == ["200", "/o/obsidian/today/"], signed_in
    runtime = Database.at(address("DATABASE_URL", name))
    with pytest.raises(Trouble, match="permission denied"):
        runtime.ask("TRUNCATE tenants_user CASCADE")


def test_a_backup_is_for_its_owner_alone_and_tells_what_it_holds(company: Database, saved: Path) -> None:
    assert saved.stat().st_mode & 0o777 == 0o600
    manifest = archive.check(saved)
    with session(company) as talk:
        assert manifest["tables"] == totals(talk)
        assert manifest["migrations"] == migrations(talk)
    assert manifest["salesops"] == archive.app_version()
    assert manifest["made_at"] == "2026-01-05T09:00:00+00:00"


def test_a_database_that_holds_anything_is_refused(saved: Path, into: Callable[[str], str]) -> None:
    name = into("taken")
    target = make_empty(name)
    with session(target) as talk:
        before = totals(talk)
    with pytest.raises(Trouble, match=r"is not empty\. A restore never overwrites"):
        restore.restore([str(saved)])
    with session(target) as talk:
        assert totals(talk) == before
    assert f"{name}_restoring" not in databases()


def test_a_restore_over_a_newer_schema_is_refused(saved: Path, into: Callable[[str], str]) -> None:
    target = make_empty(into("newer"))
    target.ask("INSERT INTO django_migrations (app, name, applied) VALUES ('funnel', '9999_of_next_year', now())")
    with pytest.raises(Trouble, match="it holds a newer salesops"):
        restore.restore([str(saved)])


def test_a_newer_backup_is_refused_before_anything_is_written(
    saved: Path, into: Callable[[str], str], tmp_path: Path
) -> None:
    into("older_code")
    before = databases()
    newer = rewritten(saved, tmp_path / "newer.backup", lambda m: m["migrations"].append("funnel.9999_of_next_year"))
    with pytest.raises(Trouble, match=r"made by a newer salesops .*funnel\.9999_of_next_year"):
        restore.restore([str(newer)])
    later = rewritten(saved, tmp_path / "later.backup", lambda m: m.update(format=2))
    with pytest.raises(Trouble, match="its form 2 is unknown"):
        restore.restore([str(later)])
    assert databases() == before


def test_an_older_backup_is_migrated_afterwards(into: Callable[[str], str], tmp_path: Path) -> None:
    old = make_empty(into("old"))
    manage(old.name, "migrate", "sessions", "zero", "--verbosity", "0")
    path = tmp_path / "old.backup"
    assert "sessions.0001_initial" not in archive.write(old, path, at=AT)["migrations"]
    name = into("brought_up")
    assert restore.restore([str(path)]) == 0
    with session(named(name)) as talk:
        assert "sessions.0001_initial" in migrations(talk)
        assert "django_session" in totals(talk)


@pytest.mark.parametrize("how", ["empty", "cut in the middle", "cut at the end", "a bit turned", "text", "no manifest"])
def test_a_damaged_file_is_refused_and_leaves_nothing(
    saved: Path, into: Callable[[str], str], tmp_path: Path, how: str
) -> None:
    into("damaged")
    whole = saved.read_bytes()
    turned = bytearray(whole)
    turned[len(whole) // 2] ^= 1
    damaged = tmp_path / "damaged.backup"
    contents = {
        "empty": b"",
        "cut in the middle": whole[: len(whole) // 2],
        "cut at the end": whole[:-1],
        "a bit turned": bytes(turned),
        "text": b"not a backup at all",
    }
    if how == "no manifest":
        with zipfile.ZipFile(damaged, "w") as out:
            out.writestr(archive.DUMP, b"")
    else:
        damaged.write_bytes(contents[how])
    before = databases()
    with pytest.raises(Trouble, match="is not a whole backup"):
        restore.restore([str(damaged)])
    assert databases() == before


def test_what_differs_from_its_count_is_thrown_away(saved: Path, into: Callable[[str], str], tmp_path: Path) -> None:
    into("miscounted")
    before = databases()

    def miscount(manifest: dict[str, Any]) -> None:
        manifest["tables"]["tenants_user"]["sum"] += 1

    with pytest.raises(Trouble, match="differs from what the backup counted, in: tenants_user"):
        restore.restore([str(rewritten(saved, tmp_path / "wrong.backup", miscount))])
    assert databases() == before


def test_an_older_server_and_older_programs_are_named(
    saved: Path, into: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into("versions")
    with pytest.raises(Trouble, match=r"PostgreSQL 99 is in use, and the newest pg_restore here is of version \d+"):
        restore.restore([str(rewritten(saved, tmp_path / "a.backup", lambda m: m.update(postgres=99)))])
    monkeypatch.setattr(Database, "major", lambda _self: 14)
    with pytest.raises(Trouble, match="this server is of version 14"):
        restore.restore([str(saved)])


def test_what_a_killed_restore_left_is_cleared_and_another_key_is_told(
    saved: Path, into: Callable[[str], str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = into("again")
    monkeypatch.setenv("SECRET_KEY", "another")
    named("postgres").ask(f'CREATE DATABASE "{name}_restoring"')
    assert restore.restore([str(saved)]) == 0
    assert f"{name}_restoring" not in databases()
    assert "made under another SECRET_KEY" in capsys.readouterr().out


# -- making them --------------------------------------------------------------------------------------


@pytest.fixture
def kept(company: Database, into: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the backups of the demo company."""
    for key, value in environment(company.name, BACKUP_DIR=str(tmp_path / "kept")).items():
        monkeypatch.setenv(key, value)
    return tmp_path / "kept"


def programs(folder: Path, pg_dump: str) -> Path:
    """PostgreSQL's programs, with another pg_dump."""
    folder.mkdir()
    real = Path(client("pg_dump", named("postgres").major())).parent
    for name in ("psql", "pg_restore"):
        (folder / name).symlink_to(real / name)
    script = folder / "pg_dump"
    script.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exec "{real}/pg_dump" --version\n{pg_dump}\n')
    script.chmod(0o755)
    return folder


def test_a_backup_is_made_read_again_and_named_last(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert backup.backup([]) == 0
    assert "Backed up and read again" in capsys.readouterr().out
    assert backup.backup([]) == 0, "two in a second do not overwrite each other"
    first, _second = archive.complete(kept)
    assert archive.check(first)
    assert not [path for path in kept.iterdir() if path.suffix == ".partial"]
    assert kept.stat().st_mode & 0o777 == 0o700


def test_a_backup_killed_half_way_leaves_nothing_that_looks_whole(kept: Path, tmp_path: Path) -> None:
    slow = programs(tmp_path / "slow", "printf 'PGDMP'; exec sleep 60")
    env = {**os.environ, "SALESOPS_PG_BIN": str(slow)}
    running = subprocess.Popen([sys.executable, "-m", "tools", "backup"], cwd=ROOT, env=env, start_new_session=True)
    until = time.monotonic() + 20
    while not list(kept.glob("*.partial")) and time.monotonic() < until:
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert [path.suffix for path in kept.glob("salesops*")] == [".partial"]
    assert archive.complete(kept) == []
    assert backup.healthy(AT) == 1
    with (kept / ".lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # who was killed while it started the dump may take a moment to go
    backup.make()
    assert len(archive.complete(kept)) == len(list(kept.glob("salesops*"))) == 1


def test_a_dump_that_fails_leaves_no_file(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "SALESOPS_PG_BIN", str(programs(tmp_path / "bad", "printf PGDMP; echo 'out of luck' >&2; exit 1"))
    )
    with pytest.raises(Trouble, match="pg_dump failed: out of luck"):
        backup.make()
    monkeypatch.setenv("SALESOPS_PG_BIN", str(programs(tmp_path / "lying", "printf PGDMP; exit 0")))
    with pytest.raises(Trouble, match="pg_restore failed"):
        backup.make()
    assert list(kept.glob("salesops*")) == []


def test_a_full_disk_is_named_and_nothing_is_left(kept: Path) -> None:
    def no_larger_than_this() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(
        [sys.executable, "-m", "tools", "backup"],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        preexec_fn=no_larger_than_this,
        check=False,
    )
    assert done.returncode == 1
    assert "is full; the backup was broken off and removed" in done.stderr
    assert list(kept.glob("salesops*")) == []


def test_programs_older_than_the_server_are_named(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = programs(tmp_path / "old", "")
    (old / "pg_dump").write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 12.3'\n")
    monkeypatch.setenv("SALESOPS_PG_BIN", str(old))
    with pytest.raises(Trouble, match=r"PostgreSQL \d+ is in use, and the newest pg_dump here is of version 12"):
        backup.make()


def test_a_database_without_salesops_is_not_backed_up(into: Callable[[str], str], tmp_path: Path) -> None:
    name = into("nothing")
    named("postgres").ask(f'CREATE DATABASE "{name}"')
    with pytest.raises(Trouble, match="holds no salesops"):
        archive.write(named(name), tmp_path / "none.backup", at=AT)
    assert list(tmp_path.iterdir()) == []


def test_only_one_backup_at_a_time(kept: Path) -> None:
    kept.mkdir()
    with backup.alone(kept), pytest.raises(Trouble, match="Another backup is being made"):
        backup.make()


# -- each night ---------------------------------------------------------------------------------------


def test_it_is_due_once_a_day_and_at_once_where_one_was_missed(tmp_path: Path) -> None:
    noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert backup.is_due(noon, [], 2, 30)
    assert not backup.is_due(noon, [tmp_path / "salesops-20260105-023001.backup"], 2, 30)
    assert backup.is_due(noon, [tmp_path / "salesops-20260105-022900.backup"], 2, 30)
    early = datetime(2026, 1, 5, 1, tzinfo=UTC)
    assert not backup.is_due(early, [tmp_path / "salesops-20260104-023001.backup"], 2, 30)
    assert backup.is_due(early, [tmp_path / "salesops-20260103-235900.backup"], 2, 30)


def test_the_oldest_go_and_strangers_stay(tmp_path: Path) -> None:
    names = [f"salesops-202601{day:02}-023000.backup" for day in range(1, 6)]
    for name in [*names, "salesops-before-the-move.backup", "notes.txt"]:
        (tmp_path / name).touch()
    backup.rotate(archive.complete(tmp_path), 2)
    assert {path.name for path in tmp_path.iterdir()} == {
        *names[-2:],
        "salesops-before-the-move.backup",
        "notes.txt",
    }


def test_the_newest_backup_must_be_young(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKUP_DIR", str(tmp_path))
    (tmp_path / "salesops-20260104-080000.backup").touch()
    assert backup.healthy(datetime(2026, 1, 5, 9, 59, tzinfo=UTC)) == 0
    assert backup.healthy(datetime(2026, 1, 5, 10, 1, tzinfo=UTC)) == 1


@pytest.mark.parametrize(
    ("name", "value"), [("BACKUP_AT", "25:00"), ("BACKUP_AT", "soon"), ("BACKUP_KEEP", "0"), ("BACKUP_KEEP", "many")]
)
def test_a_wrong_setting_of_the_nights_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Trouble, match=f"{name}={value}"):
        backup.nightly()
