"""``make run``: everything that salesops needs, started in order, watched, and stopped together."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any, NoReturn
from urllib.parse import urlsplit

from tools.cluster import DATABASE, OWNER_ROLE, Cluster, outside
from tools.environment import build
from tools.files import write_private
from tools.keys import secret_key
from tools.places import ROOT, VENV, VENV_PYTHON, var
from tools.ports import HOST, port_is_free
from tools.processes import alive, birth, end_group
from tools.schema import schema_fingerprint
from tools.trouble import Trouble, demand_space, say

FIRST_PORT = 8000
PORTS_TO_TRY = 50
LARGEST_LOG = 20_000_000

# The three programs, as docker-compose.yml starts them too; how they work is said by gunicorn.conf.py and the settings.
WEB = ["gunicorn", "salesops.wsgi"]
_CELERY = ["celery", "-A", "salesops", "--quiet"]
WORKER = [*_CELERY, "worker", "--without-gossip", "--without-mingle", "--hostname=salesops@localhost"]
BEAT = [*_CELERY, "beat", "--pidfile="]


class Stop(BaseException):
    """We were asked to stop (Ctrl-C, SIGTERM, the terminal closed)."""


@dataclass
class Child:
    """A program that must keep running: started again when it ends, and its words kept in a log."""

    name: str
    command: list[str]
    env: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    starts: list[float] = field(default_factory=list)
    due: float = 0.0

    @property
    def log(self) -> Path:
        """What it says."""
        return var() / "log" / f"{self.name}.log"

    def start(self) -> None:
        """Start it as the leader of a process group of its own."""
        self.starts.append(time.monotonic())
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )

    def tail(self, lines: int = 15) -> str:
        """The last lines it said."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


def end_with_parent() -> None:
    """Ask Linux to send SIGTERM to this process when its parent dies, even by kill -9."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def ask_to_stop(_number: int, _frame: FrameType | None) -> NoReturn:
    """Turn a signal into Stop, once; later ones are ignored so that the stop itself is not broken off."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise Stop


# -- one at a time ----------------------------------------------------------------------------------


@contextlib.contextmanager
def alone() -> Iterator[IO[str]]:
    """Be the only supervisor of this checkout; what a killed one left behind is ended first."""
    with (var() / "run.lock").open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            known = read_record()
            raise Trouble(
                f"salesops already runs here{': ' + known['address'] if known.get('address') else ''}"
                f" (process {known.get('supervisor', 'unknown')}).",
                "open that address, or stop it first (Ctrl-C in its terminal).",
            ) from None
        end_orphans()
        try:
            yield handle
        finally:
            (var() / "run.json").unlink(missing_ok=True)


