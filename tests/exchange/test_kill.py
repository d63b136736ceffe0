"""A worker killed in the middle of an import or its undoing: each row is there once, or gone with all others."""

import pytest
from django.utils import timezone

from accounts.models import Product
from exchange import actions
from exchange.models import Import
from exchange.states import ImportState
from jobs import actions as jobs
from jobs.models import WakeUp
from jobs.states import State
from tenants.scoping import reading
from tests.cast import Cast
from tests.exchange.factories import checked, make_csv, make_import
from tests.jobs.test_kill import Place, now, place, wait_for

__all__ = ["place"]

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
ROWS = 12_000


def test_killed_in_the_middle_of_an_import_and_of_its_undoing(
    acme: Cast,
    place: Place,
) -> None:
    data = make_csv(["產品", "定價"], *[[f"產品 {n}", n] for n in range(ROWS)])
    with reading(acme.org):
        imported = checked(make_import("products", data, by=acme.executive), by=acme.executive)
        imported = actions.run(imported, seen=imported.version, by=acme.executive, at=timezone.now())
        job = imported.job
    place.start_worker()
    wait_for(lambda: now(acme, job).done >= 2_000, seconds=120)
    place.kill_worker()
    killed = now(acme, job)
    assert killed.state == State.RUNNING
    with reading(acme.org):
        assert Product.objects.count() == killed.done < ROWS
    place.start_worker()
    WakeUp.objects.update(next_at=timezone.now())  # as if the lease had run out
    jobs.sweep(at=timezone.now())
    wait_for(lambda: now(acme, job).state == State.DONE, seconds=120)
    with reading(acme.org):
        assert Product.objects.count() == ROWS
        imported = Import.objects.get(pk=imported.pk)
        assert (imported.state, imported.tally.verdicts) == (ImportState.DONE, {"created": ROWS})
        assert len(imported.ledger().of("product")) == ROWS
        imported = actions.undo(imported, seen=imported.version, by=acme.executive, at=timezone.now())
    wait_for(lambda: now(acme, imported.job).state != State.QUEUED, seconds=120)
    place.kill_worker()
    with reading(acme.org):
        assert Product.objects.count() in {0, ROWS}  # whole or not at all
    place.start_worker()
    WakeUp.objects.update(next_at=timezone.now())
    jobs.sweep(at=timezone.now())
    wait_for(lambda: now(acme, imported.job).state == State.DONE, seconds=120)
    with reading(acme.org):
        assert not Product.objects.exists()
        assert Import.objects.get(pk=imported.pk).state == ImportState.UNDONE
