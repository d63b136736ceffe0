"""A team tree as a file describes it, in whatever order, laid over the one that is there."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from exchange.matching import written_key

_STEPS = re.compile(r"\s*[/>›»\\|→]\s*")


@dataclass(eq=False, slots=True)
class Node:
    """A team: there already (`pk`), or wanted. `former` is its parent now; `wanted` what a row calls its parent."""

    name: str
    pk: int | None = None
    parent: Node | None = None
    former: Node | None = None
    wanted: str = ""
    is_placed: bool = False

    @property
    def parent_key(self) -> str:
        """What the team above it is called."""
        return self.wanted or (written_key(self.parent.name) if self.parent is not None else "")


@dataclass(frozen=True, slots=True)
class Wish:
    """One row: the team, and the team above it, as the file names them; "" for none."""

    number: int
    name: str
    parent: str = ""


@dataclass(slots=True)
class Plan:
    """What becomes of the rows: the team of each, or the reason (and the name it is about) why it cannot be.

    `new` stand in the order in which they were named; `adding` are the rows that made a team above theirs necessary.
    """

    nodes: dict[int, Node] = field(default_factory=dict)
    refused: dict[int, tuple[str, str]] = field(default_factory=dict)
    adding: set[int] = field(default_factory=set)
    new: list[Node] = field(default_factory=list)

    @property
    def moved(self) -> list[Node]:
        """The teams that are there and get another parent."""
        nodes = {id(node): node for node in self.nodes.values()}
        return [node for node in nodes.values() if node.pk is not None and node.parent is not node.former]


class Tree:
    """The teams by name; one name may stand under several parents."""

    def __init__(self, teams: Iterable[tuple[int, str, int | None]]) -> None:
        """Take (id, name, id of the parent) of every team."""
        rows = list(teams)
        self.by_id = {pk: Node(name, pk) for pk, name, _parent in rows}
        for pk, _name, parent in rows:
            self.by_id[pk].parent = self.by_id[pk].former = self.by_id.get(parent or 0)
        self.nodes = list(self.by_id.values())
        self._named: dict[str, list[Node]] = defaultdict(list)
        for node in self.nodes:
            self._named[written_key(node.name)].append(node)

    def add(self, name: str, *, wanted: str = "") -> Node:
        """Want one more team."""
        node = Node(name, wanted=wanted)
        self.nodes.append(node)
        self._named[written_key(name)].append(node)
        return node

    def drop(self, node: Node) -> None:
        """Want it no more."""
        self.nodes.remove(node)
        self._named[written_key(node.name)].remove(node)

    def named(self, text: str) -> list[Node]:
        """Return the teams that a text names: by their name, or by the way from above: `West / Sales`."""
        found = self._named.get(written_key(text), [])
        parts = [part for part in _STEPS.split(text) if part]
        if found or len(parts) < 2:
            return list(found)
        return [node for node in self._named.get(written_key(parts[-1]), []) if _stands_under(node, parts[:-1])]


def _stands_under(node: Node, names: Sequence[str]) -> bool:
    above: Node | None = node
    for name in reversed(names):
        if above is None or above.parent_key != written_key(name):
            return False
        above = above.parent
    return True


def _last(text: str) -> str:
    """Return what the team itself is called in a way from above."""
    return written_key([part for part in _STEPS.split(text) if part][-1:][0] if _STEPS.sub("", text) else text)


def lay(tree: Tree, wishes: Sequence[Wish], *, top: int | None = None, add_parents: bool = True) -> Plan:
    """Lay the rows over the tree; what would close a circle is refused, with all that hangs on it.

    :param top: id of the team under which new teams that name no parent stand; None for roots.
    :param add_parents: add teams that are only named above others.
    """
    made = Plan()
    above: dict[str, set[str]] = defaultdict(set)
    for wish in wishes:
        above[written_key(wish.name)] |= {_last(wish.parent)} if wish.parent else set()
    for wish in wishes:
        _find(tree, wish, made, several=len(above[written_key(wish.name)]) > 1)
    for wish in wishes:
        if wish.number in made.nodes and wish.parent:
            _place(tree, wish, made, add_parents=add_parents)
    default = tree.by_id.get(top or 0)
    for node in made.new:
        if not node.is_placed:
            node.parent = default
    while faults := _faults(tree, made):
        _refuse(tree, wishes, made, faults)
    needed = {id(node) for node in made.nodes.values()} | {id(node.parent) for node in tree.nodes}
    made.new = [node for node in made.new if node in tree.nodes and id(node) in needed]
    return made


def _find(tree: Tree, wish: Wish, made: Plan, *, several: bool) -> None:
    """Note which team a row is about: of this name under that parent, the only one of its name, or a new one."""
    found, parent = tree.named(wish.name), _last(wish.parent) if wish.parent else ""
    if parent:
        there = [node for node in found if node.parent_key == parent]
        only = [] if several or len(found) != 1 or found[0].wanted else found
        found = there or only
    if len(found) > 1:
        made.refused[wish.number] = ("team_ambiguous", wish.name)
        return
    if not found:
        found = [tree.add(wish.name)]
        made.new.append(found[0])
    found[0].wanted = parent or found[0].wanted
    made.nodes[wish.number] = found[0]


def _place(tree: Tree, wish: Wish, made: Plan, *, add_parents: bool) -> None:
    """Put the team of a row under the one it names."""
    node, found = made.nodes[wish.number], tree.named(wish.parent)
    if len(found) > 1:
        found = [each for each in found if each is not node]
    if found == [node]:
        made.refused[wish.number] = ("team_under_itself", wish.name)
    elif len(found) > 1:
        made.refused[wish.number] = ("team_ambiguous", wish.parent)
    elif not found and not add_parents:
        made.refused[wish.number] = ("parent_unknown", wish.parent)
    else:
        if not found:
            found = [tree.add(wish.parent)]
            made.new.append(found[0])
            made.adding.add(wish.number)
        node.parent, node.is_placed = found[0], True
        return
    _forget(tree, wish.number, made)


def _faults(tree: Tree, made: Plan) -> dict[int, str]:
    """Return what cannot stay, by the identity of the team: in a circle, of one name with a sister, under none."""
    faults: dict[int, str] = {}
    sisters: dict[tuple[int, str], Node] = {}
    standing = set(map(id, tree.nodes))
    for node in tree.nodes:
        first = sisters.setdefault((id(node.parent), written_key(node.name)), node)
        if first is not node and (node.pk is None or node.parent is not node.former):
            faults[id(node)] = "team_name_taken"
        if node.parent is not None and id(node.parent) not in standing:
            faults[id(node)] = "parent_refused"
        seen, above = {id(node)}, node.parent
        while above is not None and id(above) not in seen:
            seen.add(id(above))
            above = above.parent
        if above is node:
            faults[id(node)] = "team_under_itself"
    return faults


def _refuse(tree: Tree, wishes: Sequence[Wish], made: Plan, faults: dict[int, str]) -> None:
    for wish in wishes:
        node = made.nodes.get(wish.number)
        if node is not None and id(node) in faults:
            made.refused[wish.number] = (faults[id(node)], wish.name)
            _forget(tree, wish.number, made)
    for node in [node for node in tree.nodes if id(node) in faults]:
        if node.pk is None:
            tree.drop(node)
        else:
            node.parent = node.former


def _forget(tree: Tree, number: int, made: Plan) -> None:
    """Take a row out; its team stays what it was, or is not wanted, unless another row is about it."""
    node = made.nodes.pop(number)
    if any(each is node for each in made.nodes.values()):
        return
    node.parent = node.former
    if node.pk is None and node in tree.nodes:
        tree.drop(node)
