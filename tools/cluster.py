"""A private PostgreSQL: made, started, adopted and stopped by us, reachable from this machine only.

Passwords (scram) for everyone, no Unix socket, a port of its own. As root the server runs under an
ordinary account, because PostgreSQL refuses to be root.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.binaries import find_binaries, plain_environment, version_of
from tools.files import locked, write_private
from tools.places import var
from tools.ports import HOST, free_port, port_is_free
from tools.processes import birth, wait_gone
from tools.system_account import Account, server_account
from tools.trouble import Trouble, demand_space

OWNER_ROLE = "salesops_owner"
RUNTIME_ROLE = "salesops"
DATABASE = "salesops"

ELSEWHERE = Path("/var/lib/salesops")
"""Where root keeps the data of a checkout that an ordinary account cannot enter (say, /root/salesops)."""

SETTINGS = """
# --- salesops: a private server, see tools/cluster.py ---
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
shared_buffers = '128MB'
log_line_prefix = '%m [%p] %u@%d '
"""

DISCREET = ("-c", "log_error_verbosity=terse", "-c", "log_min_error_statement=panic")
"""What the server logs of an error: its kind alone. The statement and its details hold what customers typed; salesops
logs the rest. Said at each start, so that older data folders are served so too."""

PROMPT = ("-c", "autovacuum_naptime=10s")
"""Statistics follow within seconds when an import fills a table, so that what is asked meanwhile is planned for it."""

DURABLE = "max_connections = 60\n"
THROW_AWAY = """max_connections = 300
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
"""


@dataclass
class Cluster:
    """One private server. ``name`` is its folder in var/; ``durable=False`` trades safety for speed (tests)."""

    name: str = "postgres"
    durable: bool = True
    account: Account = field(default_factory=server_account)
    state: dict[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    # -- where things are ---------------------------------------------------------------------

    @property
    def state_file(self) -> Path:
        """Passwords, port and place of the data; readable by its owner alone."""
        return var() / f"{self.name}.json"

    @property
    def log(self) -> Path:
        """What the server says."""
        return var() / "log" / f"{self.name}.log"

    @property
    def data(self) -> Path:
        """The folder of the data."""
        return Path(self.state["data"])

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.state["port"])

    def url(self, role: str = RUNTIME_ROLE, database: str = DATABASE) -> str:
        """Address with password, as DATABASE_URL wants it."""
        return f"postgres://{role}:{self.state['passwords'][role]}@{HOST}:{self.port}/{database}"

    # -- start --------------------------------------------------------------------------------

    def start(self) -> None:
        """Make it if need be, and see that it runs; a running one is adopted. Safe to call from several at once."""
        with locked(var() / f"{self.name}.lock"):
            self._load()
            if not self.state.get("ready"):
                self._create()
            self._launch()

    def load(self) -> bool:
        """Read the state of an existing cluster; False when there is none yet."""
        self._load()
        return bool(self.state.get("ready"))

    def _load(self) -> None:
        if self.state_file.exists():
            try:
                self.state = json.loads(self.state_file.read_text(encoding="utf-8"))
            except PermissionError:
                raise Trouble(
                    f"{self.state_file} belongs to another account: salesops was started here by another user.",
                    f"start it as that user again (root: sudo make run), or move {var()} away to start anew.",
                ) from None
            except ValueError:
                raise Trouble(f"{self.state_file} is damaged.", "restore it from a backup.") from None

    def _save(self) -> None:
        write_private(self.state_file, json.dumps(self.state, indent=2) + "\n")

    def _choose_data(self) -> Path:
        if self.account.can_enter(var()):
            return var() / self.name
        ELSEWHERE.mkdir(mode=0o755, parents=True, exist_ok=True)
        return ELSEWHERE / f"{self.name}-{secrets.token_hex(6)}"

    def _create(self) -> None:
        """Make the data folder, the roles and the database. What a broken-off attempt left is cleared first."""
        if "data" not in self.state:
            data = self._choose_data()
            if (data / "PG_VERSION").exists():
                raise Trouble(
                    f"{data} holds a database, but {self.state_file.name} with its passwords is missing.",
                    f"restore {self.state_file} from a backup, or move {data} away to start with an empty one.",
                )
            roles = ("postgres", OWNER_ROLE, RUNTIME_ROLE)
            passwords = {role: secrets.token_urlsafe(24) for role in roles}
            self.state = {"ready": False, "data": str(data), "port": free_port(), "passwords": passwords}
            self._save()
        elif self._running_pid():
            self.stop()
        demand_space(var(), 400)
        if self.data.exists():
            shutil.rmtree(self.data)
        binaries = self._binaries(find_binaries(None))
        self.data.mkdir(mode=0o700)
        os.chown(self.data, self.account.uid, self.account.gid)
        self._initdb(binaries)
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write(SETTINGS + (DURABLE if self.durable else THROW_AWAY))
        self._launch()
        owner, runtime = (self.state["passwords"][role] for role in (OWNER_ROLE, RUNTIME_ROLE))
        self.sql(
            f"CREATE ROLE {OWNER_ROLE} LOGIN CREATEDB NOSUPERUSER NOCREATEROLE BYPASSRLS PASSWORD '{owner}';"
            f"CREATE ROLE {RUNTIME_ROLE} LOGIN NOCREATEDB NOSUPERUSER NOCREATEROLE NOBYPASSRLS PASSWORD '{runtime}';"
        )
        self.sql(f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}")
        self.state["ready"] = True
        self._save()

    def _initdb(self, binaries: Path) -> None:
        password = self.data.with_name(f"{self.data.name}.pw")
        write_private(password, self.state["passwords"]["postgres"])
        os.chown(password, self.account.uid, self.account.gid)
        locale = ["--locale=C"]
        if version_of(binaries) >= 17:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = [str(binaries / "initdb"), "-D", str(self.data), "-U", "postgres", "-A", "scram-sha-256"]
        command += ["--pwfile", str(password), "-E", "UTF8", *locale, "--no-instructions"]
        command += ["--data-checksums"] if self.durable else ["--no-sync"]
        try:
            made = subprocess.run(
                command,
                capture_output=True,
                text=True,
                cwd="/",
                env=plain_environment(),
                check=False,
                **self.account.as_arguments(),
            )
        finally:
            password.unlink()
        if made.returncode:
            raise Trouble(
                f"PostgreSQL could not make its data folder {self.data}:\n{(made.stderr or made.stdout).strip()}",
                "mend what it says (a full disk is the usual cause), then start again.",
            )

    def _binaries(self, found: Path) -> Path:
        """The binaries, copied to where the account can read them if it cannot enter the checkout."""
        if self.account.can_enter(found):
            return found
        version = subprocess.run([found / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
        copy = ELSEWHERE / f"server-{re.sub(r'[^0-9.]+', '', version)}-{os.uname().machine}"
        package = found.parent.parent
        if not copy.exists():
            ELSEWHERE.mkdir(mode=0o755, parents=True, exist_ok=True)
            beside = copy.with_name(f"{copy.name}.{os.getpid()}.new")
            shutil.copytree(found.parent, beside / package.name / found.parent.name, symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")  # where the programs of the wheel look for theirs
            if libraries.exists():
                shutil.copytree(libraries, beside / libraries.name, symlinks=True)
            for folder in (beside, beside / package.name):
                folder.chmod(0o755)
            try:
                beside.replace(copy)
            except OSError:  # somebody else was faster
                shutil.rmtree(beside)
        return copy / package.name / found.parent.name / "bin"

    def _launch(self) -> None:
        """Start the server on its remembered port, or on another if that was taken; adopt one that runs."""
        if self._adopt():
            return
        demand_space(var(), 100)
        needed = int((self.data / "PG_VERSION").read_text().strip())
        self.state["bin"] = str(self._binaries(find_binaries(needed)))
        self.log.parent.mkdir(exist_ok=True)
        for _attempt in range(20):
            if not port_is_free(self.port):
                self.state["port"] = free_port()
            self._save()
            began = self.log.stat().st_size if self.log.exists() else 0
            self._forget_stale_pid()
            if self.process:
                self.process.poll()  # an earlier one, ended by somebody else
            with self.log.open("ab") as log:
                server = subprocess.Popen(
                    [f"{self.state['bin']}/postgres", "-D", str(self.data), "-p", str(self.port), *DISCREET, *PROMPT],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    env=plain_environment(),
                    start_new_session=True,
                    **self.account.as_arguments(),
                )
            self.process = server
            try:
                if self._await_ready(server):
                    return
            except BaseException:
                server.send_signal(signal.SIGINT)
                server.wait()
                raise
            said = self.log.read_bytes()[began:].decode(errors="replace")
            # After kill -9 the old server's last children hold its memory for a moment; a port can be lost in a race.
            if "still in use" not in said and "already in use" not in said and "already exists" not in said:
                break
            time.sleep(0.5)
        raise Trouble(
            f"PostgreSQL did not start. It said:\n{said.strip()[-2000:]}",
            f"mend what it says, then start again; everything it said is in {self.log}.",
        )

    def _adopt(self) -> bool:
        """Whether a server of this data runs and answers; one that is just dying is waited for."""
        until = time.monotonic() + 10
        while pid := self._running_pid():
            if self._await_ready(None):
                with contextlib.suppress(Trouble):
                    return bool(self.sql("SELECT 1"))
            if time.monotonic() > until:
                raise Trouble(
                    f"A PostgreSQL server (process {pid}) runs on {self.data} but does not answer.",
                    f"look at {self.log}; stop that process, then start again.",
                )
            time.sleep(0.1)
        return False

    def _pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except (OSError, KeyError):
            return []

    def _running_pid(self) -> int:
        """Number of the server process of this very data folder; 0 when none runs."""
        lines = self._pid_file()
        if len(lines) < 4 or not lines[0].strip().isdigit():
            return 0
        pid = int(lines[0])
        if not birth(pid) or not is_server_of(pid, self.data):
            return 0
        self.state["port"] = int(lines[3])
        return pid

    def _forget_stale_pid(self) -> None:
        """Remove a pid file whose number now belongs to some other program: PostgreSQL would refuse to start."""
        lines = self._pid_file()
        if lines and lines[0].strip().isdigit() and birth(int(lines[0])) and not self._running_pid():
            (self.data / "postmaster.pid").unlink()

    def _await_ready(self, server: subprocess.Popen[bytes] | None, seconds: float = 60) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            lines = self._pid_file()
            if server is not None and server.poll() is not None:
                return False
            ours = server is None or (lines and lines[0].strip() == str(server.pid))
            if ours and len(lines) >= 8 and lines[7].strip() == "ready":
                return True
            if server is None and not self._running_pid():
                return False
            time.sleep(0.02)
        return False

    # -- use ----------------------------------------------------------------------------------

    def sql(self, statements: str, database: str = "postgres", role: str = "postgres") -> str:
        """Run SQL with the server's own psql; the answer unaligned, a line per row. Raises Trouble."""
        command = [f"{self.state['bin']}/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        where = {"PGHOST": HOST, "PGPORT": str(self.port), "PGUSER": role, "PGDATABASE": database}
        secret = {"PGPASSWORD": self.state["passwords"][role], "PGCONNECT_TIMEOUT": "10"}
        done = subprocess.run(
            command,
            input=statements,
            capture_output=True,
            text=True,
            env=plain_environment(**where, **secret),
            check=False,
        )
        if done.returncode:
            raise Trouble(f"PostgreSQL refused: {done.stderr.strip()}", f"look at {self.log}.")
        return done.stdout

    def environment(self) -> dict[str, str]:
        """The addresses that the application reads."""
        return {"DATABASE_URL": self.url(), "DATABASE_OWNER_URL": self.url(OWNER_ROLE)}

    # -- stop ---------------------------------------------------------------------------------

    def stop(self, seconds: float = 20) -> None:
        """Shut it down in good order; at once and without order only when that takes too long."""
        if pid := self._running_pid():
            born = birth(pid)
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
                if wait_gone(pid, born, seconds):
                    break
                seconds = 5
        if self.process:
            self.process.poll()  # collects our own child, which stays a zombie until then

    def is_running(self) -> bool:
        """Whether the server of this data folder runs now."""
        if self.process:
            self.process.poll()
        return bool(self.state) and bool(self._running_pid())


def is_server_of(pid: int, data: Path) -> bool:
    """Whether process ``pid`` is a PostgreSQL server of this data folder."""
    try:
        return os.path.samefile(f"/proc/{pid}/cwd", data)
    except OSError:
        shown = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return str(data) in shown.stdout


def outside(environment: Mapping[str, str]) -> bool:
    """Whether the environment names servers of its own; raises Trouble when it names only one of the two roles."""
    named = [key for key in ("DATABASE_URL", "DATABASE_OWNER_URL") if environment.get(key)]
    if len(named) == 1:
        raise Trouble(
            f"Only {named[0]} is set; salesops needs two roles.",
            "set both DATABASE_URL (the runtime role) and DATABASE_OWNER_URL (the owner role), or neither.",
        )
    return bool(named)
