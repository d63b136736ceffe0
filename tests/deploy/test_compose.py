"""The commands of docker-compose.yml, started as processes beside a real PostgreSQL and Redis, and probed.

What the file says is what runs: commands, environment, order and health checks are read from it.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deploy.compose import Refused, Site, compose, required
from tools import archive
from tools.binaries import plain_environment
from tools.cluster import DATABASE, DISCREET, OWNER_ROLE, PROMPT, RUNTIME_ROLE, Cluster
from tools.databases import Database
from tools.places import ROOT, VENV
from tools.ports import free_port

VARIABLES = {
    "SITE_HOST": "sales.example.com",
    "SECRET_KEY": "0123456789abcdef" * 4,
    "SALESOPS_OWNER_PASSWORD": "of-the-owner",
    "SALESOPS_PASSWORD": "of-the-runtime-role",
    "EMAIL_URL": "files",
}

SCRIPT = """
import django
django.setup()
from django.utils import timezone
from forecasting.actions import JOB
from jobs import actions
from tenants.actions import found_organization
from tenants.models import Organization, User
from tenants.scoping import working_for
now = timezone.now()
organization = Organization.objects.filter(slug="acme").first()
if organization is None:
    user = User.objects.create(email="boss@acme.example", name="Boss", language="en")
    organization = found_organization(user, name="Acme", language="en", at=now, slug="acme").organization
def start():
    with working_for(organization):
        return actions.enqueue(JOB, payload={"on": "2026-01-05"}, by=None, at=now).pk
print(start())
actions.wake = lambda *_: None  # a message that never arrives; the sweep is what is left
actions.LEASE = -actions.LEASE
print(start())
"""


def wait_for(what: Callable[[], bool], site: Site, *, seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain\n" + "\n".join(site.said(each)[-1500:] for each in site.services)
        time.sleep(0.1)


# -- the file alone -----------------------------------------------------------------------------------


def test_what_must_be_set() -> None:
    assert set(required()) == {*VARIABLES, "POSTGRES_PASSWORD"}


@pytest.mark.parametrize("name", [*VARIABLES, "POSTGRES_PASSWORD"])
def test_without_a_secret_nothing_starts_and_its_name_is_told(name: str) -> None:
    everything = {**VARIABLES, "POSTGRES_PASSWORD": "of-the-server"}
    assert compose(everything)
    for said in ({}, {name: ""}):
        with pytest.raises(Refused, match=f"set {name} in .env"):
            compose({key: value for key, value in everything.items() if key != name} | said)


def test_every_variable_is_explained_in_the_example() -> None:
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    offered = dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE))
    assert set(offered) == used
    assert [name for name in required() if offered[name]] == [], "no secret by default"
    services = compose({**VARIABLES, "POSTGRES_PASSWORD": "x"})["services"]
    ours = {name for service in ("web", "worker", "backup") for name in services[service]["environment"]}
    assert [name for name in sorted(ours) if name not in example] == []


def test_the_server_is_told_what_the_private_one_is_told() -> None:
    command = compose({**VARIABLES, "POSTGRES_PASSWORD": "x"})["services"]["postgres"]["command"]
    assert command == ["postgres", *DISCREET, *PROMPT]


def test_who_serves_pages_never_learns_the_owners_password() -> None:
    services = compose({**VARIABLES, "POSTGRES_PASSWORD": "of-the-server"})["services"]
    know = {name for name, service in services.items() if "of-the-owner" in json.dumps(service)}
    assert know == {"migrate", "backup", "postgres"}
    assert {name for name, service in services.items() if service.get("ports")} == {"caddy"}


def test_make_run_and_compose_start_the_same_programs() -> None:
    from tools import supervisor

    services = compose({**VARIABLES, "POSTGRES_PASSWORD": "of-the-server"})["services"]
    assert services["web"]["command"] == supervisor.WEB
    assert services["worker"]["command"] == supervisor.WORKER
    assert services["beat"]["command"] == supervisor.BEAT


def test_what_is_mounted_and_built_is_there() -> None:
    services = compose({**VARIABLES, "POSTGRES_PASSWORD": "of-the-server"})["services"]
    mounts = [mount for service in services.values() for mount in service.get("volumes", []) if mount.startswith("./")]
    assert [mount for mount in mounts if not (ROOT / mount.split(":")[0]).exists()] == []
    targets = set(re.findall(r"^FROM .* AS (\w+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {service["build"]["target"] for service in services.values() if "build" in service} <= targets


def test_the_image_runs_as_nobody_in_particular_and_takes_no_secrets_with_it() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes -r requirements.lock" in dockerfile
    for stage in re.split(r"^FROM ", dockerfile, flags=re.MULTILINE)[2:]:
        assert "USER 10001:10001" in stage or stage.startswith("app AS web")
    assert not re.search(r"(?i)(ARG|ENV)[^\n]*(secret|password|_key)", dockerfile)
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {".*", "**/.env*", "var", "tests"} <= set(ignored)


# -- the whole site -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Everything but Caddy, started in the order of the file."""
    folder = Path(tempfile.mkdtemp(prefix="salesops-"))
    folder.chmod(0o755)
    port, redis_port = free_port(), free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VAR_DIR", str(folder))
        cluster = Cluster(durable=False)
        cluster.start()
        read = compose({**VARIABLES, "POSTGRES_PASSWORD": cluster.state["passwords"]["postgres"], "BACKUP_KEEP": "2"})
        elsewhere = {
            "@postgres:5432": f"@127.0.0.1:{cluster.port}",
            "redis:6379": f"127.0.0.1:{redis_port}",
            "0.0.0.0:8000": f"127.0.0.1:{port}",
            "/var/lib/salesops": str(folder / "run"),
            "/backups": str(folder / "backups"),
        }
        made = Site(read["services"], elsewhere, folder)
        (folder / "run").mkdir()
        try:
            make_roles(cluster, made, read["configs"]["roles"]["content"])
            build_image_parts(made)
            start_in_order(made, redis_port)
            yield made
        finally:
            made.end_all()
            cluster.stop()
            shutil.rmtree(folder, ignore_errors=True)


