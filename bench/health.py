"""How long a night judges health: ``python -m bench.health [--opportunities 200000] [--organizations 40]``.

A PostgreSQL of its own in VAR_DIR (as safe as in production), filled by statements: organizations of the same size,
each open opportunity with ten rows of log, evidence and a strategy sheet. Then `refresh_health` of every organization,
four times: the first night, in which everything is new; the same night again, in which nothing is; and two nights that
follow, in which time makes some of them silent, overdue or stalled, and alerts climb. Prints seconds and statements of
each. Exit 1 where the next night misses the aim of issue 4, in proportion to the size.
"""

import argparse
import os
import subprocess
import sys
import time

from tools.trouble import say

AIM_SECONDS, AIM_OPPORTUNITIES = 300, 1_000_000
DATABASE = "bench_health"

_FILL = """
SELECT set_config('app.organization', %(org)s::text, false);
INSERT INTO accounts_account (organization_id, name, name_key, kind, owner_id, industry, region, address, phone,
    website, tax_id, source, notes, annual_revenue, segment,
    needs_assessment, confidence, external_id, version, created_at, updated_at)
SELECT %(org)s, 'Customer ' || n, 'customer ' || n, 'customer', %(owner)s, '', '', '', '', '', '', '', '', 0, 'A',
    false, 0, '', 1, now(), now() FROM generate_series(1, 200) n;
INSERT INTO accounts_contact (organization_id, account_id, name, {contact_columns} version, created_at)
SELECT %(org)s, a.id, 'Person', {contact_values} 1, now() FROM accounts_account a WHERE a.organization_id = %(org)s;
INSERT INTO funnel_opportunity (organization_id, account_id, name, owner_id, status, stage, stage_entered_at,
    proven_stage, amount, quoted_currency, expected_close_on, category, category_is_own, opened_at, reason, reason_note,
    rival, next_step, next_step_on, last_contact_at, push_count, health, flags, source, external_id, version, updated_at
    {more_columns})
SELECT %(org)s, a.first + n %% 200, 'Opportunity ' || n, %(owner)s, 'open', 1 + n %% 6,
    now() - (n %% 45) * interval '1 day', 1, CASE WHEN n %% 50 > 0 THEN (n %% 977) * 10000 END, '',
    current_date + (n %% 300 - 10)::int, 'pipeline', false, now() - (45 + n %% 150) * interval '1 day', '', '', '', '',
    CASE WHEN n %% 3 > 0 THEN current_date + (n %% 20)::int END, now() - (n %% 25) * interval '1 day', 0, 'ok', '{{}}',
    '', '', 1, now() {more_values}
FROM generate_series(1, %(size)s) n,
    (SELECT min(id) AS first FROM accounts_account WHERE organization_id = %(org)s) a;
INSERT INTO funnel_change (organization_id, opportunity_id, kind, old, new, percent, why, occurred_at, recorded_at)
SELECT %(org)s, o.id, 'created', NULL, jsonb_build_object('stage', 1, 'status', 'open', 'amount', o.amount,
    'expected_close', o.expected_close_on, 'owner', o.owner_id, 'category', 'pipeline'), 0, '', o.opened_at, o.opened_at
FROM funnel_opportunity o WHERE o.organization_id = %(org)s;
INSERT INTO funnel_change (organization_id, opportunity_id, kind, old, new, percent, why, occurred_at, recorded_at)
SELECT %(org)s, o.id, 'amount', to_jsonb(o.amount), to_jsonb(o.amount), 0, '', o.opened_at + n * interval '1 hour',
    o.opened_at + n * interval '1 hour'
FROM funnel_opportunity o, generate_series(1, 6) n WHERE o.organization_id = %(org)s;
INSERT INTO funnel_change (organization_id, opportunity_id, kind, old, new, percent, why, occurred_at, recorded_at)
SELECT %(org)s, o.id, 'expected_close', to_jsonb(o.expected_close_on - 20 * n), to_jsonb(o.expected_close_on), 0, '',
    o.opened_at + n * interval '1 day', o.opened_at + n * interval '1 day'
FROM funnel_opportunity o, generate_series(1, 1) n WHERE o.organization_id = %(org)s;
INSERT INTO funnel_change (organization_id, opportunity_id, kind, old, new, percent, why, occurred_at, recorded_at)
SELECT %(org)s, o.id, 'stage', to_jsonb(n), to_jsonb(n + 1), 0, '', o.opened_at + n * interval '2 days',
    o.opened_at + n * interval '2 days'
FROM funnel_opportunity o, generate_series(1, 5) n WHERE o.organization_id = %(org)s AND n < o.stage;
INSERT INTO funnel_decisionrole (organization_id, opportunity_id, contact_id, role, also, influence, win, last_met_on,
    version, updated_at)
SELECT %(org)s, o.id, c.id, 'eb', '{{}}', 2, '', current_date - (o.id %% 40)::int, 1, now()
FROM funnel_opportunity o JOIN accounts_contact c ON c.organization_id = %(org)s AND c.account_id = o.account_id
WHERE o.organization_id = %(org)s AND o.id %% 2 = 0;
INSERT INTO funnel_evidence (organization_id, opportunity_id, item_id, note, by_id, at, state {evidence_columns})
SELECT %(org)s, o.id, i.id, 'seen', %(owner)s, now(), 'filed' {evidence_values}
FROM funnel_opportunity o JOIN funnel_evidenceitem i ON i.organization_id = %(org)s AND i.stage < o.stage
WHERE o.organization_id = %(org)s AND o.id %% 4 > 0;
"""