def read_record() -> dict[str, Any]:
    """What the supervisor wrote about itself and its children; empty when there is nothing."""
    try:
        found: dict[str, Any] = json.loads((var() / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def write_record(address: str, children: Sequence[Child]) -> None:
    """Write down who runs, for the one that starts after a kill -9."""
    running = [[c.process.pid, birth(c.process.pid)] for c in children if c.process]
    record = {"supervisor": os.getpid(), "address": address, "children": running}
    write_private(var() / "run.json", json.dumps(record) + "\n")


def end_orphans() -> None:
    """End the children of a supervisor that was killed."""
    for pid, born in read_record().get("children", []):
        if alive(pid, born):
            say(f"Ending process {pid}, left over from a start that was killed …")
            end_group(pid, born, seconds=5)


# -- before the first page ----------------------------------------------------------------------------


def choose_port() -> int:
    """The port of PORT, which must be free; else the first free one from 8000 on."""
    demanded = os.environ.get("PORT")
    if demanded:
        if not demanded.isdigit() or not 0 < int(demanded) < 65536:
            raise Trouble(f"PORT={demanded} is not a port.", "choose a number from 1024 to 65535: make run PORT=8080")
        if not port_is_free(int(demanded)):
            raise Trouble(
                f"Port {demanded} is taken by another program, or you may not use it.",
                f"stop that program, or choose another port: make run PORT={next_free(int(demanded) + 1)}; "
                "without PORT the next free one is taken.",
            )
        return int(demanded)
    return next_free(FIRST_PORT)


def next_free(first: int) -> int:
    """The first free port from ``first`` on."""
    for port in range(first, min(first + PORTS_TO_TRY, 65536)):
        if port_is_free(port):
            return port
    raise Trouble(
        f"All ports from {first} to {first + PORTS_TO_TRY - 1} are taken.",
        "choose another one: make run PORT=9000",
    )


def run_environment(cluster: Cluster | None, port: int) -> dict[str, str]:
    """What the three programs and the commands read."""
    own = {} if cluster is None else cluster.environment()
    defaults = {"ALLOWED_HOSTS": "localhost,127.0.0.1", "BASE_URL": f"http://localhost:{port}"}
    fixed = {
        "DJANGO_SETTINGS_MODULE": "salesops.settings",
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        "SECRET_KEY": secret_key(),
        "VAR_DIR": str(var()),
    }
    return {**defaults, **os.environ, **own, **fixed}


def manage(env: dict[str, str], *words: str, quiet: bool = False) -> None:
    """Run one of Django's commands; raises Trouble with what it said."""
    done = subprocess.run(
        [str(VENV_PYTHON), "manage.py", *words],
        cwd=ROOT,
        env=env,
        stdout=subprocess.DEVNULL if quiet else None,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Trouble(
            f"manage.py {' '.join(words)} failed:\n{done.stderr.strip()[-3000:]}",
            "mend what it says, then start again.",
        )


def read_notes(cluster: Cluster) -> dict[str, Any]:
    """What was done to this database; kept in its comment, so that a restored one tells the truth."""
    said = cluster.sql(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()", DATABASE
    )
    try:
        notes: dict[str, Any] = json.loads(said)
    except ValueError:
        return {}
    return notes


def write_notes(cluster: Cluster, notes: dict[str, Any]) -> None:
    """Keep what was done to this database."""
    cluster.sql(f"COMMENT ON DATABASE {DATABASE} IS $notes${json.dumps(notes)}$notes$", DATABASE, OWNER_ROLE)


def prepare(cluster: Cluster | None, env: dict[str, str]) -> None:
    """Bring catalogues, static files, schema and (on a private server's first start) the demo company up to date."""
    if stale_catalogues():
        say("Compiling translations …")
        manage(env, "messages", "compile")
    collect(env)
    if cluster is None:
        manage(env, "migrate", "--verbosity", "0")
        if wants_demo(env, private=False):
            manage(env, "demo", "--if-empty", quiet=True)
        return
    notes, wanted = read_notes(cluster), schema_fingerprint()
    if notes.get("schema") != wanted:
        say("Preparing the database …")
        manage(env, "migrate", "--verbosity", "0")
        notes["schema"] = wanted
        write_notes(cluster, notes)
    if not notes.get("demo") and wants_demo(env, private=True):
        say("Making the demo company (only on the first start) …")
        manage(env, "demo", "--if-empty", quiet=True)
        notes["demo"] = True
        write_notes(cluster, notes)


def wants_demo(env: dict[str, str], *, private: bool) -> bool:
    """Whether a demo company belongs here: as SALESOPS_DEMO says, else only where nobody but this machine comes in."""
    if said := env.get("SALESOPS_DEMO"):
        return said != "0"
    return private and urlsplit(env["BASE_URL"]).hostname in ("localhost", HOST, "::1")


def stale_catalogues() -> bool:
    """Whether a catalogue of translations is newer than its compiled form."""
    for po in ROOT.glob("*/locale/*/LC_MESSAGES/*.po"):
        mo = po.with_suffix(".mo")
        if not mo.exists() or mo.stat().st_mtime < po.stat().st_mtime:
            return True
    return False


def collect(env: dict[str, str]) -> None:
    """Put style sheets and scripts, compressed, where the web server takes them from; only when one has changed."""
    seen = hashlib.sha256((ROOT / "requirements.lock").read_bytes())
    for path in [ROOT / "salesops" / "static.py", *sorted((ROOT / "static").rglob("*"))]:
        if path.is_file():
            seen.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    stamp = var() / "static.sha256"
    if stamp.exists() and stamp.read_text(encoding="ascii") == seen.hexdigest() and (var() / "static").is_dir():
        return
    stamp.unlink(missing_ok=True)
    manage(env, "collectstatic", "--no-input", "--clear", "--verbosity", "0")
    stamp.write_text(seen.hexdigest(), encoding="ascii")


def fresh_broker() -> None:
    """An empty folder for the messages of the worker: those of an earlier start may be cut off half-way."""
    broker = var() / "broker"
    if broker.exists():
        shutil.rmtree(broker)
    for name in ("messages", "control"):
        (broker / name).mkdir(parents=True)


def turn_logs() -> None:
    """Start new logs and keep the ones of the last start."""
    folder = var() / "log"
    folder.mkdir(exist_ok=True)
    for name in ("web", "worker", "beat"):
        if (folder / f"{name}.log").exists():
            (folder / f"{name}.log").replace(folder / f"{name}.log.1")


def trim_logs() -> None:
    """Move what a log holds to its ``.1`` once it has grown large; its writer only appends and notices nothing."""
    for log in (var() / "log").glob("*.log"):
        if log.stat().st_size > LARGEST_LOG:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)


def programs(env: dict[str, str], port: int) -> list[Child]:
    """The three programs. None of them is told the owner's address: only migrations need it."""
    env = {key: value for key, value in env.items() if key != "DATABASE_OWNER_URL"} | {
        "PORT": str(port),
        "WEB_GRACE": "5",
    }
    web, worker, beat = ([str(VENV_PYTHON), "-m", *words] for words in (WEB, WORKER, BEAT))
    return [Child("web", web, env), Child("worker", worker, env), Child("beat", beat, env)]


# -- running ------------------------------------------------------------------------------------------


def answers(port: int) -> bool:
    """Whether a page is served; where it leads to does not matter here."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/", headers={"Host": f"localhost:{port}"})
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def await_page(web: Child, port: int, seconds: float = 60) -> None:
    """Wait for the first page; raises Trouble with the end of the log when there is none."""
    until = time.monotonic() + seconds
    while not answers(port):
        ended = web.process is None or web.process.poll() is not None
        if ended or time.monotonic() > until:
            raise Trouble(
                f"The web server does not serve pages. It said:\n{web.tail()}",
                f"mend what it says, then start again; everything it said is in {web.log}.",
            )
        time.sleep(0.1)


def watch(children: Sequence[Child], address: str, cluster: Cluster | None) -> NoReturn:
    """Start again whatever ends, with longer and longer pauses; only Stop ends this."""
    trim_due = 0.0
    while True:
        now = time.monotonic()
        if cluster and not cluster.is_running():
            port = cluster.port
            say(f"PostgreSQL ended; starting it again. See {cluster.log}")
            cluster.start()
            if cluster.port != port:
                raise Trouble("PostgreSQL ended, and its port was taken by another program.", "start salesops again.")
        for child in children:
            if child.process is None:
                if now >= child.due:
                    child.start()
                    write_record(address, children)
            elif child.process.poll() is not None:
                recent = [start for start in child.starts if now - start < 120]
                pause = 0.5 * 2 ** min(len(recent), 7) if len(recent) > 1 else 0.0
                say(f"{child.name} ended (exit code {child.process.returncode}); starting it again. See {child.log}")
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.process.pid, signal.SIGKILL)
                child.process, child.starts, child.due = None, recent, now + pause
        if now >= trim_due:
            trim_logs()
            trim_due = now + 60
        time.sleep(0.2)


def stop_all(children: Sequence[Child], seconds: float = 10) -> None:
    """Ask all to end at once, then wait; force those that do not."""
    running = [child.process for child in children if child.process and child.process.poll() is None]
    for process in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    until = time.monotonic() + seconds
    for process in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.1, until - time.monotonic()))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def run(_words: Sequence[str]) -> int:
    """``make run``."""
    began = time.monotonic()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ask_to_stop)
    try:
        with alone():
            serve(began)
    except Stop:
        say("Stopped.")
    return 0


def serve(began: float) -> None:
    """Start everything, and stop it all whatever happens."""
    cluster = None if outside(os.environ) else Cluster()
    children: list[Child] = []
    try:
        port = choose_port()
        build()
        demand_space(var(), 200)
        if cluster:
            cluster.start()
        env = run_environment(cluster, port)
        address = env["BASE_URL"]
        turn_logs()
        fresh_broker()
        prepare(cluster, env)
        children += programs(env, port)
        for child in children:
            child.start()
        write_record(address, children)
        await_page(children[0], port)
        say(f"\nsalesops runs at {address}   (ready in {time.monotonic() - began:.1f} s; Ctrl-C stops it)\n")
        if wants_demo(env, private=cluster is not None):
            manage(env, "demo", "--sign-ins")
        watch(children, address, cluster)
    except Stop:
        say("\nStopping …")
        raise
    finally:
        stop_all(children)
        if cluster and cluster.state:
            cluster.stop()


def demo_reset(_words: Sequence[str]) -> int:
    """``make demo-reset``: throw the demo company away and make it anew, whether salesops runs or not."""
    build()
    cluster = None if outside(os.environ) else Cluster()
    if cluster is None:
        manage(run_environment(None, FIRST_PORT), "demo", "--reset")
        return 0
    was_running = cluster.load() and cluster.is_running()
    cluster.start()
    try:
        env = run_environment(cluster, FIRST_PORT)
        notes, wanted = read_notes(cluster), schema_fingerprint()
        if notes.get("schema") != wanted:
            manage(env, "migrate", "--verbosity", "0")
        manage(env, "demo", "--reset")
        write_notes(cluster, {**notes, "schema": wanted, "demo": True})
    finally:
        if not was_running:
            cluster.stop()
    return 0
