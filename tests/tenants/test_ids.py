"""What counts as an id: plain digits that fit a key, and nothing that only looks like them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.ids import read_id, read_number


@given(st.integers(0, 10**18 - 1))
def test_every_id_is_read_as_it_is_written(key: int) -> None:
    assert read_id(str(key)) == key
    assert read_number(str(key)) == (key if key < 2**31 else 0)


@pytest.mark.parametrize(
    "text", ["", " 1", "-1", "+1", "1.0", "1_0", "x", "²", "٣", "１", "1\x00", "1" * 19, "9" * 5000]
)
def test_what_is_no_id_is_none(text: str) -> None:
    assert read_id(text) is None
    assert read_number(text) == 0


def test_no_text_is_no_id() -> None:
    assert read_id(None) is None
