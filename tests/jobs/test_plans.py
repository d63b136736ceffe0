"""Tables may grow a thousandfold while one job runs: no plan of its beginning is kept to its end."""

from datetime import datetime

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Account, Contact
from jobs import actions, running
from jobs.labels import KINDS
from jobs.models import Job
from jobs.running import Progress, job_kind
from tenants.bulk import insert_many
from tenants.scoping import working_for
from tests.cast import Cast

pytestmark = pytest.mark.django_db
AT = timezone.now()
FEW, MANY, POINTING = 20, 16_000, 300
"""So many accounts that, unlike twenty, reading all of them is seen to be dear even without statistics."""


def checked() -> int:
    """See that the foreign keys of what was written are checked now; return how many accounts were read so far."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = %s", [_TABLE])
        (read,) = cursor.fetchone()
    return int(read)


_TABLE = Account._meta.db_table


def test_a_key_is_checked_by_its_index_although_the_table_was_empty_when_the_job_began(acme: Cast) -> None:
    read: list[int] = []

    def write(accounts: int, contacts: int) -> None:
        made = [
            Account(name=f"Sun {n}", name_key=f"sun{n}", owner_id=acme.rep.pk, created_at=AT, updated_at=AT)
            for n in range(accounts)
        ]
        insert_many(made)
        ids = list(Account.objects.order_by("-pk").values_list("pk", flat=True)[:contacts])
        before = checked()
        insert_many([Contact(account_id=pk, name="Lin", created_at=AT) for pk in ids])
        read.append(checked() - before)

    @job_kind("growing", label="Growing")
    def grow(job: Job, *, at: datetime) -> Progress:
        step = job.cursor.get("step", 0)
        write(*[(FEW, FEW), (MANY, 0), (0, POINTING)][step])
        return Progress(step, 3, "", {"step": step + 1}, finished=step == 2)

    try:
        with working_for(acme.org):
            job = actions.enqueue("growing", payload={}, by=acme.rep, at=AT)
        running.run(job)
    finally:
        del KINDS["growing"], running._chunks["growing"]
    assert len(read) == 3
    assert read[2] <= 3 * POINTING
