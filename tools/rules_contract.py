"""A contract for import-linter: whatever is not one of the other kinds of file is a rule, and rules are pure.

The one module here that needs more than the standard library; only ``make lint`` loads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class RulesContract(Contract):
    """Rules import no Django and no other kind of file, directly or through others.

    ``apps``: the packages to look at. ``kinds``: names of the files that are no rules. ``exceptions``: modules that
    are neither, by full name; one that is gone or has become pure is reported too. ``forbidden``: what no rule imports.
    """

    type_name = "rules"

    apps: Any = fields.ListField(subfield=fields.StringField())
    kinds: Any = fields.ListField(subfield=fields.StringField())
    exceptions: Any = fields.ListField(subfield=fields.StringField(), required=False)
    forbidden: Any = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look at every module directly inside an app."""
        rules = set(self._rules(graph))
        exceptions = set(self.exceptions or [])
        breaches = [chain for rule in sorted(rules - exceptions) if (chain := self._impure(graph, rule))]
        stale = [name for name in sorted(exceptions) if name not in rules or not self._impure(graph, name)]
        kept = not breaches and not stale
        return ContractCheck(kept=kept, metadata={"breaches": breaches, "stale": stale})

    def _rules(self, graph: ImportGraph) -> Iterator[str]:
        for app in self.apps:
            for module in graph.find_children(app):
                if module.rpartition(".")[2] not in self.kinds:
                    yield module

    def _impure(self, graph: ImportGraph, rule: str) -> tuple[str, ...]:
        """The chain of imports from this module to something forbidden; empty when there is none."""
        others = [f"{app}.{kind}" for app in self.apps for kind in self.kinds]
        for target in [*self.forbidden, *others]:
            if target in graph.modules and not rule.startswith(f"{target}."):
                chain = graph.find_shortest_chain(importer=rule, imported=target, as_packages=True)
                if chain:
                    return chain
        return ()

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Say which module reaches what, and through whom."""
        for chain in check.metadata["breaches"]:
            output.print_error(f"{chain[0]} is not pure: {' -> '.join(chain)}")
        for name in check.metadata["stale"]:
            output.print_error(f"{name} stands among the exceptions, but is gone or has become a rule.")
