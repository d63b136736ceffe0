"""What is open, by one field in lines and another in columns: cells and sums of one table. No Django here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from funnel.stages import Stage

COLUMNS = tuple(str(int(stage)) for stage in Stage if stage != Stage.DEPLOY)
"""The columns of stages: what is won has left the funnel."""
ROWS_SHOWN, COLUMNS_SHOWN = 100, 24


@dataclass(frozen=True, slots=True)
class Cell:
    """How many, and what they are worth together (minor units): in all, weighted by claimed and by proven stages.

    An unknown amount adds nothing.
    """

    count: int = 0
    total: int = 0
    weighted: int = 0
    proven: int = 0

    def __add__(self, other: "Cell") -> "Cell":
        return Cell(
            self.count + other.count,
            self.total + other.total,
            self.weighted + other.weighted,
            self.proven + other.proven,
        )

    def __sub__(self, other: "Cell") -> "Cell":
        return Cell(
            self.count - other.count,
            self.total - other.total,
            self.weighted - other.weighted,
            self.proven - other.proven,
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a cell for each column, and the sum of all, those of columns not shown among them."""

    key: str
    name: str
    cells: tuple[Cell, ...]
    sum: Cell


@dataclass(frozen=True, slots=True)
class Matrix:
    """The lines in their order; `sums` are those of the columns, `sum` that of everything.

    What does not fit is in `rest`, the sum of the lines not shown, and in `beside`, that of the columns not shown.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    sums: tuple[Cell, ...]
    sum: Cell
    rest: Cell
    beside: Cell


def arranged(
    figures: Iterable[tuple[str, str, int, int, int, int]],
    names: Mapping[str, str],
    columns: Sequence[str],
    rows: Sequence[str] | None = None,
) -> Matrix:
    """Arrange figures by line and column.

    :param figures: (line, column, count, total, weighted, proven), each pair of line and column once.
    :param names: by line; who has none is called nothing.
    :param columns: all of them, in their order.
    :param rows: the lines in their order; the largest first without it.
    """
    found: dict[str, dict[str, Cell]] = {}
    for line, column, *cell in figures:
        found.setdefault(line, {})[column] = Cell(*cell)
    shown = tuple(columns[:COLUMNS_SHOWN])
    lines = []
    for line, cells in found.items():
        whole = sum(cells.values(), Cell())
        lines.append(Row(line, names.get(line, ""), tuple(cells.get(column, Cell()) for column in shown), whole))
    places = {key: at for at, key in enumerate(rows or ())}
    lines.sort(key=lambda row: (places.get(row.key, 0), -row.sum.total, -row.sum.count, row.name, row.key))
    sums = tuple(sum((row.cells[at] for row in lines), Cell()) for at in range(len(shown)))
    whole, inside = sum((row.sum for row in lines), Cell()), sum(sums, Cell())
    return Matrix(
        columns=shown,
        rows=tuple(lines[:ROWS_SHOWN]),
        sums=sums,
        sum=whole,
        rest=sum((row.sum for row in lines[ROWS_SHOWN:]), Cell()),
        beside=whole - inside,
    )
