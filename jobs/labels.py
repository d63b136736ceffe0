"""The words of jobs and notifications. Every app registers its own codes here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from jobs.states import State
from tenants import labels as tenants_labels

Text = str | Promise

STATES: Mapping[str, Text] = {
    State.QUEUED: pgettext_lazy("job", "Waiting"),
    State.RUNNING: pgettext_lazy("job", "Running"),
    State.DONE: pgettext_lazy("job", "Done"),
    State.FAILED: pgettext_lazy("job", "Failed"),
    State.CANCELLED: pgettext_lazy("job", "Cancelled"),
}


@dataclass(frozen=True)
class KindWords:
    """How a kind of job speaks: its name, its steps in order, its counts and its refusals, each by code; `done` tells
    whoever started it that it is over, where the usual words would not say which work that was.
    """

    label: Text
    steps: Mapping[str, Text] = field(default_factory=dict)
    counts: Mapping[str, Text] = field(default_factory=dict)
    errors: Mapping[str, Text] = field(default_factory=dict)
    done: Text = ""


KINDS: dict[str, KindWords] = {}
NOTIFICATIONS: dict[str, Text | Callable[[Mapping[str, Any]], str]] = {}


def words_of(kind: str) -> KindWords:
    """Return the words of a kind; a kind that no longer exists is called by its code."""
    return KINDS.get(kind) or KindWords(label=kind)


def register_notification(code: str, template: Text | Callable[[Mapping[str, Any]], str]) -> None:
    """Give the notification `code` its words.

    :param template: text with named placeholders (`%(name)s`) that the notification's data fills, or a function
        of the data.
    """
    NOTIFICATIONS[code] = template


def notification_text(code: str, data: Mapping[str, Any]) -> str:
    """Return the words of a notification in the language of the reader."""
    template = NOTIFICATIONS.get(code, code)
    if callable(template) and not isinstance(template, str | Promise):
        return template(data)
    try:
        return str(template) % data if data else str(template)
    except (KeyError, TypeError, ValueError):
        return str(template)


def _title(data: Mapping[str, Any]) -> str:
    return str(data.get("title") or words_of(str(data.get("kind", ""))).label)


def _ended(template: Text) -> Callable[[Mapping[str, Any]], str]:
    return lambda data: str(template) % {**data, **_counts(data), "title": _title(data)}


def _counts(data: Mapping[str, Any]) -> dict[str, str]:
    return {key: f"{data[key]:,}" for key in ("done", "total") if isinstance(data.get(key), int)}


def _done(data: Mapping[str, Any]) -> str:
    own = words_of(str(data.get("kind", ""))).done
    line = _ended(own or _("“%(title)s” is done."))(data)
    words = words_of(str(data.get("kind", ""))).counts
    counts = tenants_labels.in_a_row(
        f"{words[code]} {n:,}" for code, n in data.get("counts", {}).items() if code in words
    )
    return gettext("%(line)s %(counts)s.") % {"line": line, "counts": counts} if counts else line


register_notification("job_done", _done)
register_notification("job_cancelled", _ended(_("“%(title)s” was cancelled; %(done)s of %(total)s were done.")))
register_notification(
    "job_failed", _ended(_("“%(title)s” failed; %(done)s of %(total)s were done. Reference: %(error)s"))
)

# The audit ----------------------------------------------------------------------------------------

for _verb, _said in {
    "job.cancelled": pgettext_lazy("audit", "cancelled a job"),
}.items():
    tenants_labels.name_verb(_verb, _said)
for _model, _said in {
    "jobs.job": pgettext_lazy("audit", "Job"),
}.items():
    tenants_labels.name_kind(_model, _said)