def make_roles(cluster: Cluster, site: Site, script: str) -> None:
    """Let the file's own script make roles and database, as it does in an empty volume."""
    cluster.sql(f"DROP DATABASE {DATABASE}; DROP ROLE {OWNER_ROLE}; DROP ROLE {RUNTIME_ROLE};")
    binaries = f"{cluster.state['bin']}{os.pathsep}{os.environ['PATH']}"
    server = {"PGHOST": "127.0.0.1", "PGPORT": str(cluster.port), "PATH": binaries}
    site.services["postgres"]["environment"] |= server
    env = plain_environment(**server) | {k: str(v) for k, v in site.services["postgres"]["environment"].items()}
    subprocess.run(["sh"], input=script.replace("$$", "$"), env=env, text=True, check=True)


def build_image_parts(site: Site) -> None:
    """Do what the image does when it is built: without a secret, without a server."""
    found = re.search(
        r"STATIC_ROOT=(\S+) \S+python manage.py (collectstatic .*?) \\\n", (ROOT / "Dockerfile").read_text()
    )
    assert found
    env = {"PATH": os.environ["PATH"], "STATIC_ROOT": str(site.logs / "static")}
    subprocess.run([str(VENV / "bin" / "python"), "manage.py", *found[2].split()], cwd=ROOT, env=env, check=True)


def start_in_order(site: Site, redis_port: int) -> None:
    """Start each service when those it waits for are as the file demands."""
    more = {"redis": ["--port", str(redis_port), "--bind", "127.0.0.1", "--dir", str(site.logs)]}
    check = {"redis": ["-p", str(redis_port)]}
    waiting = ["redis", "migrate", "web", "worker", "beat", "backup"]
    while waiting:
        for name in list(waiting):
            needs = site.services[name].get("depends_on", {})
            if set(needs) & set(waiting):
                continue
            for other, demand in needs.items():
                if demand["condition"] == "service_healthy":
                    wait_for(lambda other=other: site.healthy(other, *check.get(other, [])), site)  # type: ignore[misc]
            site.start(name, *more.get(name, []))
            waiting.remove(name)
            if site.services[name].get("restart") == "no":
                assert site.running.pop(name).wait(60) == 0, site.said(name)


def ask(site: Site, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, str]:
    """Ask the web server as the proxy does."""
    given = {"Host": "sales.example.com", "X-Forwarded-Proto": "https", **headers}
    connection = http.client.HTTPConnection("127.0.0.1", port_of(site), timeout=20)
    try:
        connection.request("GET", path, headers={key: value for key, value in given.items() if value})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def port_of(site: Site) -> int:
    return int(site.environment("web")["BIND"].rpartition(":")[2])


def two_jobs(site: Site) -> list[str]:
    """Start two jobs as a page would; the message of the second is lost."""
    command = [str(VENV / "bin" / "python"), "-c", SCRIPT]
    env = {**site.environment("web"), "DJANGO_SETTINGS_MODULE": "salesops.settings"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-2:]


def are_done(site: Site, jobs: list[str]) -> bool:
    """Whether the worker has worked on these jobs to their end; asked as the owner, whom no wall stops."""
    database = Database.at(site.environment("migrate")["DATABASE_OWNER_URL"])
    return database.ask(f"SELECT count(*) FROM jobs_job WHERE state = 'done' AND id IN ({','.join(jobs)})") == ["2"]


