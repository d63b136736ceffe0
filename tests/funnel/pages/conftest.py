"""Every page here is one of acme's."""

from collections.abc import Iterator

import pytest

from tenants.scoping import working_for
from tests.cast import Cast


@pytest.fixture(autouse=True)
def _scope(acme: Cast) -> Iterator[None]:
    with working_for(acme.org):
        yield
