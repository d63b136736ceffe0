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

    `theirs` maps a field to its value now; `changed_by` names who changed it last, `changed_at` when, if known.
    """

    def __init__(self, theirs: Mapping[str, Any], *, changed_by: str = "", changed_at: datetime | None = None) -> None:
        """Take the values that stand now."""
        super().__init__(dict(theirs))
        self.theirs, self.changed_by, self.changed_at = dict(theirs), changed_by, changed_at
