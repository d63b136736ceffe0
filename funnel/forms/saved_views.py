"""What people say of a saved view."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from funnel import labels
from funnel.models import SavedView
from funnel.saved_views import NAME_LENGTH, Shared
from tenants.forms.names import NameField
from tenants.models import Membership


class ViewForm(forms.Form):
    """Its name, who may use it, and whether the page opens with it; of another's view only the last."""

    name = NameField(label=_("Name"), max_length=NAME_LENGTH)
    shared = forms.ChoiceField(label=_("For whom"), widget=forms.RadioSelect, choices=list(labels.SHARED.items()))
    is_default = forms.BooleanField(label=_("Open the page with it"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: Any = None, *, by: Membership, view: SavedView | None = None, initial: dict[str, Any] | None = None
    ) -> None:
        """Take who says it, and of which view."""
        super().__init__(data, initial={"shared": Shared.ME, **(initial or {})})
        fields: dict[str, Any] = self.fields
        if by.team_id is None:
            fields["shared"].choices = [pair for pair in fields["shared"].choices if pair[0] != Shared.TEAM]
        if view is not None and view.by_id != by.pk:
            del fields["name"], fields["shared"], fields["version"]