_TELL = """
SELECT funnel_tell_spells(%s, array_agg(o.id), '-infinity') FROM funnel_opportunity o WHERE o.organization_id = %s
"""


def prepare(organizations: int, size: int) -> None:
    """Make the organizations and fill them."""
    from django.db import connections, transaction
    from django.utils import timezone

    from accounts.models import Contact
    from funnel.actions._checklist import ensure_items
    from funnel.models import Evidence, Opportunity
    from tenants import actions
    from tenants.models import User
    from tenants.scoping import working_for

    known = {"organization_id", "account_id", "name", "version", "created_at"}
    contact = _rest(Contact, known)
    listed = {name.strip() for name in _FILL.split("INTO funnel_opportunity (")[1].split("{more")[0].split(",")}
    more = _rest(Opportunity, listed)
    evidence = _rest(Evidence, {"organization_id", "opportunity_id", "item_id", "note", "by_id", "at", "state"})
    statement = _FILL.format(
        contact_columns="".join(f"{name}, " for name in contact),
        contact_values="".join(f"{value}, " for value in contact.values()),
        more_columns="".join(f", {name}" for name in more),
        more_values="".join(f", {value}" for value in more.values()),
        evidence_columns="".join(f", {name}" for name in evidence),
        evidence_values="".join(f", {value}" for value in evidence.values()),
    )
    began = time.monotonic()
    with connections["owner"].cursor() as cursor:  # the log is told in spells at the end, all at once
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("ALTER TABLE funnel_change DISABLE TRIGGER USER")
    for n in range(organizations):
        user = User.objects.create(email=f"boss{n}@bench.example", name=f"Boss {n}")
        owner = actions.found_organization(user, name=f"Bench {n}", language="en", at=timezone.now(), slug=f"bench-{n}")
        with working_for(owner.organization), transaction.atomic():
            ensure_items()
        with connections["owner"].cursor() as cursor:
            cursor.execute(statement, {"org": owner.organization_id, "owner": owner.pk, "size": size})
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE funnel_change ENABLE TRIGGER USER")
        cursor.execute("ANALYZE")
        cursor.execute("SELECT id FROM tenants_organization ORDER BY id")
        for (pk,) in cursor.fetchall():
            cursor.execute("SELECT set_config('app.organization', %s, false)", (str(pk),))
            cursor.execute(_TELL, (pk, pk))
        cursor.execute("ANALYZE")
    say(f"{organizations} organizations of {size:,} filled in {time.monotonic() - began:.0f} s")


