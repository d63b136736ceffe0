"""What the list of approvals is narrowed by, as it stands in the address. No Django here."""

from collections.abc import Mapping
from dataclasses import dataclass

from funnel.approvals import ApprovalKind

SCOPES = ("for_me", "mine")
STANDINGS = ("waiting", "decided")


@dataclass(frozen=True)
class ApprovalFilters:
    """Empty means all. `scope`: `for_me` waits or waited for me, `mine` I asked; `standing`: one of STANDINGS."""

    scope: str = ""
    standing: str = ""
    kind: str = ""

    @property
    def active(self) -> bool:
        """Whether anything is narrowed."""
        return self != ApprovalFilters()


def read(query: Mapping[str, str]) -> ApprovalFilters:
    """Read the filters from a query string; what cannot be is left out."""

    def one_of(name: str, known: tuple[str, ...]) -> str:
        return query.get(name, "") if query.get(name, "") in known else ""

    return ApprovalFilters(one_of("scope", SCOPES), one_of("standing", STANDINGS), one_of("kind", tuple(ApprovalKind)))
