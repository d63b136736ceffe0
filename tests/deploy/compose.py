"""docker-compose.yml as Docker reads it: variables filled in, anchors merged; and its commands as plain processes."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tools.places import ROOT, VENV

FILE = ROOT / "docker-compose.yml"
_VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?:(?P<rule>:[-?])(?P<word>[^}]*))?\})")


class Refused(Exception):
    """Docker would start nothing: a variable that must be set is not."""


def filled(value: Any, variables: Mapping[str, str]) -> Any:
    """The value with every ${VARIABLE} filled in.

    :raises Refused: one that must be set is missing or empty.
    """

    def fill(found: re.Match[str]) -> str:
        if found["dollar"]:
            return "$"
        said = variables.get(found["name"], "")
        if not said and found["rule"] == ":?":
            raise Refused(found["word"])
        return said or (found["word"] if found["rule"] == ":-" else "")

    if isinstance(value, dict):
        return {key: filled(each, variables) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, variables) for each in value]
    return _VARIABLE.sub(fill, value) if isinstance(value, str) else value


def required() -> list[str]:
    """The variables without which nothing starts."""
    found = _VARIABLE.finditer(FILE.read_text(encoding="utf-8"))
    return sorted({each["name"] for each in found if each["rule"] == ":?"})


def compose(variables: Mapping[str, str]) -> dict[str, Any]:
    """The whole file with these variables."""
    read: dict[str, Any] = filled(yaml.safe_load(FILE.read_text(encoding="utf-8")), variables)
    return read


@dataclass
class Site:
    """The services of the file as processes of this machine.

    :param elsewhere: what the file says, and what stands for it here: host names, ports, folders of the containers.
    """

    services: dict[str, Any]
    elsewhere: dict[str, str]
    logs: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def here(self, text: str, service: str = "") -> str:
        """The text, with what stands for it here; each container has a /tmp of its own."""
        text = text.replace("/tmp/", f"{self.logs}/{service}-")  # noqa: S108  # as the file says
        for there, here in self.elsewhere.items():
            text = text.replace(there, here)
        return text

    def environment(self, service: str) -> dict[str, str]:
        """What a container of this service would see, and nothing else of ours but the way to the programs."""
        given = self.services[service].get("environment", {})
        plain = {
            "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore:You're running the worker",  # as root, which the image is not
            "STATIC_ROOT": str(self.logs / "static"),  # the image has its own, collected when it was built
            **({"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}),
        }
        return plain | {name: self.here(str(value), service) for name, value in given.items()}

    def start(self, service: str, *more: str) -> subprocess.Popen[bytes]:
        """Start the command of a service."""
        with (self.logs / f"{service}.log").open("ab") as log:
            self.running[service] = subprocess.Popen(
                [*self.services[service]["command"], *more],
                cwd=ROOT,
                env=self.environment(service),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self.running[service]

    def healthy(self, service: str, *more: str) -> bool:
        """Whether the health check of a service says so.

        :param more: words after the program's name, for a port that is another one here.
        """
        kind, program, *words = self.services[service]["healthcheck"]["test"]
        command = ["sh", "-c", program] if kind == "CMD-SHELL" else [program, *more, *words]
        env = self.environment(service)
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=False).returncode == 0

    def said(self, service: str) -> str:
        """What a service wrote."""
        path = self.logs / f"{service}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def end(self, service: str, seconds: float = 20) -> int:
        """Ask a service to stop, as Docker does; its exit code. Fails when it has to be forced."""
        process = self.running.pop(service)
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(seconds)
        finally:
            self.force(process)

    def force(self, process: subprocess.Popen[bytes]) -> None:
        """End whatever is left of a service."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end_all(self) -> None:
        """End all that runs."""
        while self.running:
            self.force(self.running.popitem()[1])
