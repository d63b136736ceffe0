"""Logs tell what happened, where and to which numbers; never a customer's words.

A line holds what we say ourselves (`extra={"facts": {…}}` and our own sentences), and of everybody else only the
sentence without what was put into it. An exception is told by its kind, its place in the code, and what the schema
calls the rule it broke; its message, its SQL and its variables may hold anything, so they stay out.
"""

import json
import logging
import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

OURS = (
    "salesops", "coaching", "forecasting", "activities", "funnel", "accounts", "exchange", "jobs", "tenants",
)  # fmt: skip
"""Packages whose own sentences are printed whole: they put in numbers, codes and references only."""

SPEAKING = frozenset(
    {
        "django.core.exceptions.ImproperlyConfigured",
        "kombu.exceptions.OperationalError",
        "redis.exceptions.ConnectionError",
        "redis.exceptions.TimeoutError",
    }
)
"""Exceptions whose message is about servers and settings, never about rows."""

LONGEST_CHAIN = 5

_WARNING = re.compile(r".{1,300}?:\d+: \w+")
"""Where a warning comes from and of which kind it is; what follows may hold values."""

_request: ContextVar[str] = ContextVar("request_id", default="")


def request_id() -> str:
    """Return the reference number of what is being answered or worked on; empty outside of both."""
    return _request.get()


@contextmanager
def known_as(number: str) -> Iterator[None]:
    """Let every line that is logged meanwhile carry this reference number."""
    token = _request.set(number)
    try:
        yield
    finally:
        _request.reset(token)


def sentence(record: logging.LogRecord) -> str:
    """Return what a record says: ours whole, anybody else's with numbers only."""
    if record.name.partition(".")[0] in OURS:
        return record.getMessage()
    if record.name == "py.warnings":
        return (_WARNING.match(record.getMessage()) or [""])[0]
    if not isinstance(record.msg, str) or not record.args:
        return ""  # whoever wrote it may have put anything into it already
    try:
        if isinstance(record.args, Mapping):
            return record.msg % {key: _number(value) for key, value in record.args.items()}
        return record.msg % tuple(_number(value) for value in record.args)
    except (TypeError, ValueError, KeyError):
        return record.msg


def _number(value: object) -> object:
    return value if isinstance(value, (int, float)) else "…"


def told(error: BaseException | None, trace: TracebackType | None = None) -> Iterator[dict[str, Any]]:
    """Yield what may be said of an exception, then of what caused it."""
    for _ in range(LONGEST_CHAIN):
        if error is None:
            return
        kind = f"{type(error).__module__}.{type(error).__qualname__}"
        frames = traceback.extract_tb(trace or error.__traceback__, limit=-12)
        yield {
            "kind": kind,
            **_of_the_database(error),
            **({"errno": error.errno} if isinstance(error, OSError) and error.errno else {}),
            **({"message": str(error)} if _may_speak(kind, error) else {}),
            "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        }
        trace, error = None, error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _may_speak(kind: str, error: BaseException) -> bool:
    no_connection = kind == "psycopg2.OperationalError" and getattr(error, "pgcode", None) is None
    return no_connection or kind in SPEAKING


def _of_the_database(error: BaseException) -> dict[str, str]:
    """Return the names that the schema gives; PostgreSQL's DETAIL beside them holds values."""
    diagnosis = getattr(error, "diag", None)
    names = {"sqlstate": "sqlstate", "table_name": "table", "column_name": "column", "constraint_name": "constraint"}
    found = {ours: getattr(diagnosis, theirs, None) for theirs, ours in names.items()}
    return {key: str(value) for key, value in found.items() if value}


def facts_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return everything a line tells, in its order."""
    facts: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname,
        "logger": record.name,
        "message": sentence(record),
        "request_id": request_id(),
        **getattr(record, "facts", {}),
    }
    if not facts["message"]:
        facts["message"] = f"{record.module}:{record.lineno} {record.funcName}"
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        facts["exception"] = list(told(error, record.exc_info[2] if record.exc_info else None))
    return {key: value for key, value in facts.items() if value not in ("", None)}


class JsonLine(logging.Formatter):
    """One JSON object a record, on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return json.dumps(facts_of(record), ensure_ascii=False, default=lambda value: type(value).__name__)


class TextLine(logging.Formatter):
    """The same for people: a line, and below it where an exception came from."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        facts = facts_of(record)
        first = [str(facts.pop(key)) for key in ("time", "level", "logger", "message")]
        causes = facts.pop("exception", [])
        lines = [" ".join([*first, *(f"{key}={value}" for key, value in facts.items())])]
        for cause in causes:
            lines += [f"    {place}" for place in cause.pop("at")]
            lines.append("  " + " ".join(f"{key}={value}" for key, value in cause.items()))
        return "\n".join(lines)


def logging_config(form: str, level: str, levels: Mapping[str, str]) -> dict[str, Any]:
    """Return the configuration for `logging.config.dictConfig`.

    :param form: `json` or `text`; empty means text.
    :param level: of everything that is not named in `levels`; empty means WARNING.
    :param levels: of single loggers.
    """
    formatter = JsonLine if form == "json" else TextLine
    loggers = {name: {"level": each, "handlers": [], "propagate": True} for name, each in levels.items()}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "loggers": {"gunicorn.access": {"handlers": [], "propagate": False}, **loggers},
        "root": {"handlers": ["console"], "level": level or "WARNING"},
    }
