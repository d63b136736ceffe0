"""Who decides on a request: the nearest above its owner, and nobody in their own cause."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.approvals import (
    Person,
    deciders,
)
from funnel.models import deciders_of
from tenants.errors import Refused
from tenants.models import Membership
from tenants.permissions import Role
from tests.cast import Cast, make_user
from tests.funnel.asking import ask
from tests.funnel.factories import make_opportunity

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]
MANAGER, HEAD, CHIEF, CHIEF2 = (
    Person(1, Role.MANAGER, 2),
    Person(2, Role.MANAGER, 0),
    Person(3, Role.EXECUTIVE, 0),
    Person(4, Role.EXECUTIVE, 1),
)
EVERYBODY = [CHIEF2, HEAD, CHIEF, MANAGER]


@pytest.mark.parametrize(
    ("people", "cause", "expected"),
    [
        (EVERYBODY, {"asker": 9, "owner": 9}, [1, 2, 3, 4]),
        (EVERYBODY, {"asker": 1, "owner": 9}, [2, 3, 4]),
        (EVERYBODY, {"asker": 9, "owner": 1}, [2, 3, 4]),
        (EVERYBODY, {"asker": 3, "owner": 1}, [2, 4]),
        (EVERYBODY, {"asker": 9, "owner": 9, "executives_only": True}, [3, 4]),
        ([CHIEF], {"asker": 3, "owner": 3}, []),
        ([Person(1, Role.MANAGER, 2, is_active=False), HEAD], {"asker": 9, "owner": 9}, [2]),
        (
            [Person(5, Role.REP, 2), Person(6, Role.COLLEAGUE, 2), Person(7, Role.PARTNER, 2)],
            {"asker": 9, "owner": 9},
            [],
        ),
    ],
)
def test_the_nearest_above_decides_and_nobody_in_their_own_cause(
    people: list[Person], cause: dict[str, Any], expected: list[int]
) -> None:
    assert deciders(people, **cause) == expected


@given(
    people=st.lists(
        st.builds(
            Person,
            pk=st.integers(1, 9),
            role=st.sampled_from(list(Role)),
            depth=st.integers(0, 4),
            is_active=st.booleans(),
        ),
        unique_by=lambda person: person.pk,
    ),
    asker=st.integers(1, 9),
    owner=st.integers(1, 9),
)
def test_whoever_decides_is_active_leads_and_has_no_part_in_it(people: list[Person], asker: int, owner: int) -> None:
    known = {person.pk: person for person in people}
    found = [known[pk] for pk in deciders(people, asker=asker, owner=owner)]
    assert all(person.is_active and person.role in {Role.MANAGER, Role.EXECUTIVE} for person in found)
    assert not {asker, owner} & {person.pk for person in found}
    managers = [person.depth for person in found if person.role == Role.MANAGER]
    assert managers == sorted(managers, reverse=True)
    assert all(person.role == Role.EXECUTIVE for person in found[len(managers) :])


def test_the_manager_of_the_owners_team_is_asked_then_up_the_tree(acme: Cast) -> None:
    head: Membership = Membership.objects.create(
        organization=acme.org, user=make_user("head", "acme"), role=Role.MANAGER, team=acme.executive.team
    )
    other: Membership = Membership.objects.create(
        organization=acme.org, user=make_user("other", "acme"), role=Role.MANAGER, team=acme.other_team
    )
    deal = make_opportunity(acme.rep)
    assert deciders_of(deal, asker=acme.rep.pk) == [acme.manager.pk, head.pk, acme.executive.pk]
    assert deciders_of(make_opportunity(acme.partner, "p"), asker=acme.partner.pk)[0] == other.pk
    assert deciders_of(make_opportunity(acme.manager, "m"), asker=acme.manager.pk)[0] == head.pk
    assert deciders_of(make_opportunity(acme.executive, "e"), asker=acme.rep.pk) == []
    assert ask(deal).approver_id == acme.manager.pk


def test_who_belongs_to_no_team_asks_an_executive_and_one_alone_asks_nobody(acme: Cast) -> None:
    loose: Membership = Membership.objects.create(organization=acme.org, user=make_user("loose", "acme"), role=Role.REP)
    assert ask(make_opportunity(loose)).approver_id == acme.executive.pk
    with pytest.raises(Refused, match="nobody_decides"):
        ask(make_opportunity(acme.executive, "own"))
