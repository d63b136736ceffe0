"""What gunicorn serves while it is measured: the application itself, and beside it the floors under ``/bench/``.

The application is the one of ``salesops.wsgi``, with its settings and addresses; a floor never passes through it.
Queries are recorded only for a request that asks for it, and such a request is never timed.
"""

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import connection
from django.test.utils import override_settings

from salesops.wsgi import application as salesops

Start = Callable[..., Any]


class FloorRequest(WSGIRequest):
    """A request to a floor."""

    urlconf = "bench.floors"


class Floors(WSGIHandler):
    """The floors under the settings of production, middleware included."""

    request_class = FloorRequest


class BareFloors(Floors):
    """The floors without any middleware."""

    def load_middleware(self, is_async: bool = False) -> None:
        """Load none."""
        with override_settings(MIDDLEWARE=[]):
            super().load_middleware(is_async)


floors, bare = Floors(), BareFloors()


def application(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    """Answer a request."""
    if environ["PATH_INFO"].startswith("/bench/"):
        handler = floors if environ["PATH_INFO"] == "/bench/hello/" else bare
        return handler(environ, start_response)
    if "HTTP_X_BENCH_RECORD" in environ:
        with recorded(environ["HTTP_X_BENCH_RECORD"]):
            return salesops(environ, start_response)
    return salesops(environ, start_response)


@contextlib.contextmanager
def recorded(name: str) -> Iterator[None]:
    """Write down every statement of this thread's connection, as the server gets it; none of them is prepared."""
    said: list[str] = []
    connection.ensure_connection()
    kept, connection.prepared = connection.prepared, None  # type: ignore[attr-defined]  # our own backend

    def note(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        said.append(context["cursor"].mogrify(sql, params).decode())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield
    connection.prepared = kept  # type: ignore[attr-defined]  # as above
    (Path(os.environ["VAR_DIR"]) / f"{name}.sql.json").write_text(json.dumps(said), encoding="utf-8")
