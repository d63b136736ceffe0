"""Where the pages of coaching are, and what is typed there."""

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


def decided(**changes: Any) -> dict[str, Any]:
    return {"decision": "advance", "next_text": "", "comment": "", "version": "0", **changes}


def session(**changes: Any) -> dict[str, Any]:
    return {
        "findings": "",
        "customer_commitment": "",
        "skill": "",
        "agreed": "Meet the CEO",
        "next_text": "",
        "next_on": "",
        "worth_pursuing": "yes",
        "request_key": str(uuid4()),
        "after": "0",
        **changes,
    }
