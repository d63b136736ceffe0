"""What the targets of this app share: outcomes, units, words of rejection, and what the ledger is told."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.records import Imported
from accounts.records import Outcome as Became
from exchange import targets
from exchange.matching import plain_key
from exchange.records import Record
from exchange.staging import Outcome
from exchange.states import Verdict
from exchange.targets import Occasion, Option, Question, Survey, question_code


def outcome(record: Record, imported: Imported) -> Outcome:
    """Return what became of a record that an action took."""
    return Outcome(record.number, Verdict(imported.outcome), (), tuple(dict.fromkeys(record.remarks)))


def rejected(record: Record) -> Outcome:
    """Return a record's rejection for its problems."""
    return Outcome(record.number, Verdict.REJECTED, tuple(record.problems))


def in_order(records: Sequence[Record], taken: Mapping[int, Outcome]) -> list[Outcome]:
    """Return the outcome of every record: as taken, else rejected."""
    return [taken.get(record.number) or rejected(record) for record in records]


def present(record: Record, codes: Sequence[str]) -> dict[str, Any]:
    """Return the fields that the file has something for."""
    return {code: value for code in codes if (value := record.values.get(code)) not in (None, "")}


def note(occasion: Occasion, keeper: str, answers: Iterable[Imported]) -> None:
    """Tell the ledger what became of rows, so that the import can be taken back."""
    for answer in answers:
        if answer.outcome == Became.CREATED:
            occasion.ledger.created(keeper, answer.pk, answer.version)
        elif answer.before:
            occasion.ledger.changed(keeper, answer.pk, answer.version, answer.before)


UNITS = (
    Option("1", pgettext_lazy("unit of amounts", "as they stand")),
    Option("1000", pgettext_lazy("unit of amounts", "in thousands")),
    Option("10000", pgettext_lazy("unit of amounts", "in ten thousands (萬)")),
    Option("1000000", pgettext_lazy("unit of amounts", "in millions")),
)


def ask_unit(code: str, label: targets.Text, survey: Survey) -> list[Question]:
    """Ask whether a company's turnover is written in millions: whole figures below 100,000 hardly are one."""
    column = survey.columns.get(code)
    if column is None or not column.filled:
        return []
    figures = [plain_key(text) for text in column.values]
    small = all(
        figure.isdigit() and len(text.split(".")[0]) < 6 for text, figure in zip(column.values, figures, strict=True)
    )
    return [Question(question_code("unit", code), label, UNITS, "1000000" if small else "1", column.filled)]


ACCOUNT_PROBLEMS: Mapping[str, targets.Text] = {
    "not_yours": _("is looked after by somebody outside your team"),
    "not_yours_many": _("Looked after by somebody outside your team"),
    "no_owner": _("has nobody to look after it"),
    "no_owner_many": _("Nobody to look after it"),
    "customer_unknown": _("“%(value)s” is not in the customer list; closest: %(closest)s"),
    "customer_unknown_many": _("Customer not in the list"),
    "customer_missing": _("no customer is named"),
    "customer_missing_many": _("No customer named"),
}
