"""A name that people type for themselves, a team, an organization, a holiday."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tenants.names import tidy

NAME_MISSING = _("Write a name that can be read.")


class NameField(forms.CharField):
    """One line that can be seen: what has no width or turns the text around it is left out."""

    def to_python(self, value: Any) -> str:
        """Read the name.

        :raises ValidationError: nothing can be seen of what was typed.
        """
        typed = super().to_python(value)
        name = tidy(typed or "")
        if typed and not name:
            raise ValidationError(NAME_MISSING, code="name_missing")
        return name
