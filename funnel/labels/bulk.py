"""The words of a change of many opportunities."""

from collections.abc import Mapping

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.labels import Text
from funnel.bulk import BulkKind, Fate
from tenants import labels as tenants_labels

BULK_KINDS: Mapping[str, Text] = {
    BulkKind.STAGE: _("Stage"),
    BulkKind.OWNER: _("Owner"),
    BulkKind.CLOSE: _("Expected close"),
    BulkKind.CATEGORY: _("Forecast category"),
}
FATES: Mapping[Fate, Text] = {
    Fate.DONE: pgettext_lazy("bulk", "changed"),
    Fate.UNDONE: pgettext_lazy("bulk", "taken back"),
    Fate.READY: pgettext_lazy("bulk", "will be changed"),
    Fate.BACK: pgettext_lazy("bulk", "goes back: say why"),
    Fate.LACKS: pgettext_lazy("bulk", "evidence missing"),
    Fate.BLOCKED: pgettext_lazy("bulk", "blocked: evidence is missing"),
    Fate.ASKED: pgettext_lazy("bulk", "waits for an exception"),
    Fate.LEFT_OUT: pgettext_lazy("bulk", "left out"),
    Fate.STALE: pgettext_lazy("bulk", "left out: somebody changed it meanwhile"),
    Fate.REFUSED: pgettext_lazy("bulk", "left out: refused"),
    Fate.CLOSED: pgettext_lazy("bulk", "left out: closed"),
    Fate.GONE: pgettext_lazy("bulk", "left out: no longer yours to see"),
    Fate.SAME: pgettext_lazy("bulk", "stays: it is so already"),
}
BY_STAGE = _("By stage")
NOTHING_PICKED = _("Select at least one opportunity.")


def too_many(count: int, most: int) -> str:
    """Say that these are more than can be changed in one go."""
    return gettext("%(count)s opportunities match; at most %(most)s can be changed at once. Narrow them first.") % {
        "count": f"{count:,}",
        "most": f"{most:,}",
    }


for _verb, _words in {
    "bulk.begun": _("changed many opportunities"),
    "bulk.taken_back": _("took a change of many opportunities back"),
}.items():
    tenants_labels.name_verb(_verb, _words)
tenants_labels.name_field("count", _("How many"))
