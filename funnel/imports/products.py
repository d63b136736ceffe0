"""The products that rows name, and what rows are worth by them."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from accounts import actions as accounts_actions
from accounts import imports as accounts_imports
from accounts import queries as accounts_queries
from accounts.models import Product
from accounts.records import ProductRow
from exchange import targets
from exchange.matching import Names, plain_key, written_key
from exchange.records import Record
from exchange.targets import Group, Occasion, Option, Question, Survey, question_code

LIST_PRICE, AS_CLOSED = "list_price", "as_closed"
BEFORE_CLOSE = "amount-before"


def ask_products(survey: Survey) -> list[Group]:
    """Ask about every product that is not in the list."""
    values = survey.values("product")
    if not values:
        return []
    known = Names([(product.name, product.pk) for product in accounts_queries.products()])
    unknown = [Option(targets.CREATE, _("Add it to the product list")), targets.LEAVE_EMPTY, targets.REJECT_ROWS]
    asked = targets.ask_names("product", values, known, unknown=unknown, default=targets.CREATE)
    hint = _("These are not in the product list; where something much alike is, it is proposed.")
    return [Group("product", _("Products"), asked, hint)] if asked else []


def ask_amounts(survey: Survey) -> list[Group]:
    """Ask what closed rows were worth while open, where there are list prices."""
    if "product" not in survey.columns or "amount" not in survey.columns:
        return []
    if not any(product.list_price for product in accounts_queries.products()):
        return []
    options = [
        Option(LIST_PRICE, _("The product's list price")),
        Option(AS_CLOSED, _("The amount they were closed with")),
    ]
    question = Question(BEFORE_CLOSE, _("What won and lost rows were worth while open"), options, LIST_PRICE)
    hint = _("Open rows without an amount get the list price of their product as well.")
    return [Group("amount", _("Amounts"), [question], hint)]


class Products:
    """Finds the product that a row means, as the questions were answered; adds what is wanted and missing."""

    def __init__(self, occasion: Occasion) -> None:
        self._occasion = occasion
        self._take(accounts_queries.products())
        self._wanted: dict[str, str] = {}

    def _take(self, products: Sequence[Product]) -> None:
        self._by_id = {product.pk: product for product in products}
        self._names = Names([(product.name, product.pk) for product in products])

    def want(self, record: Record) -> None:
        """Make sure that the product of a record will be there, or reject the record."""
        text = record.text("product")
        if not text or self._chosen(text) is not None:
            return
        answer = self._occasion.answer(question_code("product", text), targets.SKIP)
        if answer == targets.CREATE:
            self._wanted.setdefault(plain_key(text), text)
        elif answer == targets.REJECT:
            closest = self._names.find(text).name or "—"
            record.reject("product_unknown", "product", value=text[:80], closest=closest)
        else:
            record.remarks.append("product_left_out")

    def _chosen(self, text: str) -> Product | None:
        found = self._names.find(text)
        if found.kind == "exact" and found.key is not None:
            return self._by_id[found.key]
        answer = targets.answered_id(self._occasion.answer(question_code("product", text)))
        return self._by_id.get(answer) if answer is not None else None

    def make(self) -> None:
        """Add the products that are wanted and missing."""
        if self._wanted:
            rows = [ProductRow(text) for text in self._wanted.values()]
            made = accounts_actions.import_products(rows, by=self._occasion.by, at=self._occasion.at)
            accounts_imports.note(self._occasion, "product", made)
            self._take(accounts_queries.products())

    def find(self, record: Record) -> Product | None:
        """Return a record's product, once `make` was called."""
        text = record.text("product")
        if not text:
            return None
        product = self._chosen(text)
        if product is not None and written_key(product.name) != written_key(text):
            record.remarks.append("product_respelled")
        return product
