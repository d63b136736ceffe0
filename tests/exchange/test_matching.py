from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.matching import Match, Names, company_key, plain_key, written_key

PRODUCTS = [
    ("GTX Basic", 1),
    ("GTX Pro", 2),
    ("GTX Plus Basic", 3),
    ("GTX Plus Pro", 4),
    ("MG Special", 5),
    ("MG 500", 6),
]


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("GTX Pro", Match("exact", 2, "GTX Pro", 1.0)),
        ("gtx  PRO", Match("exact", 2, "GTX Pro", 1.0)),
        ("ＧＴＸ　Ｐｒｏ", Match("exact", 2, "GTX Pro", 1.0)),
        ("GTXPro", Match("close", 2, "GTX Pro", 0.99)),
        ("GTX-Pro.", Match("close", 2, "GTX Pro", 0.99)),
        ("MG Spezial", Match("close", 5, "MG Special", 0.89)),
        ("MG 800", Match("none")),
        ("Something", Match("none")),
        ("", Match("none")),
        ("!!!", Match("none")),
    ],
)
def test_finding_a_product(name: Any, match: Any) -> None:
    assert Names(PRODUCTS).find(name) == match


def test_legal_forms_make_a_close_match() -> None:
    names = Names([("Acme Corporation", 1), ("台積電股份有限公司", 2), ("公司", 3)], companies=True)
    assert names.find("ACME Corp.") == Match("close", 1, "Acme Corporation", 0.99)
    assert names.find("台積電") == Match("close", 2, "台積電股份有限公司", 0.99)
    assert names.find("公司").kind == "exact"


def test_two_of_one_name_are_found_by_neither() -> None:
    assert Names([("Acme", 1), ("ACME", 2)]).find("acme").kind == "none"
    assert Names([("Ac me", 1), ("A cme", 2)]).find("acme").kind == "none"
    assert Names([("Acme", 1), ("ACME", 1)]).find("acme").key == 1


def test_names_can_be_added() -> None:
    names = Names(PRODUCTS)
    assert names.find("GTK 500").kind == "none"
    names.add("GTK 500", 9)
    assert names.find("GTK 500").key == 9


@given(st.text())
def test_keys_are_stable(text: Any) -> None:
    for key in (written_key, plain_key, company_key):
        assert key(key(text)) == key(text) or key is company_key


@given(st.lists(st.text(min_size=1, max_size=12), unique_by=written_key, max_size=20))
def test_every_name_finds_itself(names: Any) -> None:
    found = Names([(name, index) for index, name in enumerate(names)])
    for index, name in enumerate(names):
        if written_key(name):
            assert found.find(name) == Match("exact", index, name, 1.0)
