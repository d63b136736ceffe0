"""What files can bring in: products."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from accounts import actions, names
from accounts.imports.outcomes import note, outcome, present
from accounts.records import ProductRow
from exchange import targets
from exchange.mapping import Field, words
from exchange.records import Record
from exchange.staging import Outcome
from exchange.targets import Occasion, Target

PRODUCT_FIELDS = (
    Field(
        "name",
        required=True,
        max_length=120,
        synonyms=words(
            "product, product name, item, item name, sku name, 產品, 產品名稱, 品名, 商品, 商品名稱, 品項, "
            "产品, 产品名称, 品项"
        ),
    ),
    Field(
        "series",
        max_length=80,
        synonyms=words("product series, family, product family, category, 系列, 產品系列, 类别, 類別, 产品系列"),
    ),
    Field(
        "list_price",
        "amount",
        synonyms=words(
            "sales_price, price, unit price, list price, standard price, 定價, 單價, 售價, 標準售價, 牌價, "
            "定价, 单价, 售价, 标准售价, 价格, 價格"
        ),
    ),
)


def _apply_products(records: Sequence[Record], occasion: Occasion) -> list[Outcome]:
    rows = [ProductRow(record.text("name"), present(record, ("series", "list_price"))) for record in records]
    answers = actions.import_products(rows, by=occasion.by, at=occasion.at)
    note(occasion, "product", answers)
    return [outcome(record, answer) for record, answer in zip(records, answers, strict=True)]


targets.register(
    Target(
        code="products",
        label=_("Products"),
        hint=_("Names, series and list prices. Bring them in first: opportunities refer to them."),
        icon="package",
        position=10,
        fields=PRODUCT_FIELDS,
        words={"name": _("Product"), "series": _("Series"), "list_price": _("List price")},
        key=lambda record: names.key(record.text("name")),
        apply=_apply_products,
    )
)
