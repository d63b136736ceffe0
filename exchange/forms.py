"""What the user says about a file: which it is, what its columns are, what its words mean."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from exchange import labels, limits, queries
from exchange.models import Import
from exchange.targets import targets
from tenants.forms.numbers import WholeField
from tenants.models import Membership


class UploadForm(forms.Form):
    """A file, and what its rows are."""

    target = forms.ChoiceField(label=_("What is in the file?"), widget=forms.RadioSelect)
    file = forms.FileField(label=_("File"), max_length=200, allow_empty_file=True)
    request_key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, by: Membership, **kwargs: Any) -> None:
        """Take the arguments of a form, and who brings the file."""
        super().__init__(*args, **kwargs)
        self.fields["target"].choices = [(each.code, each.label) for each in targets(by)]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["file"].widget.attrs["accept"] = ".csv,.tsv,.txt,.xlsx,.xlsm"

    def clean_file(self) -> "UploadedFile[bytes]":
        """Refuse what is too large before it is read."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > limits.MAX_FILE_BYTES:
            megabytes = limits.MAX_FILE_BYTES // (1024 * 1024)
            raise forms.ValidationError(str(labels.PROBLEMS["file_too_large"]) % {"megabytes": megabytes})
        return file


class ReadingForm(forms.Form):
    """How to read a file, where the detection was wrong."""

    encoding = forms.ChoiceField(label=_("Encoding"), required=False, choices=list(labels.ENCODINGS.items()))
    delimiter = forms.ChoiceField(label=_("Delimiter"), required=False, choices=list(labels.DELIMITERS.items()))
    sheet = forms.ChoiceField(label=_("Sheet"), required=False)
    header_row = WholeField(label=_("Row of the headings"), min_value=1, max_value=limits.MAX_ROWS)

    def __init__(self, data: Mapping[str, Any] | None = None, *, imported: Import) -> None:
        """Take the import, whose present reading is proposed."""
        super().__init__(
            data,
            initial={
                "encoding": imported.encoding,
                "delimiter": imported.delimiter,
                "sheet": imported.sheet,
                "header_row": imported.header_row,
            },
        )
        if imported.encoding:
            del self.fields["sheet"]
            choices = dict(labels.ENCODINGS) | {
                imported.encoding: labels.ENCODINGS.get(imported.encoding, imported.encoding)
            }
            self.fields["encoding"].choices = list(choices.items())  # type: ignore[attr-defined]  # a ChoiceField
        else:
            del self.fields["encoding"], self.fields["delimiter"]
            self.fields["sheet"].choices = [(name, name) for name in imported.sheets]  # type: ignore[attr-defined]  # a ChoiceField


class MappingNameForm(forms.Form):
    """What a mapping is called."""

    name = forms.CharField(label=_("Name"), max_length=80)


class MappingForm(forms.Form):
    """Which column fills which field, and every question that this leaves open."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        imported: Import,
        by: Membership,
        draft: Mapping[str, Any] | None = None,
    ) -> None:
        """Take what was sent (`data`), or what is chosen so far but not to be judged yet (`draft`)."""
        super().__init__(data, initial={"version": imported.version})
        given = draft or {}
        self.imported = imported
        self.targets_fields = {field.code: field for field in imported.kind.fields}
        self.chosen = self._chosen(draft if data is None else data)
        self._add_columns()
        self.groups = [*queries.date_group(imported, self.chosen), *queries.questions(imported, self.chosen, by=by)]
        for group in self.groups:
            for question in group.questions:
                values = [option.value for option in question.options]
                known = given.get(question.code) or imported.answers.get(question.code)
                self.fields[question.code] = forms.ChoiceField(
                    label=question.label,
                    choices=[("", "—")] * (not question.default)
                    + [(each.value, each.label) for each in question.options],
                    initial=known if known in values else question.default,
                    required=True,
                )

    def _chosen(self, data: Mapping[str, Any] | None) -> dict[str, int]:
        """The mapping as it stands in the form; a field chosen twice counts once, and is refused later."""
        if data is None:
            return {code: column for code, column in self.imported.mapping.items() if code in self.targets_fields}
        chosen: dict[str, int] = {}
        for column in self.imported.data_columns:
            code = data.get(f"column-{column}", "")
            if code in self.targets_fields:
                chosen.setdefault(code, column)
        return chosen

    def _add_columns(self) -> None:
        words = self.imported.kind.words
        choices = [("", gettext("Leave out")), *((code, words[code]) for code in self.targets_fields)]
        taken = {column: code for code, column in self.chosen.items()}
        for column in self.imported.data_columns:
            name = self.imported.header_of(column) or gettext("Column %(n)s") % {"n": column + 1}
            self.fields[f"column-{column}"] = forms.ChoiceField(
                label=name, choices=choices, required=False, initial=taken.get(column, "")
            )

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Each column with its heading, samples and select."""
        columns = self.imported.surveyed
        return [
            {"header": self.fields[f"column-{at}"].label, "column": columns[at], "select": self[f"column-{at}"]}
            for at in self.imported.data_columns
        ]

    @property
    def asked(self) -> list[dict[str, Any]]:
        """Each group with its questions and their selects."""
        return [
            {
                "group": group,
                "questions": [{"question": question, "select": self[question.code]} for question in group.questions],
            }
            for group in self.groups
        ]

    def clean(self) -> dict[str, Any]:
        """Refuse a field chosen twice, and a required one not chosen."""
        data = self.cleaned_data
        seen: dict[str, str] = {}
        for column in self.imported.data_columns:
            name = f"column-{column}"
            code = data.get(name)
            if code and code in seen:
                words = {"field": self.imported.kind.words[code], "column": self.fields[seen[code]].label}
                self.add_error(name, gettext("“%(field)s” is filled by “%(column)s” already.") % words)
            elif code:
                seen[code] = name
        for code, field in self.targets_fields.items():
            if field.required and code not in seen:
                self.add_error(
                    None, gettext("Choose the column that holds: %(field)s") % {"field": self.imported.kind.words[code]}
                )
        return data

    @property
    def mapping(self) -> dict[str, int]:
        """The mapping, once valid."""
        return self.chosen

    @property
    def answers(self) -> dict[str, str]:
        """The answers, once valid."""
        return {
            question.code: self.cleaned_data[question.code] for group in self.groups for question in group.questions
        }
