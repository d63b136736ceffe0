"""Invitations, members and teams, as an admin types them."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tenants import labels, queries
from tenants.forms.names import NameField
from tenants.invitations import MOST_AT_ONCE, split_addresses
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
    """Whom to invite, and as what."""

    emails = forms.CharField(
        label=_("E-mail addresses"),
        max_length=10_000,
        help_text=_("One or many: a line each, or separated by commas."),
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(label=_("Role"), choices=labels.ROLES, initial=Role.REP, widget=forms.RadioSelect)
    team = TeamChoice(label=_("Team"), required=False, empty_label=_("No team"))
    is_admin = forms.BooleanField(label=_("Admin: people, settings, audit log"), required=False)

    def clean_emails(self) -> list[str]:
        """Return the addresses, each once; name those that are none."""
        addresses = split_addresses(self.cleaned_data["emails"])
        if len(addresses) > MOST_AT_ONCE:
            raise ValidationError(gettext("At most {n} addresses at once.").format(n=MOST_AT_ONCE))
        if wrong := [address for address in addresses if not _is_address(address)]:
            raise ValidationError(gettext("Not an address: {list}").format(list=", ".join(wrong[:5])))
        if not addresses:
            raise ValidationError(gettext("Type at least one address."))
        return addresses


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= 254


class Member(_WithTeams):
    """What a member is."""

    role = forms.ChoiceField(label=_("Role"), choices=labels.ROLES, widget=forms.RadioSelect)
    team = TeamChoice(label=_("Team"), required=False, empty_label=_("No team"))
    is_admin = forms.BooleanField(label=_("Admin: people, settings, audit log"), required=False)
    is_active = forms.BooleanField(
        label=_("Active"),
        required=False,
        help_text=_("Without it there is no access from the next click on; what they recorded stays."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    @staticmethod
    def values_of(member: Membership) -> dict[str, Any]:
        """Return what the form shows of a member."""
        names = ("role", "is_admin", "is_active", "version")
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
    inactive = forms.BooleanField(required=False)
    page = forms.IntegerField(required=False, min_value=1)
