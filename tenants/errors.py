"""What an action may refuse. Codes and values, never prose: the edge translates."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any


class Refused(Exception):
    """Anticipated: the action will not do this. `code` says why, `data` holds what a message needs."""

    def __init__(self, code: str, **data: object) -> None:
        """Take a code that `labels` can translate, and the values of its placeholders."""
        super().__init__(code, data)
        self.code, self.data = code, data


class Stale(Exception):
    """Anticipated: somebody else changed it since it was shown.

    `theirs` maps a field to its value now, `version` is the one that stands; `changed_by` names who changed it last,
    `changed_at` when, if known.
    """

    def __init__(
        self,
        theirs: Mapping[str, Any],
        *,
        version: int | None = None,
        changed_by: str = "",
        changed_at: datetime | None = None,
    ) -> None:
        """Take what stands now."""
        super().__init__(dict(theirs))
        self.theirs, self.version = dict(theirs), version
        self.changed_by, self.changed_at = changed_by, changed_at
