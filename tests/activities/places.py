"""Where the pages of activities are, and what is typed there."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.test import Client
from django.urls import reverse

from tests.cast import Cast

Login = Callable[[Any], Client]
DAY = timedelta(days=1)
HTMX = {"HX-Request": "true"}


def at(cast: Cast, name: str, *args: Any, **query: Any) -> str:
    return reverse(name, args=[cast.org.slug, *args], query=query or None)


def filled(**changes: Any) -> dict[str, Any]:
    return {
        "opportunity": "",
        "kind": "visit",
        "when": "now",
        "result": "advanced",
        "note": "",
        "commitment": "",
        "next_text": "next Wed bring samples",
        "next_on": "",
        "request_key": str(uuid4()),
        **changes,
    }
