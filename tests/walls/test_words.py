"""The stranger's canaries: one in every text column of the database, or the column says why not."""

import pytest

from tests.cast import Cast
from tests.walls.stranger import fill
from tests.walls.words import canaries, canary, text_columns, values, wordless

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def silent() -> list[str]:
    """Return the text columns in which nothing of the stranger's sings."""
    return [column for column in text_columns() if not any(canary(column) in value.lower() for value in values(column))]


def test_a_canary_sits_in_every_text_column(globex: Cast) -> None:
    fill(globex)
    missing = set(silent()) - set(wordless())
    assert not missing, (
        f"text columns without a canary: {sorted(missing)}. tests/walls/stranger.py fills every column of a model by"
        " its kind; a column that can only hold a code of ours goes into WORDLESS in tests/walls/words.py, with reason"
    )


def test_the_list_of_columns_without_a_canary_is_no_longer_than_it_must_be(globex: Cast) -> None:
    fill(globex)
    assert set(wordless()) <= set(silent())


def test_every_canary_is_another_word() -> None:
    words = [canary(column) for column in text_columns()]
    assert len(words) == len(set(words)) > 100
    assert canaries(" ".join(words).upper()) == set(words)
