"""What is open, by stage and owner: rows, columns and sums of one table. No Django here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from funnel.stages import Stage

COLUMNS = tuple(stage for stage in Stage if stage != Stage.DEPLOY)
"""What is won has left the funnel."""


@dataclass(frozen=True, slots=True)
class Cell:
    """How many, and what they are worth together (minor units); an unknown amount adds nothing."""

    count: int = 0
    total: int = 0

    def __add__(self, other: "Cell") -> "Cell":
        return Cell(self.count + other.count, self.total + other.total)


@dataclass(frozen=True, slots=True)
class Row:
    """One owner: a cell for each of COLUMNS, and their sum."""

    owner: int
    name: str
    cells: tuple[Cell, ...]
    sum: Cell

    @property
    def by_stage(self) -> Iterable[tuple[int, Cell]]:
        """Each cell with the number of its stage."""
        return zip(map(int, COLUMNS), self.cells, strict=True)


@dataclass(frozen=True, slots=True)
class Matrix:
    """All owners, the largest sum first; `sums` are those of the columns, `sum` that of everything."""

    rows: tuple[Row, ...]
    sums: tuple[Cell, ...]
    sum: Cell

    @property
    def by_stage(self) -> Iterable[tuple[int, Cell]]:
        """The sum of each column with the number of its stage."""
        return zip(map(int, COLUMNS), self.sums, strict=True)


def arranged(figures: Iterable[tuple[int, int, int, int]], names: Mapping[int, str]) -> Matrix:
    """Arrange figures by owner and stage.

    :param figures: (stage, owner, count, total), each pair of stage and owner once.
    :param names: by owner; who has none is called nothing.
    """
    of_owner: dict[int, dict[int, Cell]] = {}
    for stage, owner, count, total in figures:
        of_owner.setdefault(owner, {})[stage] = Cell(count, total)
    rows = []
    for owner, found in of_owner.items():
        cells = tuple(found.get(stage, Cell()) for stage in COLUMNS)
        rows.append(Row(owner, names.get(owner, ""), cells, sum(cells, Cell())))
    rows.sort(key=lambda row: (-row.sum.total, -row.sum.count, row.name, row.owner))
    sums = tuple(sum((row.cells[at] for row in rows), Cell()) for at in range(len(COLUMNS)))
    return Matrix(tuple(rows), sums, sum(sums, Cell()))
