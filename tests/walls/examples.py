"""For every address of the project: how to reach it with rows of one's own. The crawl derives all else from here.

A page without an id in its address needs no line. Any other needs one:

    "app:name": at(pk="opportunity"),

where `opportunity` is a row of `tests/walls/own.py`; a word that names no row there (`outcome="won"`) is taken as it
is. What cannot be read off a form is added by `.sending(stage="4")`, the query of the address by `.asking(on="…")`.
"""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.urls.converters import IntConverter, UUIDConverter

from tests.walls.forms import SOON
from tests.walls.own import Own
from tests.walls.stranger import KEY, STRANGE, patterns

TO_ADD = (
    'Add a line to EXAMPLES in tests/walls/examples.py: "app:name": at(pk="opportunity"), naming rows of'
    " tests/walls/own.py (make one there if there is none of the kind); what its form cannot tell goes into"
    ' .sending(field="…"), its query into .asking(field="…").'
)


@dataclass(frozen=True)
class Example:
    """What an address holds and its query asks, by the names of rows; and what is sent besides what its form holds."""

    holds: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    asks: dict[str, str] = field(default_factory=dict)

    def sending(self, **data: str) -> "Example":
        """Return the example with what is POSTed."""
        return dataclasses.replace(self, data=data)

    def asking(self, **asks: str) -> "Example":
        """Return the example with the query of its address."""
        return dataclasses.replace(self, asks=asks)


def at(**holds: str) -> Example:
    """Return an example by what its address holds."""
    return Example(holds)


