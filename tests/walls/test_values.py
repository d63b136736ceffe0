"""What cannot be: every field of every form with values that no page offers. Nothing breaks, nothing is half done.

Each field takes two of the values, in turn, so that each value meets many fields; `EVERY_VALUE=1` tries all of them
(a quarter of an hour).
"""

import os
import re
from itertools import cycle, islice

import pytest
from django.db import DatabaseError, connection, transaction

from tests.walls.crawl import Browser, confirmed, survey
from tests.walls.own import Own
from tests.walls.state import differences, nothing_stays, noting_writes, state_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

VALUES: dict[str, list[str]] = {
    "nothing at all": [],
    "an empty text": [""],
    "a NUL": ["a\x00b"],
    "control characters": ["a\x07b\x1b[31m"],
    "characters without width": ["\u200b\u2060"],
    "a text turned around": ["\u202egnp.exe"],
    "thirty thousand letters": ["長" * 30_000],
    "five thousand digits": ["9" * 5_000],
    "a superscript": ["²"],
    "a digit of another script": ["٣"],
    "a negative": ["-1"],
    "more than eight bytes": ["9223372036854775808"],
    "less than eight bytes": ["-9223372036854775809"],
    "more than four bytes": ["2147483648"],
    "the infinite": ["Infinity"],
    "no number": ["NaN"],
    "an exponent": ["1e400"],
    "a tiny part": ["0.00000000000001"],
    "more than all": ["1000"],
    "the first year": ["0001-01-01"],
    "the last year": ["9999-12-31"],
    "a day that never was": ["2026-02-30"],
    "a day in other digits": ["٢٠٢٦-١٢-٠١"],
    "the last moment": ["9999-12-31T23:59"],
    "a key of nothing": ["00000000-0000-0000-0000-000000000000"],
    "a path": ["../../../etc/passwd"],
    "another site": ["//else.example/"],
    "JSON": ['{"a": [1]}'],
    "two at once": ["1", "2"],
}


def test_no_value_of_any_field_breaks_a_page_or_leaves_half(own: Own) -> None:
    _reached, offered = survey(own)
    browsers = {role: Browser(getattr(own.cast, role)) for role in ("executive", "admin", "manager", "rep")}
    before = state_of(own.cast.org, "default")
    turn, each_time = cycle(VALUES), len(VALUES) if os.environ.get("EVERY_VALUE") else 2
    wrong: list[str] = []
    tried: set[tuple[str, str]] = set()
    met: set[str] = set()
    for offer in offered:
        if not offer.form.url.startswith(f"/o/{own.cast.org.slug}/"):
            continue
        browser = browsers[offer.role]
        with nothing_stays():
            answer = browser.ask("POST", offer.form.url, offer.form.data, files=offer.form.files)
        form = (confirmed(offer, answer) if answer.status == 422 else offer).form
        for name in form.fields:
            kind = (offer.name, re.sub(r"\d+", "", name))
            if kind in tried:
                continue
            tried.add(kind)
            for value in islice(turn, each_time):
                met.add(value)
                told = f"{offer.name} with {name}: {value}"
                with nothing_stays(), noting_writes() as writes:
                    answer = browser.ask("POST", form.url, {**form.data, name: VALUES[value]}, files=form.files)
                    if answer.status >= 500:
                        wrong.append(f"{told} broke: {answer.broken_by}")
                    elif answer.response.headers.get("Location", "").startswith(("//", "http")):
                        wrong.append(f"{told} leads away")
                    elif writes and answer.is_in_order and (broken := _broken_at_the_end()):
                        wrong.append(f"{told} is not kept: {broken}")
                    elif writes and not answer.is_in_order:
                        changed = differences(before, state_of(own.cast.org, "default"))
                        wrong += [f"{told} is refused and changes {changed}"] if changed else []
    assert wrong == []
    assert met == set(VALUES)
    assert len(tried) > 400


def _broken_at_the_end() -> str:
    """Return what the database would say when the transaction ends."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except DatabaseError as error:
        return str(error)
    return ""
