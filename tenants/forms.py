"""What people type about themselves and their organization."""

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tenants import actions
from tenants.models import User


class SignUpForm(forms.Form):
    """What sign-up asks besides address and password."""

    name = forms.CharField(label=_("Your name"), max_length=80)
    organization = forms.CharField(label=_("Company"), max_length=120, required=False)

    def signup(self, request: HttpRequest, user: User) -> None:
        """Found the organization of the person who just signed up (someone invited has none to found)."""
        if self.cleaned_data["organization"]:
            actions.found_organization(
                user,
                name=self.cleaned_data["organization"],
                language=get_language() or "en",
                at=timezone.now(),
            )
