"""Whose opportunities a page counts: for its owner, never for those who help; `Scope` says whose."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404

from tenants.models import Membership, Team
from tenants.permissions import Role

SELLING = [Role.REP, Role.MANAGER, Role.EXECUTIVE, Role.PARTNER]


@dataclass(frozen=True)
class Scope:
    """Whose opportunities are counted: `owners` (None: everyone's), the people among them, and the choices there are.

    `who` is "" for everyone one may see, `t7` for a team with all below it, `m7` for one person.
    """

    who: str
    label: str
    owners: frozenset[int] | None
    people: Sequence[Membership]
    teams: Sequence[tuple[str, str]] = ()
    choices: Sequence[tuple[str, str]] = ()


def scope(membership: Membership, who: str = "") -> Scope:
    """Return whose opportunities `membership` asks for.

    :raises Http404: a team or person that is not there, or not visible.
    """
    seen = membership.visible_owner_ids
    found = Membership.objects.in_current_organization().filter(role__in=SELLING).select_related("user", "team")
    if seen is not None:
        found = found.filter(pk__in=seen)
    people = sorted(found, key=lambda member: (not member.is_active, member.name))
    teams: list[Team] = []
    if len(people) > 1:
        every = list(Team.objects.order_by("path"))
        tops = [team.path for team in every if seen is None or team.pk == membership.team_id]
        teams = [team for team in every if team.path.startswith(tuple(tops))]
    offer = (
        [(f"t{team.pk}", "\N{EM SPACE}" * (team.depth - teams[0].depth) + team.name) for team in teams],
        [(f"m{person.pk}", person.name) for person in people],
    )
    if not who:
        return Scope("", "", seen, people, *offer)
    for team in teams:
        if f"t{team.pk}" == who:
            inside = [p for p in people if p.team is not None and p.team.path.startswith(team.path)]
            return Scope(who, team.name, frozenset(p.pk for p in inside), inside, *offer)
    for person in people:
        if f"m{person.pk}" == who:
            return Scope(who, person.name, frozenset({person.pk}), [person], *offer)
    raise Http404


def person_or_404(membership: Membership, pk: int) -> Membership:
    """Return a person whose numbers `membership` may see.

    :raises Http404: there is none.
    """
    seen = membership.visible_owner_ids
    found = Membership.objects.in_current_organization().select_related("organization")
    person: Membership | None = found.filter(pk=pk).first() if seen is None or pk in seen else None
    if person is None:
        raise Http404
    return person
