"""Invitations, members and teams, as an admin types them."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tenants import labels, queries
from tenants.actions import Seat
from tenants.forms.names import NameField
from tenants.invitations import MOST_AT_ONCE
from tenants.models import Membership, Team
from tenants.permissions import Role


class TeamChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic when it runs
    """A team of the tree, named with where it stands."""

    def __init__(self, **kwargs: Any) -> None:
        """Offer nothing until `offer` is called with the tree."""
        super().__init__(queryset=None, **kwargs)

    def offer(self, rows: list[queries.TeamRow]) -> None:
        """Offer the teams of the tree, in its order."""
        self.queryset = queries.teams()
        names = {row.team.pk: row.team.name for row in rows}
        self.choices = [
            ("", self.empty_label or ""),
            *(
                (row.team.pk, " / ".join(names[int(pk)] for pk in row.team.path.split("/")[:-1] if int(pk) in names))
                for row in rows
            ),
        ]


class _WithTeams(forms.Form):
    def __init__(self, *args: Any, rows: list[queries.TeamRow] | None = None, **kwargs: Any) -> None:
        """Take the rows of the tree if they are known already."""
        super().__init__(*args, **kwargs)
        field = self.fields["parent" if "parent" in self.fields else "team"]
        if isinstance(field, TeamChoice):
            field.offer(queries.team_tree() if rows is None else rows)


class Invite(_WithTeams):
    """Whom to invite, and as what; `invitees` says of each person what would happen."""

    emails = forms.CharField(
        label=_("People"),
        max_length=60_000,
        help_text=_(
            "One a line: a name and an address, or the address alone; a role and a team may follow. "
            "Rows of a spreadsheet can be pasted."
        ),
        widget=forms.Textarea(
            attrs={
                "rows": 6,
                "autocomplete": "off",
                "spellcheck": "false",
                "placeholder": "Lin Yi <lin@example.com>\nwang@example.com, Manager, North",
            }
        ),
    )
    role = forms.ChoiceField(label=_("Role"), choices=labels.ROLES, initial=Role.REP, widget=forms.RadioSelect)
    team = TeamChoice(label=_("Team"), required=False, empty_label=_("No team"))
    is_admin = forms.BooleanField(label=_("Admin: people, settings, audit log"), required=False)

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        """Take the moment at which open invitations are judged."""
        self.rows = kwargs.setdefault("rows", queries.team_tree())
        super().__init__(*args, **kwargs)
        self.now = now
        self.invitees: list[queries.Invitee] = []

    def clean(self) -> dict[str, Any]:
        """Judge every person of the list; one that cannot be read keeps all of them from being sent."""
        data: dict[str, Any] = super().clean() or {}
        if "emails" not in data or "role" not in data or "team" not in data:
            return data
        self.invitees = queries.invitees(
            data["emails"],
            role=data["role"],
            team=data["team"],
            roles=labels.role_words(),
            teams=queries.team_words(self.rows),
            now=self.now,
        )
        if not self.invitees:
            self.add_error("emails", gettext("Type at least one address."))
        elif len(self.invitees) > MOST_AT_ONCE:
            self.add_error("emails", gettext("At most {n} people at once.").format(n=MOST_AT_ONCE))
        elif wrong := [each for each in self.invitees if each.is_wrong]:
            first = wrong[0]
            self.add_error(
                "emails",
                gettext("Line {n}: {words}. Nobody was invited yet.").format(
                    n=first.line.number, words=verdict_words(first)
                ),
            )
        return data

    @property
    def values(self) -> dict[str, Any]:
        """What the action takes."""
        sent = [each for each in self.invitees if not each.is_wrong]
        seats: dict[str, Seat] = {}
        for each in sent:
            seats.setdefault(each.line.email, Seat(each.line.name, each.role, each.team))
        return {
            "emails": list(seats),
            "seats": seats,
            **{name: self.cleaned_data[name] for name in ("role", "team", "is_admin")},
        }


def verdict_words(invitee: queries.Invitee) -> str:
    """Return what will happen to a person of the list."""
    return str(labels.VERDICTS[invitee.verdict]).format(words=labels.in_a_row(invitee.line.unknown))


class Member(_WithTeams):
    """What a member is."""

    role = forms.ChoiceField(label=_("Role"), choices=labels.ROLES, widget=forms.RadioSelect)
    team = TeamChoice(label=_("Team"), required=False, empty_label=_("No team"))
    is_admin = forms.BooleanField(label=_("Admin: people, settings, audit log"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)

    @staticmethod
    def values_of(member: Membership) -> dict[str, Any]:
        """Return what the form shows of a member."""
        names = ("role", "is_admin", "version")
        return {**{name: getattr(member, name) for name in names}, "team": member.team_id}


class TeamForm(_WithTeams):
    """The name of a team, and where it stands."""

    name = NameField(label=_("Name"), max_length=80)
    parent = TeamChoice(label=_("Inside"), required=False, empty_label=_("At the top"))
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    @staticmethod
    def values_of(team: Team) -> dict[str, Any]:
        """Return what the form shows of a team."""
        return {"name": team.name, "parent": team.parent_id, "version": team.version}


class PeopleFilter(forms.Form):
    """What the list of people is narrowed by; stands in the URL."""

    q = forms.CharField(required=False, max_length=80)
    role = forms.ChoiceField(
        required=False,
        choices=[("", _("Every role")), *labels.ROLES, ("admin", _("Admins"))],
        widget=forms.Select(attrs={"class": "filter"}),
        label=_("Role"),
    )
    team = forms.ChoiceField(
        required=False, choices=[("", _("Every team"))], widget=forms.Select(attrs={"class": "filter"}), label=_("Team")
    )
    inactive = forms.BooleanField(required=False)
    page = forms.IntegerField(required=False, min_value=1)

    def __init__(self, *args: Any, rows: list[queries.TeamRow], **kwargs: Any) -> None:
        """Take the tree, each team with everything below it."""
        super().__init__(*args, **kwargs)
        self.fields["team"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            ("", _("Every team")),
            *((row.team.path, "\N{EM SPACE}" * min(row.team.depth, 6) + row.team.name) for row in rows),
            (queries.NO_TEAM, _("No team")),
        ]
