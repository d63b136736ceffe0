"""A team tree from rows in any order."""

from itertools import permutations

import pytest

from exchange.team_plan import Plan, Tree, Wish, lay

THERE: list[tuple[int, str, int | None]] = [(1, "Acme", None), (2, "North", 1), (3, "South", 1), (4, "Sales", 2)]


def laid(*rows: tuple[str, str], top: int | None = 1, add_parents: bool = True) -> tuple[Plan, dict[str, str]]:
    """The plan of rows over the tree that is there, and the parent of every new or moved team."""
    wishes = [Wish(number, name, parent) for number, (name, parent) in enumerate(rows, start=2)]
    made = lay(Tree(THERE), wishes, top=top, add_parents=add_parents)
    return made, {node.name: node.parent.name if node.parent else "" for node in [*made.new, *made.moved]}


@pytest.mark.parametrize("rows", list(permutations([("A", "B"), ("B", "C"), ("C", ""), ("D", "A")])))
def test_any_order_gives_the_same_tree(rows: tuple[tuple[str, str], ...]) -> None:
    made, parents = laid(*rows)
    assert parents == {"A": "B", "B": "C", "C": "Acme", "D": "A"}
    assert not made.refused


def test_what_is_only_named_above_is_added_or_refused() -> None:
    made, parents = laid(("A", "East"), ("B", "East"))
    assert parents == {"A": "East", "B": "East", "East": "Acme"}
    assert made.adding == {2}
    made, parents = laid(("A", "East"), ("B", ""), add_parents=False, top=None)
    assert made.refused == {2: ("parent_unknown", "East")}
    assert parents == {"B": ""}


def test_circles_are_refused_with_all_that_hangs_on_them() -> None:
    made, parents = laid(("A", "B"), ("B", "A"), ("C", "A"), ("D", "D"), ("E", "North"))
    assert {number: code for number, (code, _name) in made.refused.items()} == {
        2: "team_under_itself",
        3: "team_under_itself",
        4: "parent_refused",
        5: "team_under_itself",
    }
    assert parents == {"E": "North"}


def test_a_team_that_is_there_moves_but_never_under_itself() -> None:
    assert laid(("Sales", "South"))[1] == {"Sales": "South"}
    assert laid(("sales", "NORTH"))[1] == {}
    made, parents = laid(("North", "Sales"))
    assert (made.refused, parents) == ({2: ("team_under_itself", "North")}, {})
    made, parents = laid(("North", "Sales"), ("Sales", "Acme"))  # a swap is no circle
    assert (made.refused, parents) == ({}, {"North": "Sales", "Sales": "Acme"})
    made, parents = laid(("Acme", "North"))
    assert made.refused == {2: ("team_under_itself", "Acme")}


def test_one_name_under_several_parents() -> None:
    made, parents = laid(("Sales", "North"), ("Sales", "South"))
    assert [node.name for node in made.new] == ["Sales"]
    assert parents == {"Sales": "South"}
    made, _parents = laid(("Sales", "South"), ("Sales", "East"), ("Inside", "Sales"))
    assert made.refused == {4: ("team_ambiguous", "Sales")}
    made, parents = laid(("Sales", "South"), ("Sales", "East"), ("Inside", "South / Sales"))
    assert not made.refused
    assert made.nodes[4].parent is made.nodes[2]


def test_the_same_row_twice_is_one_team() -> None:
    made, parents = laid(("A", "East"), ("A", "East"), ("a", ""))
    assert parents == {"A": "East", "East": "Acme"}
    assert made.nodes[2] is made.nodes[3] is made.nodes[4]


def test_nothing_new_where_all_is_there() -> None:
    made, parents = laid(("Acme", ""), ("North", "Acme"), ("South", "Acme"), ("Sales", "Acme / North"))
    assert (parents, made.refused, made.new) == ({}, {}, [])
