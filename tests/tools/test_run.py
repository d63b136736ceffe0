"""make run: one command starts everything; stopping, killing and starting again lose nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.tools.conftest import Checkout, page, read_until
from tools.processes import birth


def stop(process: subprocess.Popen[str], number: int = signal.SIGINT) -> str:
    """Stop it as a person would, and return the rest of what it said."""
    process.send_signal(number)
    said, wrong = process.communicate(timeout=30)
    assert wrong == ""
    return said


def of_this(checkout: Checkout) -> list[int]:
    """Numbers of all processes whose command names this checkout or works in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and birth(int(entry.name)):
            try:
                where = f"{os.readlink(entry / 'cwd')} {(entry / 'cmdline').read_bytes().decode(errors='replace')}"
            except OSError:
                continue
            if str(checkout.root) in where:
                found.append(int(entry.name))
    return found


def test_starts_stops_and_starts_again_with_its_data(checkout: Checkout, port: int) -> None:
    first = checkout.start(PORT=str(port))
    said = read_until(first, "rows kept")
    assert f"http://localhost:{port}" in said
    assert "rows kept: 1" in said
    told = page(port)
    assert told["VAR_DIR"] == str(checkout.var)
    assert told["DATABASE_URL"].startswith("postgres://salesops:")
    assert "DATABASE_OWNER_URL" not in told, "who serves pages is not given the owner's password"
    assert told["BASE_URL"] == f"http://localhost:{port}"
    assert len(told["SECRET_KEY"]) > 50
    assert "Stopped." in stop(first)
    assert of_this(checkout) == []

    began = time.monotonic()
    second = checkout.start(PORT=str(port))
    said = read_until(second, "rows kept")
    assert time.monotonic() - began < 8
    assert "rows kept: 1" in said, "the demo company is made only once"
    assert page(port)["SECRET_KEY"] == told["SECRET_KEY"]
    stop(second, signal.SIGTERM)
    assert of_this(checkout) == []
    assert checkout.asked().count("demo --if-empty") == 1
    assert [line.split()[0] for line in checkout.asked()].count("migrate") == 1
    assert [line.split()[0] for line in checkout.asked()].count("collectstatic") == 1


def test_changed_style_sheets_are_collected_again(checkout: Checkout, port: int) -> None:
    sheet = checkout.root / "static" / "css" / "base.css"
    for said in ("a{}", "b{}", "b{}"):
        sheet.parent.mkdir(parents=True, exist_ok=True)
        sheet.write_text(said)
        running = checkout.start(PORT=str(port))
        read_until(running, "rows kept")
        stop(running)
    assert [line.split()[0] for line in checkout.asked()].count("collectstatic") == 2


def test_a_killed_start_leaves_no_ruin(checkout: Checkout, port: int) -> None:
    first = checkout.start(PORT=str(port))
    read_until(first, "rows kept")
    first.kill()
    first.communicate()

    second = checkout.start(PORT=str(port))
    assert "rows kept: 1" in read_until(second, "rows kept")
    assert page(port)["DATABASE_URL"]
    stop(second)
    assert of_this(checkout) == []


def served_by_another(port: int, master: int) -> bool:
    """Whether the page is served, within seconds, by another process than this one."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            if int(page(port)["pid"]) != master:
                return True
        except OSError:
            pass
        time.sleep(0.1)
    return False


def test_a_program_that_dies_is_started_again(checkout: Checkout, port: int) -> None:
    running = checkout.start(PORT=str(port))
    read_until(running, "rows kept")
    master = int(page(port)["pid"])
    os.kill(master, signal.SIGKILL)
    assert "web ended" in read_until(running, "web ended")
    assert served_by_another(port, master)

    os.kill(int((checkout.var / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    read_until(running, "PostgreSQL ended")
    stop(running)
    assert of_this(checkout) == []


def test_a_start_can_be_broken_off_and_taken_up_again(checkout: Checkout, port: int) -> None:
    first = checkout.start(PORT=str(port), SLOW="60")
    read_until(first, "Preparing the database")
    began = time.monotonic()
    assert "Stopped." in stop(first)
    assert time.monotonic() - began < 15
    assert of_this(checkout) == []

    second = checkout.start(PORT=str(port))
    assert "rows kept: 1" in read_until(second, "rows kept")
    stop(second)


def test_no_demo_company_where_it_is_not_wanted_or_others_come_in(checkout: Checkout, port: int) -> None:
    first = checkout.start(PORT=str(port), SALESOPS_DEMO="0")
    read_until(first, "salesops runs at")
    stop(first)
    second = checkout.start(PORT=str(port), BASE_URL="https://sales.example.com")
    read_until(second, "salesops runs at https://sales.example.com")
    stop(second)
    assert not [line for line in checkout.asked() if line.startswith("demo")]


def test_secrets_are_for_their_owner_alone(checkout: Checkout, port: int) -> None:
    running = checkout.start(PORT=str(port))
    read_until(running, "rows kept")
    stop(running)
    assert (checkout.var / "postgres").stat().st_mode & 0o777 == 0o700
    for name in ("postgres.json", "secret_key"):
        assert (checkout.var / name).stat().st_mode & 0o777 == 0o600


def test_a_demanded_port_that_is_taken_is_named(checkout: Checkout) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        done = checkout.run("run", PORT=str(taken))
    assert done.returncode == 1
    assert f"Port {taken} is taken" in done.stderr
    assert "What to do:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_supervisor_names_the_first(checkout: Checkout, port: int) -> None:
    first = checkout.start(PORT=str(port))
    read_until(first, "rows kept")
    done = checkout.run("run")
    assert done.returncode == 1
    assert f"already runs here: http://localhost:{port}" in done.stderr
    stop(first)


@pytest.mark.parametrize("said", ["no", "0", "70000"])
def test_a_port_that_is_none_is_refused(checkout: Checkout, said: str) -> None:
    done = checkout.run("run", PORT=said)
    assert done.returncode == 1
    assert "is not a port" in done.stderr


def test_only_one_of_two_roles_is_refused(checkout: Checkout) -> None:
    done = checkout.run("run", DATABASE_URL="postgres://salesops@127.0.0.1/salesops")
    assert done.returncode == 1
    assert "needs two roles" in done.stderr


def test_a_broken_product_shows_its_own_words(checkout: Checkout, port: int) -> None:
    (checkout.root / "salesops" / "wsgi.py").write_text("raise RuntimeError('the reason')\n")
    done = checkout.run("run", PORT=str(port))
    assert done.returncode == 1
    assert "the reason" in done.stderr
    assert "What to do:" in done.stderr
    assert of_this(checkout) == []
