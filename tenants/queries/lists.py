"""Pages of rows."""

from typing import Any

from django.core.paginator import Paginator
from django.utils.functional import cached_property

PAGE = 50


class CountedPaginator(Paginator):  # type: ignore[type-arg]  # generic only in its stubs
    """Pages of rows that have been counted already."""

    def __init__(self, rows: Any, count: int) -> None:
        """Take the rows and how many there are."""
        super().__init__(rows, PAGE)
        self._counted = count

    @cached_property
    def count(self) -> int:
        """How many rows there are."""
        return self._counted
