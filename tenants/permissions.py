"""Who may do what: one permission enum, one table of grants per role. No Django here."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """One thing a member may do."""

    HOME_VIEW = "home_view"
    PROFILE_EDIT = "profile_edit"
    ACCOUNT_VIEW = "account_view"
    ACCOUNT_EDIT = "account_edit"
    FUNNEL_VIEW = "funnel_view"
    FUNNEL_EDIT = "funnel_edit"
    EVIDENCE_JUDGE = "evidence_judge"
    APPROVAL_DECIDE = "approval_decide"
    VISIT_VIEW = "visit_view"
    VISIT_LOG = "visit_log"
    FORECAST_VIEW = "forecast_view"
    TARGET_EDIT = "target_edit"
    REVIEW_RUN = "review_run"
    COACHING_VIEW = "coaching_view"
    COACHING_RUN = "coaching_run"
    IMPORT_RUN = "import_run"
    PRODUCT_EDIT = "product_edit"
    SETTINGS_EDIT = "settings_edit"
    PEOPLE_EDIT = "people_edit"
    AUDIT_VIEW = "audit_view"


class Role(StrEnum):
    """The one business role of a membership."""

    REP = "rep"
    MANAGER = "manager"
    EXECUTIVE = "executive"
    COLLEAGUE = "colleague"
    PARTNER = "partner"


P = Permission
_EVERYONE = frozenset({P.HOME_VIEW, P.PROFILE_EDIT})
_REP = _EVERYONE | {
    P.ACCOUNT_VIEW,
    P.ACCOUNT_EDIT,
    P.FUNNEL_VIEW,
    P.FUNNEL_EDIT,
    P.VISIT_VIEW,
    P.VISIT_LOG,
    P.FORECAST_VIEW,
    P.COACHING_VIEW,
}
_MANAGER = _REP | {
    P.EVIDENCE_JUDGE,
    P.APPROVAL_DECIDE,
    P.REVIEW_RUN,
    P.COACHING_RUN,
    P.TARGET_EDIT,
    P.IMPORT_RUN,
    P.PRODUCT_EDIT,
}

GRANTS: Mapping[Role, frozenset[Permission]] = {
    Role.REP: _REP,
    Role.MANAGER: _MANAGER,
    Role.EXECUTIVE: _MANAGER,
    Role.COLLEAGUE: _EVERYONE | {P.ACCOUNT_VIEW, P.FUNNEL_VIEW},
    Role.PARTNER: _EVERYONE | {P.ACCOUNT_VIEW, P.ACCOUNT_EDIT, P.FUNNEL_VIEW, P.FUNNEL_EDIT, P.VISIT_VIEW, P.VISIT_LOG},
}
ADMIN_GRANTS = frozenset({P.IMPORT_RUN, P.PRODUCT_EDIT, P.SETTINGS_EDIT, P.PEOPLE_EDIT, P.AUDIT_VIEW})


def grants(role: str, *, is_admin: bool) -> frozenset[Permission]:
    """Return everything that a membership of this role, admin besides or not, may do."""
    return GRANTS[Role(role)] | (ADMIN_GRANTS if is_admin else frozenset())


@dataclass(frozen=True)
class Reason:
    """Whether a member may do one thing, and why: by their role, as admin, or who else may."""

    permission: Permission
    by_role: bool
    by_admin: bool
    roles: tuple[Role, ...]
    admins: bool

    @property
    def is_granted(self) -> bool:
        """Whether they may."""
        return self.by_role or self.by_admin


def reasons(role: str, *, is_admin: bool) -> list[Reason]:
    """Return every permission there is, with the reason why a membership of this role has it or not."""
    return [
        Reason(
            permission,
            by_role=permission in GRANTS[Role(role)],
            by_admin=is_admin and permission in ADMIN_GRANTS,
            roles=tuple(each for each in Role if permission in GRANTS[each]),
            admins=permission in ADMIN_GRANTS,
        )
        for permission in Permission
    ]
