"""The health checks of the containers, by the standard library alone: `python deploy/probe.py web|ready|alive`.

web    the web server answers /health/
ready  it answers /ready/: database, migrations and broker are well
alive  the worker or beat has touched its ALIVE_FILE during the last minute
"""

import http.client
import os
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

SILENT_TOO_LONG = 60


def answers(path: str) -> str:
    """Ask the web server on the loopback address; return what is wrong, or nothing."""
    port = int((os.environ.get("BIND") or f":{os.environ.get('PORT') or 8000}").rpartition(":")[2])
    host = urlsplit(os.environ.get("BASE_URL", "")).netloc or f"localhost:{port}"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        said = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"no answer: {error}"
    finally:
        connection.close()
    return "" if answer.status == 200 else f"{answer.status} {said[:500]}"


def alive() -> str:
    """Look when the file was touched; return what is wrong, or nothing."""
    try:
        silent = time.time() - Path(os.environ["ALIVE_FILE"]).stat().st_mtime
    except (KeyError, OSError) as error:
        return f"no sign of life: {error}"
    return "" if silent < SILENT_TOO_LONG else f"silent for {silent:.0f} s"


def main(words: list[str]) -> int:
    """Do one check; the exit code is what Docker asks for."""
    checks = {"web": lambda: answers("/health/"), "ready": lambda: answers("/ready/"), "alive": alive}
    if len(words) != 1 or words[0] not in checks:
        sys.stderr.write(__doc__ or "")
        return 2
    wrong = checks[words[0]]()
    sys.stdout.write((wrong or "ok") + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
