"""The interpreter and the environment: found, built, or explained."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.conftest import Checkout
from tools import environment, places, trouble

SCRIPT = places.ROOT / "tools" / "python.sh"


def fake_python(folder: Path, name: str, version: tuple[int, int]) -> Path:
    """A program that answers as a Python of that version would."""
    path = folder / name
    path.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && {{ echo "Python {version[0]}.{version[1]}.0"; exit 0; }}\n'
        f'exec "{sys.executable}" -c "import sys; sys.version_info = {(*version, 0)!r}; $2"\n'
    )
    path.chmod(0o755)
    return path


def choose(path: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Let the script choose among the programs on this PATH."""
    shell = shutil.which("sh") or "/bin/sh"
    return subprocess.run([shell, str(SCRIPT)], env={"PATH": path, **more}, capture_output=True, text=True, check=False)


def test_the_first_fitting_python_is_taken(tmp_path: Path) -> None:
    fake_python(tmp_path, "python3", (3, 9))
    fake_python(tmp_path, "python3.12", (3, 12))
    assert choose(str(tmp_path)).stdout.strip() == "python3.12"


def test_a_name_that_does_not_start_is_passed_over(tmp_path: Path) -> None:
    broken = tmp_path / "python3.11"
    broken.write_text("#!/bin/sh\necho not installed >&2\nexit 127\n")
    broken.chmod(0o755)
    fake_python(tmp_path, "python3", (3, 13))
    assert choose(str(tmp_path)).stdout.strip() == "python3"


@pytest.mark.parametrize("version", [(3, 10), (3, 14)])
def test_a_wrong_python_is_named_with_what_to_do(tmp_path: Path, version: tuple[int, int]) -> None:
    fake_python(tmp_path, "python3", version)
    done = choose(str(tmp_path))
    assert done.returncode == 1
    assert f"Python {version[0]}.{version[1]}.0" in done.stderr
    assert "sudo apt install python3 python3-venv" in done.stderr


def test_a_chosen_wrong_python_is_refused(tmp_path: Path) -> None:
    wrong = fake_python(tmp_path, "mine", (3, 8))
    done = choose(os.environ["PATH"], PYTHON=str(wrong))
    assert done.returncode == 1
    assert f"PYTHON={wrong}" in done.stderr


def test_no_python_at_all_is_said(tmp_path: Path) -> None:
    done = choose(str(tmp_path))
    assert done.returncode == 1
    assert "no python3 at all" in done.stderr


def test_a_python_without_ensurepip_says_what_to_install(checkout: Checkout) -> None:
    """As on a Debian without python3-venv, where the module is not there."""
    shutil.rmtree(checkout.root / ".venv")
    hide = "import sys; sys.modules['ensurepip'] = None; sys.argv = ['tools', 'run']; import runpy;"
    done = subprocess.run(
        [sys.executable, "-c", f"{hide} runpy.run_module('tools', run_name='__main__')"],
        cwd=checkout.root,
        env=checkout.env(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (checkout.root / ".venv").exists()


def test_no_network_is_told_apart(checkout: Checkout) -> None:
    (checkout.root / "requirements.lock").write_text(f"nowhere-to-be-had==1.0 --hash=sha256:{'0' * 64}\n")
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    done = checkout.run("run", PIP_FIND_LINKS="", PIP_EXTRA_INDEX_URL="", PIP_NO_CACHE_DIR="1", **nowhere)
    assert done.returncode == 1
    assert "reaches a Python package index" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_environment_that_is_up_to_date_is_left_alone(checkout: Checkout) -> None:
    before = (checkout.root / ".venv" / "built.json").stat().st_mtime_ns
    assert checkout.run("dev", "run", "true").returncode == 0
    assert checkout.run("dev", "stop").returncode == 0
    assert (checkout.root / ".venv" / "built.json").stat().st_mtime_ns == before


def test_a_changed_lock_a_moved_checkout_and_another_python_count(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "VENV", checkout.root / ".venv")
    monkeypatch.setattr(environment, "VENV_PYTHON", checkout.root / ".venv" / "bin" / "python")
    monkeypatch.setattr(environment, "STAMP", checkout.root / ".venv" / "built.json")
    monkeypatch.delenv("PYTHON", raising=False)
    stamp = environment.read_stamp()
    assert environment.up_to_date(stamp, dev=True)
    monkeypatch.setenv("PYTHON", "python3.12")
    monkeypatch.setattr(environment, "VERSION", "3.12")
    assert environment.read_stamp() == {}, "another Python was chosen"
    monkeypatch.delenv("PYTHON")
    assert environment.read_stamp() == stamp
    changed = checkout.root / "changed.lock"
    changed.write_text("other")
    monkeypatch.setattr(environment, "RUNTIME_LOCK", changed)
    assert not environment.up_to_date(stamp, dev=False)
    monkeypatch.setattr(environment, "VENV", checkout.root / "moved")
    assert environment.read_stamp() == {}


@pytest.mark.parametrize(
    ("said", "what_to_do"),
    [
        ("ERROR: [Errno 28] No space left on device", "free some space"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "check your package index"),
        ("Temporary failure in name resolution", "reaches a Python package index"),
        ("ERROR: No matching distribution found for numpy", "choose another one"),
    ],
)
def test_each_failure_of_pip_has_its_advice(said: str, what_to_do: str) -> None:
    assert what_to_do in environment.advice(said)


def test_a_full_disk_is_told_before_anything_is_begun(tmp_path: Path) -> None:
    with pytest.raises(trouble.Trouble, match="MB free") as found:
        trouble.demand_space(tmp_path, 10**9)
    assert "free some space" in found.value.do
