"""What would become of a pasted list of people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from tenants.invitations import SENT, WRONG, InvitationState, Line, Verdict, read_lines
from tenants.models import Invitation, Membership, Team
from tenants.queries.people import TeamRow

LONGEST_ADDRESS = 254


@dataclass(frozen=True)
class Invitee:
    """One person of the list: what will happen, and as what they would be invited."""

    line: Line
    verdict: Verdict
    role: str
    team: Team | None

    @property
    def is_sent(self) -> bool:
        """Whether a mail would go out."""
        return self.verdict in SENT

    @property
    def is_wrong(self) -> bool:
        """Whether the line must be mended first."""
        return self.verdict in WRONG


def team_words(rows: Sequence[TeamRow]) -> dict[str, Team]:
    """Return what teams can be called in a pasted list: their name where only one has it, and always the whole path."""
    names = {row.team.pk: row.team.name for row in rows}
    short: dict[str, list[Team]] = {}
    found: dict[str, Team] = {}
    for row in rows:
        short.setdefault(row.team.name.casefold(), []).append(row.team)
        path = " / ".join(names[int(pk)] for pk in row.team.path.split("/")[:-1] if int(pk) in names)
        found[path.casefold()] = row.team
    return found | {name: teams[0] for name, teams in short.items() if len(teams) == 1}


def invitees(
    text: str,
    *,
    role: str,
    team: Team | None,
    roles: Mapping[str, str],
    teams: Mapping[str, Team],
    now: datetime,
) -> list[Invitee]:
    """Return what would happen to each person of a pasted list; two queries, however long it is.

    :param roles: what roles can be called, in small letters. :param teams: what teams can be called.
    """
    lines = read_lines(text, {*roles, *teams})
    emails = {line.email for line in lines if line.email}
    state: dict[str, Verdict] = {}
    for email, is_active in (
        Membership.objects.in_current_organization()
        .filter(user__email__in=emails)
        .values_list("user__email", "is_active")
    ):
        state[email.lower()] = Verdict.MEMBER if is_active else Verdict.RETURNS
    for invitation in Invitation.objects.filter(email__in=emails, accepted_at=None, withdrawn_at=None):
        waits = invitation.state_at(now) == InvitationState.OPEN
        if state.get(invitation.email.lower()) != Verdict.MEMBER:
            state[invitation.email.lower()] = Verdict.WAITING if waits else Verdict.ANEW
    seen: set[str] = set()
    found = []
    for line in lines:
        verdict = _verdict(line, state, seen)
        if verdict not in WRONG:
            seen.add(line.email)
        own_role = next((roles[word] for word in line.known if word in roles), role)
        own_team = next((teams[word] for word in line.known if word in teams), team)
        found.append(Invitee(line, verdict, own_role, own_team))
    return found


def _verdict(line: Line, state: Mapping[str, Verdict], seen: set[str]) -> Verdict:
    if not is_address(line.email):
        return Verdict.NO_ADDRESS
    if line.unknown:
        return Verdict.UNKNOWN
    return Verdict.TWICE if line.email in seen else state.get(line.email, Verdict.INVITED)


def is_address(text: str) -> bool:
    """Return whether a mail could be sent there."""
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= LONGEST_ADDRESS
