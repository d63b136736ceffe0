"""The customer that a row of another kind means: found, asked about, or added."""

from collections.abc import Sequence
from functools import cached_property

from django.utils.translation import gettext_lazy as _

from accounts import actions, names, queries
from accounts.imports.outcomes import note
from accounts.records import AccountRow
from exchange import targets
from exchange.matching import Names
from exchange.records import Record
from exchange.targets import Group, Occasion, Option, Question, Survey, question_code

NO_CUSTOMER = "no-customer"
"""The external id of the account under which rows without a customer are put."""

NO_CUSTOMER_NAME = _("(No customer)")

CREATE_THEM = Option(targets.CREATE, _("Add them to the customer list"))
MISSING_CUSTOMERS = "account-missing"


def ask_customers(survey: Survey, *, blank: bool) -> list[Group]:
    """Ask what to do with customers that are not in the list, one by one where one is close, and with none at all."""
    known = Names([(each.name, each.pk) for each in queries.known_accounts()], companies=True)
    values = survey.values("account")
    unknown = {text: rows for text, rows in values.items() if known.find(text).kind == "none"}
    close = {text: rows for text, rows in values.items() if known.find(text).kind == "close"}
    questions = []
    column = survey.columns.get("account")
    if unknown or (column and column.distinct > len(column.values)):
        options = [CREATE_THEM, targets.REJECT_ROWS]
        label = _("Customers that are not in the list")
        questions.append(Question(MISSING_CUSTOMERS, label, options, targets.CREATE, sum(unknown.values())))
    if blank and survey.blank("account"):
        options = [Option(targets.CREATE, _("Put them under “(No customer)”")), targets.REJECT_ROWS]
        label = _("Rows without a customer")
        questions.append(Question(NO_CUSTOMER, label, options, targets.CREATE, survey.blank("account")))
    asked = [CREATE_THEM, targets.REJECT_ROWS]
    questions += targets.ask_names("account", close, known, unknown=asked, default=targets.CREATE, likeness=0.95)
    return [Group("account", _("Customers"), questions)] if questions else []


class Customers:
    """Finds the account that a row means, as the questions of `ask_customers` were answered; adds what is missing.

    It asks the database for the names of these rows alone: a batch of rows costs the same among ten customers and
    among ten thousand.
    """

    def __init__(self, occasion: Occasion, records: Sequence[Record]) -> None:
        self._occasion = occasion
        texts = {text for record in records if (text := record.text("account"))}
        self._answers = {
            text: found
            for text in texts
            if (found := targets.answered_id(occasion.answer(question_code("account", text)))) is not None
        }
        known = queries.known_accounts(keys={names.key(text)[:200] for text in texts}, ids=self._answers.values())
        self.owners = {each.pk: each.owner_id for each in known}
        self._names = Names([(each.name, each.pk) for each in known], companies=True)
        self._found = {text: self._choose(text) for text in texts}
        self._wanted: dict[str, AccountRow] = {}
        self._made: dict[str, int] = {}

    def _choose(self, text: str) -> int | None:
        found = self._names.exact(text)
        if found is not None:
            return found
        answer = self._answers.get(text)
        return answer if answer in self.owners else None

    def want(self, record: Record, owner_id: int | None, *, blank: bool, needed: bool = True) -> None:
        """Make sure that the account of a record will be there, or reject the record.

        Not `needed` in a dry run, where nothing will be written for the record: then its account has the id 0.
        """
        text = record.text("account")
        if not text:
            if not blank or self._occasion.answer(NO_CUSTOMER, targets.CREATE) == targets.REJECT:
                record.reject("customer_missing", "account")
                return
            record.remarks.append("no_customer")
            if needed:
                self._wanted[""] = AccountRow(str(NO_CUSTOMER_NAME), owner_id, NO_CUSTOMER)
            return
        if self._found[text] is not None:
            return
        answer = self._occasion.answer(question_code("account", text)) or self._occasion.answer(
            MISSING_CUSTOMERS, targets.CREATE
        )
        if answer == targets.REJECT:
            closest = self._all_names.find(text).name or "—"
            record.reject("customer_unknown", "account", value=text[:80], closest=closest)
        elif needed:
            self._wanted.setdefault(names.key(text), AccountRow(text, owner_id))

    @cached_property
    def _all_names(self) -> Names[int]:
        """The names of all customers; only a row that is rejected needs them, to be told the closest."""
        return Names([(each.name, each.pk) for each in queries.known_accounts()], companies=True)

    def make(self) -> None:
        """Add the accounts that are wanted and missing."""
        keys = list(self._wanted)
        rows = [self._wanted[key] for key in keys]
        if NO_CUSTOMER in {row.external_id for row in rows}:
            known = queries.owners_of_same((), [NO_CUSTOMER])
            if f"#{NO_CUSTOMER}" in known:  # it is there: whose it is and what it is called stay
                at = keys.index("")
                rows[at] = AccountRow(self._name_of_none(), None, NO_CUSTOMER)
        made = actions.import_accounts(rows, by=self._occasion.by, at=self._occasion.at) if rows else []
        note(self._occasion, "account", made)
        self._made = {key: answer.pk for key, answer in zip(keys, made, strict=True)}

    def _name_of_none(self) -> str:
        return queries.name_of(NO_CUSTOMER) or str(NO_CUSTOMER_NAME)

    def find(self, record: Record) -> int:
        """Return the id of a record's account, once `make` was called."""
        text = record.text("account")
        if not text:
            return self._made.get("", 0)
        chosen = self._found[text]
        return self._made.get(names.key(text), 0) if chosen is None else chosen