@pytest.mark.redis
def test_it_lives_is_ready_and_shows_the_way_in(site: Site) -> None:
    wait_for(lambda: site.healthy("web"), site)
    wait_for(lambda: json.loads(ask(site, "/ready/")[2]).get("worker") == "ok", site)
    status, headers, said = ask(site, "/ready/")
    parts = {"database": "ok", "migrations": "ok", "broker": "ok", "worker": "ok"}
    assert (status, json.loads(said)) == (200, {"status": "ok", **parts})
    assert "no-store" in headers["Cache-Control"]
    status, headers, said = ask(site, "/accounts/login/")
    assert status == 200
    assert "max-age=31536000" in headers["Strict-Transport-Security"]
    assert "Secure" in headers["Set-Cookie"]
    sheet = re.search(r'href="(/static/css/tokens\.[0-9a-f]{12}\.css)"', said)
    assert sheet, "style sheets carry their fingerprint"
    status, headers, _ = ask(site, sheet[1])
    assert (status, headers["Cache-Control"]) == (200, "max-age=315360000, public, immutable")
    assert ask(site, "/accounts/login/", **{"X-Forwarded-Proto": ""})[0] == 301, "http is sent to https"
    assert ask(site, "/accounts/login/", Host="evil.example")[0] == 400
    for name in ("web", "worker", "beat"):
        wait_for(lambda name=name: site.healthy(name), site)  # type: ignore[misc]


@pytest.mark.redis
def test_a_job_goes_through_the_worker_and_a_lost_one_through_beat(site: Site) -> None:
    jobs = two_jobs(site)
    wait_for(lambda: are_done(site, jobs), site)


@pytest.mark.redis
def test_a_backup_is_made_at_once_and_is_whole(site: Site) -> None:
    backups = Path(site.environment("backup")["BACKUP_DIR"])
    wait_for(lambda: bool(archive.complete(backups)), site)
    manifest = archive.check(archive.complete(backups)[0])
    assert manifest["tables"]["django_migrations"]["rows"] == len(manifest["migrations"])
    assert site.healthy("backup")
    assert site.end("backup") == 0


@pytest.mark.redis
def test_each_line_of_the_logs_is_an_object(site: Site) -> None:
    ask(site, "/accounts/login/?next=%2Fcanary")
    wait_for(lambda: '"route": "account_login"' in site.said("web"), site)
    for name in ("web", "worker"):
        for line in site.said(name).splitlines():
            assert {"time", "level", "logger", "message"} <= set(json.loads(line)), line
    assert "canary" not in site.said("web")


@pytest.mark.redis
def test_django_finds_nothing_to_say_against_it(site: Site) -> None:
    command = [str(VENV / "bin" / "python"), "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    env = site.environment("web")
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.redis
def test_what_is_being_answered_when_web_stops_is_answered(site: Site) -> None:
    wait_for(lambda: site.healthy("web"), site)
    head = "POST /accounts/login/ HTTP/1.1\r\nHost: sales.example.com\r\nX-Forwarded-Proto: https\r\n"
    head += "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\n12345"
    with socket.create_connection(("127.0.0.1", port_of(site)), timeout=20) as connection:
        connection.sendall(head.encode())
        time.sleep(0.5)
        process = site.running["web"]
        process.terminate()
        time.sleep(0.5)
        connection.sendall(b"67890")
        answer = connection.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 403"), "a form without its token, answered to the end"
    assert site.running.pop("web").wait(20) == 0
    assert not site.healthy("web")
    site.start("web")
    wait_for(lambda: site.healthy("web"), site)


@pytest.mark.redis
def test_a_killed_worker_is_noticed_and_a_new_one_goes_on(site: Site) -> None:
    site.force(site.running.pop("worker"))
    alive = Path(site.environment("worker")["ALIVE_FILE"])
    os.utime(alive, (time.time() - 90, time.time() - 90))
    assert not site.healthy("worker")
    jobs = two_jobs(site)
    site.start("worker")
    wait_for(lambda: are_done(site, jobs), site)
    wait_for(lambda: site.healthy("worker"), site)
    assert site.end("worker") == 0
    assert site.end("beat") == 0


@pytest.mark.parametrize("service", ["web", "worker", "beat", "migrate"])
def test_each_program_refuses_to_start_without_its_variables_and_names_them(service: str) -> None:
    read = compose({**VARIABLES, "POSTGRES_PASSWORD": "x"})["services"][service]
    env = {"PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}", "BEHIND_PROXY": "1"}
    done = subprocess.run(read["command"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=30, check=False)
    owner = "DATABASE_OWNER_URL, " if service == "migrate" else ""
    named = f"not set: SECRET_KEY, DATABASE_URL, {owner}BASE_URL, ALLOWED_HOSTS. See .env.example.\n"
    assert done.returncode == 1
    assert done.stderr.endswith(f"salesops does not start: {named}")
    assert "Traceback" not in done.stderr