EXAMPLES: dict[str, Example] = {
    # Sign-in
    "account_confirm_email": at(key="no-such-key"),
    "account_reset_password_from_key": at(uidb36="1", key="no-such-key"),
    "mfa_edit_webauthn": at(pk="passkey"),
    "mfa_remove_webauthn": at(pk="passkey"),
    "second_factor_needed": at(slug="acme"),
    "end_session": at(pk="session_elsewhere"),
    # salesops
    "salesops:sees": at(pk="member"),
    "forecasting:behind": at().asking(what="qualified"),
    "forecasting:alerts_of": at(pk="opportunity"),
    "forecasting:mute": at(pk="opportunity", code="overdue").sending(until=SOON, reason="Trade fair"),
    "forecasting:unmute": at(pk="opportunity", code="overdue").sending(seen="mute"),
    "salesops:holds": at(pk="member"),
    # tenants
    "tenants:security": at().sending(required="0"),
    "tenants:person_effects": at(pk="member"),
    "tenants:team_effects": at(pk="team"),
    "tenants:deactivate": at(pk="member"),
    "tenants:reactivate": at(pk="member"),
    "tenants:person_sight": at(pk="member"),
    "tenants:history": at(topic="people"),
    "tenants:join": at(token="token"),
    "tenants:person": at(pk="member"),
    "tenants:resend": at(pk="invitation"),
    "tenants:withdraw": at(pk="invitation"),
    "tenants:team": at(pk="team"),
    "tenants:delete_team": at(pk="team"),
    "tenants:delete_rate": at(pk="rate"),
    "tenants:restore_rate": at().asking(currency="EUR", on="2026-01-02", rate="33"),
    "tenants:delete_holiday": at(pk="holiday"),
    "tenants:restore_holiday": at().asking(first="2026-01-02", last="2026-01-02", name="New Year"),
    # jobs
    "jobs:panel": at(pk="job"),
    "jobs:cancel": at(pk="running"),
    "jobs:file": at(pk="file"),
    # exchange
    "exchange:import_template": at(target="accounts"),
    "exchange:import_detail": at(pk="done"),
    "exchange:import_mapping": at(pk="mapping").sending(**{"column-1": "", "column-2": ""}),
    "exchange:import_reading": at(pk="mapping"),
    "exchange:import_preview": at(pk="checked"),
    "exchange:import_run": at(pk="checked"),
    "exchange:import_rejects": at(pk="done"),
    "exchange:import_stop": at(pk="going"),
    "exchange:import_undo": at(pk="done"),
    "exchange:import_delete": at(pk="mapping"),
    "exchange:mapping_save": at(pk="done"),
    "exchange:mapping_rename": at(pk="saved"),
    "exchange:mapping_delete": at(pk="saved"),
    # accounts
    "accounts:account": at(pk="account"),
    "accounts:edit": at(pk="account"),
    "accounts:assess": at(pk="account"),
    "accounts:timeline": at(pk="account"),
    "accounts:contact_new": at(pk="account"),
    "accounts:contact_edit": at(pk="contact"),
    "accounts:members": at(pk="account"),
    "accounts:member_remove": at(pk="account", member="member"),
    "accounts:product_edit": at(pk="product"),
    "accounts:quick_new": at().sending(name="Quick", request_key=str(KEY)),
    # funnel
    "funnel:new": at().sending(account="account"),
    "funnel:of_account": at(pk="account"),
    "funnel:undo": at(pk="change"),
    "funnel:guide": at(stage="2"),
    "funnel:item_new": at(stage="2"),
    "funnel:item_edit": at(key="item"),
    "funnel:item_move": at(key="item"),
    "funnel:item_switch": at(key="item"),
    "funnel:opportunity": at(pk="opportunity"),
    "funnel:edit": at(pk="opportunity"),
    "funnel:move": at(pk="opportunity").sending(stage="2", why="Learnt more"),
    "funnel:bulk": at().sending(pk="opportunity"),
    "funnel:bulk_change": at(pk="bulk"),
    "funnel:bulk_undo": at(pk="bulk_done"),
    "funnel:view_edit": at(pk="view"),
    "funnel:view_delete": at(pk="view"),
    "funnel:view_move": at(pk="view").sending(to="up"),
    "funnel:regroup": at(pk="opportunity").asking(group="category").sending(to="commit"),
    "funnel:close": at(pk="opportunity"),
    "funnel:close_as": at(pk="opportunity", outcome="lost"),
    "funnel:reopen": at(pk="closed"),
    "funnel:evidence": at(pk="opportunity", key="item"),
    "funnel:evidence_withdraw": at(pk="opportunity", key="item").sending(version="2"),
    "funnel:evidence_judge": at(pk="opportunity", key="item").sending(verdict="verified"),
    "funnel:evidence_unjudge": at(pk="opportunity", key="item").asking(seen="2"),
    "funnel:evidence_file": at(pk="opportunity", key="item"),
    "funnel:members": at(pk="opportunity"),
    "funnel:helper_remove": at(pk="opportunity", helper="helper"),
    "funnel:team": at(pk="opportunity"),
    "funnel:part_new": at(pk="opportunity"),
    "funnel:part_edit": at(pk="part"),
    "funnel:part_done": at(pk="part").sending(done="1"),
    "funnel:part_drop": at(pk="part").sending(version="1"),
    # discounts
    "funnel:discount": at(pk="opportunity").sending(percent="3"),
    "funnel:discounts": at().sending(rep="4", manager="9"),
    "funnel:lead_effects": at().sending(months="6", version="0"),
    "funnel:discounts_effect": at().sending(rep="4", manager="9"),
    # commitments
    "funnel:commitment": at(pk="opportunity"),
    "funnel:commitment_new": at(pk="opportunity", kind="procedure").sending(note="Minutes"),
    "funnel:commitment_withdraw": at(pk="commitment"),
    "funnel:commitment_file": at(pk="proven"),
    # approvals
    "funnel:approvals_of": at(pk="opportunity"),
    "funnel:approval_new": at(pk="opportunity", kind="resource"),
    "funnel:approval": at(pk="approval"),
    "funnel:approval_decide": at(pk="approval").sending(verdict="granted"),
    "funnel:approval_withdraw": at(pk="approval").sending(version="1"),
    # strategy sheet
    "funnel:strategy": at(pk="opportunity"),
    "funnel:strategy_panel": at(pk="opportunity"),
    "funnel:strategy_resources": at(pk="opportunity"),
    "funnel:strategy_part": at(pk="opportunity", part="swot"),
    "funnel:procedure": at(pk="opportunity"),
    "funnel:verdict": at(pk="opportunity"),
    "funnel:role_new": at(pk="opportunity").sending(roles="user", new_name="Somebody New"),
    "funnel:role_edit": at(pk="opportunity", role="decision_role"),
    "funnel:role_remove": at(pk="opportunity", role="decision_role").sending(version="1"),
    "funnel:rival_new": at(pk="opportunity").sending(new_name="Another Rival"),
    "funnel:rival_edit": at(pk="opportunity", rival="rival"),
    "funnel:rival_remove": at(pk="opportunity", rival="rival").sending(version="1"),
    "funnel:gap_new": at(pk="opportunity"),
    "funnel:gap_edit": at(pk="opportunity", gap="gap"),
    "funnel:competitor": at(pk="competitor"),
    "funnel:competitor_panel": at(pk="competitor"),
    "funnel:competitor_adopt": at().sending(name="Ordinary"),
    # leads
    "web_lead": at(key="web_key"),
    "funnel:web_form": at(pk="web_form"),
    "funnel:web_form_secret": at(pk="web_form"),
    "funnel:web_form_renew": at(pk="web_form"),
    "funnel:lead": at(pk="lead"),
    "funnel:lead_edit": at(pk="lead"),
    "funnel:lead_move": at(pk="lead").sending(step="2"),
    "funnel:lead_answers": at(pk="lead"),
    "funnel:lead_note": at(pk="lead"),
    "funnel:lead_drop": at(pk="lead"),
    "funnel:lead_resume": at(pk="dropped_lead"),
    "funnel:lead_convert": at(pk="lead"),
    "funnel:lead_twins": at(pk="lead"),
    "funnel:lead_merge": at(pk="lead").sending(into="other_lead"),
    "funnel:lead_of": at(pk="opportunity"),
    # activities
    "activities:seek": at(pk="gap"),
    "activities:visit": at(pk="visit"),
    "activities:visit_edit": at(pk="visit"),
    "activities:visit_new": at().asking(account="account"),
    "activities:visit_plan": at().asking(account="account"),
    "activities:call_off": at(pk="planned"),
    "activities:put_back": at(pk="cancelled"),
    "activities:complete": at(pk="step"),
    "activities:drop": at(pk="step"),
    "activities:take_back": at(pk="dropped"),
    "activities:postpone": at(pk="step"),
    "activities:of_opportunity": at(pk="opportunity"),
    "activities:of_account": at(pk="account"),
    # coaching
    "coaching:meeting": at(pk="review"),
    "coaching:pulse": at(pk="review"),
    "coaching:beside": at(pk="review", person="person"),
    "coaching:turn": at(pk="review").sending(to="person"),
    "coaching:review_entry": at(pk="review", opportunity="opportunity"),
    "coaching:end": at(pk="review"),
    "coaching:minutes": at(pk="past"),
    "coaching:session_new": at(pk="opportunity"),
    "coaching:session": at(pk="session"),
    "coaching:session_edit": at(pk="session"),
    "coaching:of_opportunity": at(pk="opportunity"),
}


