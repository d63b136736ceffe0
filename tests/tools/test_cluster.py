"""The private PostgreSQL: its roles, its port, its data, under every account and in every place."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tools import cluster as clusters
from tools.binaries import find_binaries
from tools.cluster import OWNER_ROLE, RUNTIME_ROLE, Cluster, outside
from tools.places import ROOT
from tools.system_account import Account, server_account
from tools.trouble import Trouble


@pytest.fixture
def server(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A started server of its own."""
    monkeypatch.setenv("VAR_DIR", str(open_folder / "資料 一"))
    started: list[Cluster] = []
    start = Cluster.start

    def noted(self: Cluster) -> None:
        started.append(self)
        start(self)

    monkeypatch.setattr(Cluster, "start", noted)
    made = Cluster()
    made.start()
    yield made
    for one in started:
        one.stop()


def kept(server: Cluster) -> str:
    """Write a row as owner and read it back with the server's own client."""
    return server.sql("CREATE TABLE IF NOT EXISTS t (x int); INSERT INTO t VALUES (1); SELECT count(*) FROM t")


def test_two_roles_and_only_passwords(server: Cluster) -> None:
    rows = server.sql(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles"
        " WHERE rolname LIKE 'salesops%' ORDER BY 1"
    ).split()
    assert rows == [f"{RUNTIME_ROLE}|f|f|f|f", f"{OWNER_ROLE}|f|t|t|f"]
    owner = server.sql("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'salesops'")
    assert owner.strip() == OWNER_ROLE
    with psycopg2.connect(server.url()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('password_encryption')")
        assert cursor.fetchone() == (RUNTIME_ROLE, "scram-sha-256")
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(server.url().replace(server.state["passwords"][RUNTIME_ROLE], "wrong"))
    rules = server.sql("SELECT DISTINCT auth_method FROM pg_hba_file_rules").split()
    assert rules == ["scram-sha-256"]


def test_only_this_machine_is_served_and_nothing_is_lost(server: Cluster) -> None:
    asked = ("listen_addresses", "unix_socket_directories", "fsync", "synchronous_commit", "full_page_writes")
    said = server.sql("".join(f"SHOW {name};" for name in asked)).splitlines()
    assert said == ["127.0.0.1", "", "on", "on", "on"]
    assert server.sql("SELECT lower('ÄÖ')").strip() == "äö"


def test_the_log_of_the_server_holds_no_customers_words(server: Cluster) -> None:
    server.sql("CREATE TABLE words (word text PRIMARY KEY); GRANT ALL ON words TO salesops", "salesops")
    with psycopg2.connect(server.url()) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO words VALUES ('canary')")
    with (
        pytest.raises(psycopg2.errors.UniqueViolation, match="canary"),
        psycopg2.connect(server.url()) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("INSERT INTO words VALUES ('canary')")
    said = server.log.read_text(encoding="utf-8")
    assert "duplicate key" in said
    assert "canary" not in said


def test_a_second_start_adopts_and_keeps(server: Cluster) -> None:
    assert kept(server).strip() == "1"
    again = Cluster()
    again.start()
    assert again.url() == server.url()
    again.stop()
    assert not server.is_running()
    server.start()
    assert kept(server).strip() == "2"


def test_kill_9_is_survived(server: Cluster) -> None:
    kept(server)
    assert server.process
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    again = Cluster()
    again.start()
    assert kept(again).strip() == "2"


def test_a_pid_file_that_names_another_program_does_not_bar_the_start(server: Cluster) -> None:
    server.stop()
    lines = [str(os.getpid()), str(server.data), "0", str(server.port), "", "127.0.0.1", "", "ready"]
    stale = server.data / "postmaster.pid"
    stale.write_text("\n".join(lines))
    stale.chmod(0o600)
    os.chown(stale, server.account.uid, server.account.gid)
    server.start()
    assert kept(server).strip() == "1"


def test_a_port_taken_meanwhile_is_exchanged(server: Cluster) -> None:
    server.stop()
    before = server.port
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", before))
        other.listen()
        server.start()
        assert server.port != before
        assert kept(server).strip() == "1"


def test_a_broken_off_first_start_is_begun_anew(server: Cluster) -> None:
    server.stop()
    server.state["ready"] = False
    server._save()
    again = Cluster()
    again.start()
    assert kept(again).strip() == "1"


def test_data_without_its_passwords_is_not_touched(server: Cluster) -> None:
    server.stop()
    server.state_file.unlink()
    with pytest.raises(Trouble, match="passwords is missing"):
        Cluster().start()
    assert (server.data / "PG_VERSION").exists()


def test_data_of_a_version_that_is_not_here_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Trouble, match="written by PostgreSQL 14"):
        find_binaries(14)
    monkeypatch.setenv("SALESOPS_PG_BIN", "/nowhere")
    with pytest.raises(Trouble, match="No PostgreSQL 15 or newer") as found:
        find_binaries(None)
    assert "apt install postgresql" in found.value.do


def test_one_address_without_the_other_is_refused() -> None:
    assert not outside({})
    assert outside({"DATABASE_URL": "a", "DATABASE_OWNER_URL": "b"})
    with pytest.raises(Trouble, match="two roles"):
        outside({"DATABASE_OWNER_URL": "b"})


def ordinary_python() -> str:
    """A Python that an account other than root can start."""
    fitting = "import sys; sys.exit(sys.version_info < (3, 11))"
    for python in (sys.executable, *(f"/usr/bin/python3{minor}" for minor in (".13", ".12", ".11", ""))):
        try:
            if subprocess.run([python, "-c", fitting], cwd="/", check=False, **as_nobody()).returncode == 0:
                return python
        except OSError:
            continue
    pytest.fail("no Python 3.11 that an ordinary account can start: apt-get install python3")


def as_nobody() -> dict[str, Any]:
    """Arguments that make a child an ordinary account; none when we are one."""
    if os.geteuid():
        return {}
    entry = pwd.getpwnam("nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def test_an_ordinary_account_can_do_it_all(open_folder: Path) -> None:
    shutil.copytree(ROOT / "tools", open_folder / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    own = open_folder / "var"
    own.mkdir()
    if who := as_nobody():
        os.chown(own, who["user"], who["group"])
    program = (
        "from tools.cluster import Cluster\nc = Cluster()\nc.start()\n"
        "try:\n    print(c.sql('SELECT 40 + 2'))\nfinally:\n    c.stop()\n"
    )
    binaries = find_binaries(None)
    done = subprocess.run(
        [ordinary_python(), "-c", program],
        cwd=open_folder,
        env={"PATH": os.environ["PATH"], "VAR_DIR": str(own), "SALESOPS_PG_BIN": str(binaries), "HOME": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
        **as_nobody(),
    )
    assert done.stderr == ""
    assert done.stdout.strip() == "42"


def test_data_and_binaries_go_elsewhere_when_the_checkout_is_closed(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under /root, which the account of the server cannot enter."""
    elsewhere = open_folder / "elsewhere"
    monkeypatch.setenv("VAR_DIR", str(open_folder / "var"))
    monkeypatch.setattr(clusters, "ELSEWHERE", elsewhere)
    monkeypatch.setattr(Account, "can_enter", lambda _account, _folder: False)
    server = Cluster()
    try:
        server.start()
        assert server.data.parent == elsewhere
        assert Path(server.state["bin"]).is_relative_to(elsewhere)
        assert server.data.stat().st_mode & 0o777 == 0o700
        assert kept(server).strip() == "1"
        server.stop()
        again = Cluster()
        again.start()
        assert kept(again).strip() == "2"
        again.stop()
    finally:
        server.stop()


def test_a_closed_folder_is_seen() -> None:
    closed = Path(tempfile.mkdtemp(prefix="salesops-closed-"))
    closed.chmod(0)
    who = as_nobody()
    account = Account("nobody", who["user"], who["group"]) if who else server_account()
    assert not account.can_enter(closed)
    assert account.can_enter(Path("/"))
    closed.rmdir()
