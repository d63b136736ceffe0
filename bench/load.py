"""Fill an empty database with the companies that are measured. Started as ``python -m bench.load`` by the bench.

People, teams, targets and reviews are made by the application; the many rows go in by COPY, as the server's
superuser with its triggers off: what is written is right by construction, and checking it took longer than writing it.
"""

import io
import os
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

import django
import psycopg2
from django.db import connection

BIG, TENTH, SMALL = "big", "tenth", "small"
PASSWORD = "correct horse battery staple"
LANGUAGE = "zh-hant"


def company(slug: str, *, teams: int, reps: int, hashed: str, at: datetime) -> list[Any]:
    """Found an organization: one or two executives, and teams of one manager and some reps each."""
    from tenants import actions
    from tenants.models import Membership, User
    from tenants.permissions import Role
    from tenants.scoping import working_for

    def person(n: int) -> User:
        return User.objects.create(email=f"{n:02}@{slug}.example", name=f"陳{n:02}", language=LANGUAGE, password=hashed)

    founder = actions.found_organization(person(0), name=slug.title(), language=LANGUAGE, at=at, slug=slug)
    owners: list[Any] = []
    with working_for(founder.organization):
        for team in range(teams):
            made = actions.create_team(
                founder.organization, name=f"Team {team}", parent=founder.team, by=founder, at=at
            )
            for seat in range(reps + 1):
                role = Role.REP if seat else Role.MANAGER
                user = person(team * (reps + 1) + seat + 1)
                owners.append(
                    Membership.objects.create(organization=founder.organization, user=user, role=role, team=made)
                )
        if teams:
            Membership.objects.create(organization=founder.organization, user=person(99), role=Role.EXECUTIVE)
    return [founder, *owners]


