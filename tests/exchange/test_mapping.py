from typing import Any

import pytest

from exchange.mapping import SURE, Field, propose

FIELDS = (
    Field(
        "external_id", synonyms=("opportunity_id", "Opportunity ID", "Deal ID", "商機編號", "商机编号", "編號", "编号")
    ),
    Field("name", synonyms=("opportunity name", "Deal name", "商機名稱", "商机名称", "商機", "商机", "主旨")),
    Field("owner", "owner", synonyms=("sales_agent", "sales rep", "owner", "負責人", "负责人", "業務", "销售")),
    Field("product", "reference", synonyms=("product name", "產品", "产品", "品項")),
    Field(
        "account",
        "reference",
        synonyms=("account name", "customer", "company", "客戶名稱", "客户名称", "客戶", "客户", "公司名稱"),
    ),
    Field("stage", "choice", synonyms=("deal_stage", "sales stage", "status", "階段", "阶段", "銷售階段")),
    Field("opened_on", "date", synonyms=("engage_date", "created", "開始日期", "开始日期", "建立日期")),
    Field("expected_close", "date", synonyms=("expected close date", "預計成交日", "预计成交", "預計成交日期")),
    Field("closed_on", "date", synonyms=("close_date", "closed date", "成交日期", "结束日期", "結案日")),
    Field("amount", "amount", synonyms=("close_value", "value", "deal value", "金額", "金额", "預估金額")),
    Field("email", "email", synonyms=("e-mail", "電子郵件", "邮箱"), hints=("mail",)),
)


def proposed(headers: Any, sample: Any = ()) -> dict[str, str]:
    return {p.field: headers[p.column] for p in propose(headers, FIELDS, sample) if p.column is not None}


def test_an_english_export() -> None:
    headers = [
        "opportunity_id",
        "sales_agent",
        "product",
        "account",
        "deal_stage",
        "engage_date",
        "close_date",
        "close_value",
    ]
    sample = [["1C1I7A6R", "Moses Frase", "GTX Plus Basic", "Cancity", "Won", "2016-10-20", "2017-03-01", "1054"]]
    assert proposed(headers, sample) == {
        "external_id": "opportunity_id", "owner": "sales_agent", "product": "product", "account": "account",
        "stage": "deal_stage", "opened_on": "engage_date", "closed_on": "close_date", "amount": "close_value",
    }  # fmt: skip
    assert all(p.confidence >= SURE for p in propose(headers, FIELDS, sample) if p.column is not None)


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("客戶名稱", "account"),
        ("客户名称", "account"),
        ("商機", "name"),
        ("金額", "amount"),
        ("金額(元)", "amount"),
        ("預估金額（萬）", "amount"),
        ("预计成交", "expected_close"),
        ("階段", "stage"),
        ("負責人", "owner"),
        ("*負責人", "owner"),
        ("Close Date", "closed_on"),
        ("closeDate", "closed_on"),
        ("CLOSE-DATE", "closed_on"),
        ("Amount (USD)", "amount"),
        ("客戶 / 客戶名稱", "account"),
        ("product / 產品", "product"),
        ("Account Name", "account"),
        ("客戶公司名稱", "account"),
        ("Sales agents", "owner"),
        ("Primary mail", "email"),
        ("Expected Close", "expected_close"),
    ],
)
def test_headings(header: Any, field: Any) -> None:
    assert proposed([header]) == {field: header}


@pytest.mark.parametrize("header", ["", "Notes", "備註", "⚠ Reason", "x", "Regional office"])
def test_headings_of_nothing(header: Any) -> None:
    assert proposed([header]) == {}


def test_one_column_a_field_and_one_field_a_column() -> None:
    found = propose(["Amount", "amount", "金額"], FIELDS)
    assert [p.column for p in found if p.field == "amount"] == [0]
    assert len({p.column for p in found if p.column is not None}) == 1


def test_the_content_decides_where_headings_are_alike() -> None:
    found = proposed(["Close", "value"], [["2024-01-02", "100"], ["2024-01-03", "200"]])
    assert found["amount"] == "value"
    assert proposed(["金額"], [["very much"], ["little"]] * 5) == {"amount": "金額"}
    assert propose(["金額"], FIELDS, [["very much"]])[9].confidence < SURE
