"""The customer that a row is about, by the number or the name that the file gives."""

from collections.abc import Sequence

from accounts import names, queries
from accounts.imports.companies import ACCOUNT_FIELDS
from accounts.imports.customers import Customers
from exchange.mapping import Field, words
from exchange.queries import heir_of
from exchange.records import Record
from exchange.targets import Occasion

PLACE_FIELDS = (
    Field("account", "reference", synonyms=ACCOUNT_FIELDS[0].synonyms),
    Field(
        "account_number",
        max_length=80,
        synonyms=words(
            "account id, customer id, customer no, account no, customer number, customer code, 客戶編號, 客戶代號, "
            "客戶代碼, 客户编号, 客户代码"
        ),
    ),
)


def place_key(record: Record) -> str:
    """Return what tells the customer of a row from others of the file."""
    number = record.text("account_number")
    return f"#{number}" if number else names.key(record.text("account"))


def find_accounts(records: Sequence[Record], occasion: Occasion) -> dict[int, int]:
    """Return the account id of every sound record, by row; what is missing is added as the questions were answered.

    A number goes before a name. Rows without a customer, or with one that must not be added, are rejected.
    """
    numbered = queries.numbered({record.text("account_number") for record in records})
    customers, heir = Customers(occasion, records), heir_of(occasion.by)
    for record in records:
        number = record.text("account_number")
        if number in numbered:
            continue
        if number and not record.text("account"):
            record.reject("customer_unknown", "account_number", value=number, closest="—")
        else:
            customers.want(record, heir, blank=False)
    customers.make()
    return {
        record.number: numbered.get(record.text("account_number")) or customers.find(record)
        for record in records
        if not record.problems
    }
