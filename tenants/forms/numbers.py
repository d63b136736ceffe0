"""Whole numbers as people type them."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext


class WholeField(forms.IntegerField):
    """A whole number within limits, which the refusal names."""

    def __init__(self, *, min_value: int, max_value: int, **kwargs: Any) -> None:
        """Take the least and the most."""
        super().__init__(min_value=min_value, max_value=max_value, **kwargs)
        self.least, self.most = min_value, max_value

    def clean(self, value: Any) -> int | None:
        """Refuse anything else in one sentence."""
        try:
            return super().clean(value)
        except ValidationError as wrong:
            if wrong.error_list[0].code == "required":
                raise
            words = {"least": f"{self.least:,}", "most": f"{self.most:,}"}
            text = gettext("Enter a whole number from %(least)s to %(most)s.") % words
            raise ValidationError(text, code="not_whole") from wrong