class Copier:
    """Writes rows into tables as fast as the server takes them."""

    def __init__(self, address: str) -> None:
        """Take the superuser's address."""
        self.connection = psycopg2.connect(address)
        self.cursor = self.connection.cursor()
        self.cursor.execute("SET session_replication_role = replica")

    def copy(self, model: type[Any], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write rows, a chunk at a time; what is not named of a column holds what a new row holds."""
        from bench.company import text

        rest = {
            field.column: text(field.get_db_prep_save(field.get_default(), connection))
            for field in model._meta.concrete_fields
            if field.column not in columns and not field.primary_key and not field.null
        }
        more = "".join(f"\t{value}" for value in rest.values())
        into = f"COPY {model._meta.db_table} ({', '.join([*columns, *rest])}) FROM STDIN"
        lines = iter("\t".join(map(text, row)) + f"{more}\n" for row in rows)
        while chunk := "".join(islice(lines, 20_000)):
            self.cursor.copy_expert(into, io.StringIO(chunk))

    def tell_spells(self) -> None:
        """Do what the trigger on the change log does; the server has to know the log first, or takes hours."""
        self.cursor.execute("ANALYZE funnel_opportunity, funnel_change")
        self.cursor.execute("SELECT DISTINCT organization_id, id / 2000 FROM funnel_opportunity")
        for organization, part in self.cursor.fetchall():
            ids = "SELECT array_agg(id) FROM funnel_opportunity WHERE organization_id = %s AND id / 2000 = %s"
            told = f"SELECT funnel_tell_spells(%s, ({ids}), '-infinity')"  # written here
            self.cursor.execute(told, (organization, organization, part))

    def next_id(self, table: str, count: int) -> int:
        """Take so many ids of a table's sequence; returns the first."""
        self.cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", (table,))
        (sequence,) = self.cursor.fetchone() or ("",)
        self.cursor.execute(f"SELECT nextval('{sequence}')")  # a name that the catalogue gave
        (first,) = self.cursor.fetchone() or (1,)
        self.cursor.execute("SELECT setval(%s, %s)", (sequence, first + count))
        return int(first)


def fill(copier: Copier, members: Sequence[Any], size: Any, today: date) -> None:
    """Write the customers and opportunities of a company."""
    from accounts.models import Account, SearchRow
    from bench import company as rows
    from funnel.actions._checklist import ensure_items
    from funnel.models import Change, Evidence, EvidenceItem, Opportunity
    from tenants.scoping import reading

    founder = members[0]
    organization = founder.organization
    with reading(organization):
        ensure_items()
        items = list(EvidenceItem.objects.order_by("stage", "position").values_list("pk", flat=True))
    reps = [member.pk for member in members if member.role == "rep"] or [founder.pk]
    place = rows.Place(
        organization=organization.pk,
        owners=reps,
        products=products(founder),
        items=items,
        first_account=copier.next_id("accounts_account", size.accounts),
        first_opportunity=copier.next_id("funnel_opportunity", size.opportunities),
    )
    found: list[Any] = []

    def named(kind: str, each: Sequence[Any], name: int) -> Sequence[Any]:
        found.extend(rows.search_rows(organization.pk, kind, each[0], each[name]))
        return each

    copier.copy(Account, rows.ACCOUNT, (named("account", each, 2) for each in rows.accounts(place, size, today)))
    made = rows.sales(place, size, today)
    while sales := list(islice(made, 5_000)):
        copier.copy(Opportunity, rows.OPPORTUNITY, (named("opportunity", each.row, 3) for each in sales))
        copier.copy(Change, rows.CHANGE, (change for each in sales for change in each.changes))
        copier.copy(Evidence, rows.EVIDENCE, (filed for each in sales for filed in each.evidence))
    copier.copy(SearchRow, rows.SEARCH, found)


def products(founder: Any) -> list[int]:
    """Make the products."""
    from django.utils import timezone

    from accounts.actions import create_product
    from bench.company import MILLION, THINGS
    from tenants.scoping import working_for

    with working_for(founder.organization):
        return [
            create_product(name=name, list_price=(n + 1) * MILLION, by=founder, at=timezone.now()).pk
            for n, name in enumerate(THINGS)
        ]


def habits(members: Sequence[Any], today: date, at: datetime) -> None:
    """Set targets, keep a snapshot of each day of the quarter, and hold two reviews of the first team."""
    from bench.company import MILLION
    from coaching.actions import decide, end_review, start_review
    from coaching.decisions import Decision
    from forecasting.actions import set_target
    from forecasting.models import ForecastSnapshot
    from forecasting.periods import Kind, period_of
    from funnel.models import Opportunity
    from tenants.scoping import reading

    founder, manager = members[0], next((each for each in members if each.role == "manager"), None)
    quarter = period_of(Kind.QUARTER, today)
    reps = [each for each in members if each.role == "rep"]
    with reading(founder.organization):
        for rep in reps:
            set_target(rep, "quarter", quarter.starts_on, 500 * MILLION, by=founder, at=at)
        ForecastSnapshot.objects.bulk_create(
            ForecastSnapshot(
                on=quarter.starts_on + timedelta(days=day),
                period="quarter",
                starts_on=quarter.starts_on,
                ends_on=quarter.ends_on,
                owner=rep,
                won=day * MILLION,
                open_weighted=200 * MILLION,
                open_total=400 * MILLION,
                open_count=100,
                target=500 * MILLION,
                computed_at=at,
            )
            for rep in reps
            for day in range((today - quarter.starts_on).days)
        )
        if manager is None:
            return
        review = start_review(by=manager, at=at - timedelta(days=7))
        mine = Opportunity.objects.open().filter(owner__team=manager.team).order_by("-stage", "pk")
        for each in mine[:60]:
            decide(review, each, seen=0, decision=Decision.HOLD, by=manager, at=at - timedelta(days=7))
        end_review(review, by=manager, at=at - timedelta(days=7))
        start_review(by=manager, at=at)


def main() -> None:
    """Fill the database of DATABASE_URL; BENCH_SUPERUSER is the address of its superuser."""
    django.setup()
    from django.contrib.auth.hashers import make_password
    from django.utils import timezone

    from bench.company import Size

    hashed, at, today = make_password(PASSWORD), timezone.now(), timezone.now().date()
    people = {
        BIG: company(BIG, teams=3, reps=5, hashed=hashed, at=at),
        TENTH: company(TENTH, teams=3, reps=5, hashed=hashed, at=at),
        **{f"{SMALL}-{n:02}": company(f"{SMALL}-{n:02}", teams=0, reps=0, hashed=hashed, at=at) for n in range(50)},
    }
    sizes = {BIG: Size(10_000, 100_000), TENTH: Size(10_000, 10_000)}
    copier = Copier(os.environ["BENCH_SUPERUSER"])
    for slug, members in people.items():
        fill(copier, members, sizes.get(slug, Size(20, 100)), today)
    copier.tell_spells()
    copier.connection.commit()
    copier.connection.autocommit = True
    copier.cursor.execute("VACUUM (ANALYZE)")
    for slug in (BIG, TENTH):
        habits(people[slug], today, at)
    copier.cursor.execute("ANALYZE")
    copier.connection.close()


if __name__ == "__main__":
    main()
