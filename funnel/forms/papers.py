"""The field for a file that proves something."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from funnel import labels
from funnel.papers import ACCEPTED, LARGEST, Paper, check_paper
from tenants.errors import Refused


class PaperField(forms.FileField):
    """A file that proves something; gives a `Paper`, or None. What is too large is refused before it is read."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the arguments of a file field."""
        super().__init__(**{"label": gettext_lazy("File"), "max_length": 200, "allow_empty_file": True, **kwargs})
        self.widget.attrs["accept"] = ACCEPTED

    def clean(self, data: Any, initial: Any = None) -> Paper | None:
        """Read and check the file."""
        file: Any = super().clean(data, initial)
        if not file:
            return None
        try:
            if (file.size or 0) > LARGEST:
                raise Refused("file_too_large", megabytes=LARGEST // (1024 * 1024))
            return check_paper(file.name or "", file.read())
        except Refused as refused:
            raise ValidationError(labels.refusal(refused), code=refused.code) from refused