@dataclass(frozen=True)
class Address:
    """One address of the project."""

    name: str
    converters: dict[str, Any]
    policy: Any
    """What its door asks for: a permission, or the reason why it is open."""

    @property
    def example(self) -> Example:
        """How to reach it."""
        return EXAMPLES.get(self.name, Example())

    @property
    def is_inside(self) -> bool:
        """Whether it belongs to an organization."""
        return "org" in self.converters

    @property
    def ids(self) -> list[str]:
        """Return the places of the address that name a row."""
        return [
            key
            for key, converter in self.converters.items()
            if isinstance(converter, IntConverter | UUIDConverter)
            or self.example.holds.get(key, "") in {each.name for each in dataclasses.fields(Own)}
        ]

    def of(self, own: Own, *, strange: "list[str] | tuple[str, ...]" = (), slug: str = "") -> str:
        """Return the address with one's own rows; the places named in `strange` hold the stranger's."""
        held = {
            key: own.id_of(self.example.holds[key]) if key in self.example.holds else foreign(converter, key)
            for key, converter in self.converters.items()
            if key != "org"
        }
        held |= {key: foreign(self.converters[key], key) for key in strange}
        if self.is_inside:
            held["org"] = slug or own.cast.org.slug
        asked = {key: own.id_of(value) for key, value in self.example.asks.items()}
        return reverse(self.name, kwargs=held, query=asked or None)


def foreign(converter: Any, key: str = "") -> Any:
    """Return the stranger's value for a place of an address."""
    if isinstance(converter, IntConverter):
        return STRANGE
    if isinstance(converter, UUIDConverter):
        return KEY
    return f"own-{STRANGE}" if key == "key" else "nobody-knows-this-word"


def addresses() -> list[Address]:
    """Return every address of the project."""
    return [
        Address(name, converters, getattr(pattern.callback, "policy", None)) for name, pattern, converters in patterns()
    ]
