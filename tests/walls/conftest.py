"""Both organizations filled: one's own with something of everything, the stranger's with canaries."""

import pytest

from tests.cast import Cast
from tests.walls.own import Own, furnish
from tests.walls.stranger import fill


@pytest.fixture
def own(acme: Cast) -> Own:
    """One's own organization, filled."""
    return furnish(acme)


@pytest.fixture
def stranger(globex: Cast) -> Cast:
    """The other one, filled with canaries."""
    fill(globex)
    return globex
