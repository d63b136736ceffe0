"""A real export goes in whole: every row imported or listed, every quirk reported."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Sum
from django.utils import timezone

from accounts.models import Account, Product
from exchange import actions, queries
from exchange.models import Import
from exchange.states import ImportState
from exchange.targets import TARGETS
from funnel.models import Change, Opportunity
from jobs import running
from tenants.models import Membership
from tenants.scoping import working_for
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.shared_data]
NOW = timezone.now()


def content(name: str) -> bytes:
    return (Path(os.environ["SALESOPS_SHARED_DATA"]) / "maven" / name).read_bytes()


def bring_in(target: str, data: bytes, by: Membership, name: str = "file.csv", **answers: str) -> Import:
    """Import a file as a user would who takes every proposal."""
    imported = actions.start(TARGETS[target], name=name, content=data, by=by, at=NOW)
    if imported.job:
        running.run(imported.job)
        imported.refresh_from_db()
    assert imported.state == ImportState.MAPPING, imported.refusal
    found: dict[str, str] = {
        question.code: question.default
        for group in [*queries.date_group(imported, imported.mapping), *queries.questions(imported, imported.mapping, by=by)]
        for question in group.questions
    }
    actions.settle(imported, mapping=imported.mapping, answers=found | answers, seen=1, by=by, at=NOW)
    imported = finished(imported)
    dry = imported.counts
    actions.run(imported, seen=imported.version, by=by, at=NOW)
    imported = finished(imported)
    assert imported.counts == dry
    assert imported.tally.total == imported.total
    return imported


def finished(imported: Import) -> Import:
    imported.refresh_from_db()
    running.run(imported.job)
    imported.refresh_from_db()
    return imported


def test_the_whole_export(acme: Cast) -> None:
    import time

    with working_for(acme.org):
        products = bring_in("products", content("products.csv"), acme.executive)
        assert products.tally.verdicts == {"created": 7}
        accounts = bring_in("accounts", content("accounts.csv"), acme.executive)
        assert accounts.tally.verdicts == {"created": 85}
        t = time.time()
        imported = bring_in("opportunities", content("sales_pipeline.csv"), acme.executive)
        print("seconds", time.time() - t, imported.counts)
        assert imported.tally.verdicts == {"created": 8800}
