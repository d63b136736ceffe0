"""How pages are served: `gunicorn salesops.wsgi` reads this, in the image, in `make run` and in the bench alike.

PORT or BIND         where to listen; this machine alone unless BIND says otherwise
WEB_CONCURRENCY      processes (Python serves one page at a time in each): the number of cores; 1 without it
WEB_THREADS          threads of a process: each holds one connection to PostgreSQL; 8 without it
WEB_GRACE            seconds that pages being answered get when the server stops; 25 without it
LOG_FORMAT, LOG_LEVEL  as in the settings
"""

import contextlib
import ctypes
import gc
import logging
import os
from pathlib import Path
from typing import Any

from salesops.logs import logging_config

bind = os.environ.get("BIND") or f"127.0.0.1:{os.environ.get('PORT') or 8000}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY") or 1)
threads = int(os.environ.get("WEB_THREADS") or 8)
timeout = 120
graceful_timeout = int(os.environ.get("WEB_GRACE") or 25)  # what is being answered at SIGTERM may end within it
keepalive = 5
preload_app = True  # a broken installation ends at once, and the processes share what they have read
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else os.environ.get("VAR_DIR")  # noqa: S108  # a memory disk
accesslog = None  # salesops.middleware writes a line for each request, without the words of customers
logging.captureWarnings(True)  # so that they are lines like the others
logconfig_dict = logging_config(
    os.environ.get("LOG_FORMAT", ""), os.environ.get("LOG_LEVEL", ""), {"gunicorn.error": "WARNING"}
)


def when_ready(_server: Any) -> None:
    """Keep what was read before the processes part out of the garbage collector's hands, so that it stays shared."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)  # a page makes and drops tens of thousands of things; looking less often saves 8%


# glibc gives each thread a heap of its own and keeps what it frees there: eight threads of a process hold 5 to 10 MB
# more than they use. Python runs one of them at a time, so two heaps do. Another C library has no such thing.
with contextlib.suppress(AttributeError, OSError):
    ctypes.CDLL(None).mallopt(-8, 2)  # M_ARENA_MAX