def _rest(model: object, known: set[str]) -> dict[str, str]:
    """Return what a table demands besides, with a value for each."""
    from django.db import models

    found: dict[str, str] = {}
    for field in model._meta.concrete_fields:  # type: ignore[attr-defined]  # any model
        column = str(field.column)
        if column in known or field.primary_key or field.null:
            continue
        if isinstance(field, models.CharField | models.TextField):
            found[column] = f"'{field.get_default() or ''}'"
        elif isinstance(field, models.BooleanField):
            found[column] = str(bool(field.get_default()))
        elif isinstance(field, models.DateTimeField):
            found[column] = "now()"
        else:
            found[column] = str(field.get_default() or 0)
    return found


def _analyze() -> None:
    """Count the rows as autovacuum does, at the worst moment: when those of most organizations are still to come."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE forecasting_alert")
        cursor.execute("ANALYZE funnel_opportunity")


def work(organizations: int, size: int) -> bool:
    """Judge every organization three times; say how long each took. Returns whether the aim was met."""
    from datetime import timedelta

    from django.db import connection
    from django.utils import timezone

    from forecasting.actions import refresh_health
    from tenants.models import Organization
    from tenants.scoping import working_for

    everything, at = organizations * size, timezone.now()
    took, statements = 0.0, 0

    def count(execute: object, sql: str, params: object, many: bool, context: object) -> object:
        nonlocal statements
        statements += 1
        return execute(sql, params, many, context)  # type: ignore[operator]

    for name, day in (("first night", 0), ("again", 0), ("next night", 1), ("the one after", 2)):
        began, statements = time.monotonic(), 0
        flagged = 0
        with connection.execute_wrapper(count):
            for number, organization in enumerate(Organization.objects.order_by("pk")):
                if number == 2:
                    _analyze()
                with working_for(organization):
                    flagged += refresh_health(organization, at=at + timedelta(days=day))
        took = time.monotonic() - began
        each = statements / organizations
        say(
            f"{name:14} {took:7.1f} s  {everything / took:9,.0f} a second  {each:5.1f} statements an organization, "
            f"{flagged:,} of {everything:,} flagged",
        )
    aim = AIM_SECONDS * everything / AIM_OPPORTUNITIES
    whole = f"{AIM_SECONDS} s for {AIM_OPPORTUNITIES:,}"
    say(f"aim: {aim:.0f} s for {everything:,} ({whole}); a usual night took {took:.1f} s")
    return took <= aim


def main() -> int:
    """Start the database, prepare, work, stop."""
    from tools.cluster import OWNER_ROLE, Cluster
    from tools.places import ROOT, VENV_PYTHON
    from tools.suite import environment
    from tools.supervisor import fresh_broker

    asked = _arguments().parse_args()
    cluster = Cluster(name="health-postgres")
    cluster.start()
    try:
        cluster.sql(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        cluster.sql(f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}")
        env = environment(None) | {
            "DATABASE_URL": cluster.url(database=DATABASE),
            "DATABASE_OWNER_URL": cluster.url(OWNER_ROLE, DATABASE),
        }

        def child(*words: str) -> int:
            return subprocess.run([str(VENV_PYTHON), *words], cwd=ROOT, env=env, check=False).returncode

        fresh_broker()
        sizes = ["--opportunities", str(asked.opportunities), "--organizations", str(asked.organizations)]
        failed = child("manage.py", "migrate", "--verbosity", "0") or child("-m", "bench.health", *sizes, "--prepare")
        return failed or child("-m", "bench.health", *sizes, "--work")
    finally:
        cluster.sql(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        cluster.stop()


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--opportunities", type=int, default=200_000)
    parser.add_argument("--organizations", type=int, default=40)
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    given = _arguments().parse_args()
    if not (given.prepare or given.work):
        sys.exit(main())
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesops.settings")
    django.setup()
    each = given.opportunities // given.organizations
    if given.prepare:
        prepare(given.organizations, each)
    elif not work(given.organizations, each):
        sys.exit(1)
