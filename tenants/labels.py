"""Words for the codes of this app, and the registers in which every app writes the words of its audit."""

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tenants.errors import Refused
from tenants.formats import exact, is_chinese, short_date
from tenants.invitations import InvitationState, Verdict
from tenants.permissions import Permission, Reason, Role

logger = logging.getLogger(__name__)

Words = str | Promise

LANGUAGES = [("zh-hant", "繁體中文"), ("zh-hans", "简体中文"), ("en", "English")]
THEMES = [("light", _("Light")), ("dark", _("Dark"))]
ROLES: list[tuple[str, Words]] = [
    (Role.REP, _("Rep")),
    (Role.MANAGER, _("Manager")),
    (Role.EXECUTIVE, _("Executive")),
    (Role.COLLEAGUE, _("Colleague")),
    (Role.PARTNER, _("Partner")),
]


def role_words() -> dict[str, str]:
    """Return the role that each word means, in small letters: its code, and its name in every language."""
    found = {str(role): str(role) for role, _words in ROLES}
    for language, _name in LANGUAGES:
        with translation.override(language):
            found |= {str(words).casefold(): str(role) for role, words in ROLES}
    return found


SIGHT: Mapping[str, Words] = {
    Role.REP: _("Sees and works on their own customers and opportunities, and those whose sales team they are on."),
    Role.MANAGER: _("Sees everything of the people in their team and in the teams below it, and leads the reviews."),
    Role.EXECUTIVE: _("Sees everything of every team."),
    Role.COLLEAGUE: _("Finance, legal, service: sees the customers they work with, and changes nothing."),
    Role.PARTNER: _("From another company: sees only what was given to them."),
}
ADMIN_SIGHT = _("People, teams, settings, imports and the audit log; no customer data by itself.")
PERMISSIONS: Mapping[str, Words] = {
    Permission.HOME_VIEW: _("Enter, and read their own notifications"),
    Permission.PROFILE_EDIT: _("Change their own profile"),
    Permission.ACCOUNT_VIEW: _("Read customers within their sight"),
    Permission.ACCOUNT_EDIT: _("Record and change customers"),
    Permission.FUNNEL_VIEW: _("Read opportunities within their sight"),
    Permission.FUNNEL_EDIT: _("Record, move and close opportunities"),
    Permission.EVIDENCE_JUDGE: _("Verify the evidence of their team, or send it back"),
    Permission.APPROVAL_DECIDE: _("Decide on what the people they lead ask for"),
    Permission.VISIT_VIEW: _("Read visits and next actions"),
    Permission.VISIT_LOG: _("Log visits and plan next actions"),
    Permission.FORECAST_VIEW: _("Read the forecast and the targets"),
    Permission.TARGET_EDIT: _("Set targets"),
    Permission.REVIEW_RUN: _("Lead pipeline reviews"),
    Permission.COACHING_VIEW: _("Read their one-on-ones"),
    Permission.COACHING_RUN: _("Hold one-on-ones"),
    Permission.IMPORT_RUN: _("Import data"),
    Permission.PRODUCT_EDIT: _("Change products"),
    Permission.SETTINGS_EDIT: _("Change the settings of the organization"),
    Permission.PEOPLE_EDIT: _("Invite and deactivate people, change roles and teams"),
    Permission.AUDIT_VIEW: _("Read the audit log"),
}
CURRENCIES = [
    ("TWD", _("New Taiwan dollar")),
    ("CNY", _("Chinese yuan")),
    ("HKD", _("Hong Kong dollar")),
    ("USD", _("US dollar")),
    ("EUR", _("Euro")),
    ("JPY", _("Japanese yen")),
    ("SGD", _("Singapore dollar")),
    ("GBP", _("British pound")),
    ("KRW", _("South Korean won")),
    ("MYR", _("Malaysian ringgit")),
    ("VND", _("Vietnamese dong")),
    ("THB", _("Thai baht")),
]
WEEKDAYS = [
    ("1", _("Mon")),
    ("2", _("Tue")),
    ("3", _("Wed")),
    ("4", _("Thu")),
    ("5", _("Fri")),
    ("6", _("Sat")),
    ("7", _("Sun")),
]
MONTHS = [
    (1, _("January")),
    (2, _("February")),
    (3, _("March")),
    (4, _("April")),
    (5, _("May")),
    (6, _("June")),
    (7, _("July")),
    (8, _("August")),
    (9, _("September")),
    (10, _("October")),
    (11, _("November")),
    (12, _("December")),
]
INVITATION_STATES: Mapping[InvitationState, Words] = {
    InvitationState.OPEN: _("Waiting"),
    InvitationState.EXPIRED: _("Expired"),
    InvitationState.WITHDRAWN: _("Withdrawn"),
    InvitationState.ACCEPTED: _("Accepted"),
}

VERDICTS: Mapping[Verdict, Words] = {
    Verdict.INVITED: _("Will be invited"),
    Verdict.ANEW: _("Will be invited again: the earlier invitation has expired"),
    Verdict.RETURNS: _("Was deactivated: the invitation lets them in again"),
    Verdict.WAITING: _("Invited before: the open invitation stays as it is"),
    Verdict.MEMBER: _("Already a member: nothing changes"),
    Verdict.TWICE: _("Twice in the list: one mail"),
    Verdict.NO_ADDRESS: _("Not an e-mail address"),
    Verdict.UNKNOWN: _("Neither a role nor a team: {words}"),
}

LEFT_ALONE = (Verdict.WAITING, Verdict.MEMBER, Verdict.TWICE)

REFUSALS: dict[str, Words] = {
    "name_missing": _("Write a name that can be read."),
    "last_admin": _("At least one active admin must remain. Make someone else an admin first."),
    "team_name_taken": _("There is already a team with this name here."),
    "team_under_itself": _("A team cannot move into itself or into a team below it."),
    "team_not_empty": _("There are still people, teams or open invitations in this team. Move them first."),
    "amounts_exist": _(
        "The reporting currency cannot change any more: amounts are already recorded in %(currency)s. "
        "Found a new organization for another currency."
    ),
    "rates_exist": _("The dated rates are in %(currency)s. Delete them before you change the reporting currency."),
    "rate_taken": _("There is already a rate for %(currency)s from this day. Delete it first."),
    "rate_in_use": _(
        "Amounts in %(currency)s were converted at this rate (%(n)s), and there is no earlier one. "
        "Add the right rate first; it may be dated earlier."
    ),
    "rate_of_itself": _("This is the reporting currency itself; it needs no rate."),
    "rate_missing": _("There is no rate for %(currency)s on %(on)s. An admin can add one in the settings."),
    "day_taken": _("There is already an entry for %(on)s."),
    "already_member": _("You are already a member."),
    "invitation_unknown": _("This link is not valid. Ask whoever invited you to send it again."),
    "invitation_expired": _("This invitation has expired. Ask whoever invited you to send it again."),
    "invitation_withdrawn": _("This invitation was withdrawn."),
    "invitation_accepted": _("This invitation has already been used."),
    "invitation_of_another": _("This invitation is for another address."),
    "invitation_not_open": _("This invitation is no longer open."),
    "has_account": _("There is already an account with this address. Sign in to accept the invitation."),
    "user_inactive": _("This account is currently inactive."),
    "second_factor_of_your_own": _("Set up a second factor of your own first: you would lock yourself out."),
}

VERBS: dict[str, Words] = {
    "organization.founded": _("founded the organization"),
    "organization.changed": _("changed the settings"),
    "rate.added": _("added an exchange rate"),
    "rate.deleted": _("deleted an exchange rate"),
    "holiday.added": _("added a day to the calendar"),
    "holiday.deleted": _("deleted a day from the calendar"),
    "team.created": _("created a team"),
    "team.changed": _("changed a team"),
    "team.deleted": _("deleted a team"),
    "member.invited": _("invited someone"),
    "invitation.renewed": _("sent an invitation again"),
    "invitation.unsent": _("sent an invitation whose mail did not leave"),
    "invitation.withdrawn": _("withdrew an invitation"),
    "member.joined": _("joined"),
    "member.changed": _("changed a member"),
    "member.deactivated": _("deactivated a member"),
    "member.reactivated": _("reactivated a member"),
    "profile.changed": _("changed their profile"),
    "security.second_factor_required": _("required a second factor"),
    "security.second_factor_released": _("no longer requires a second factor"),
}
KINDS: dict[str, Words] = {
    "tenants.organization": _("Organization"),
    "tenants.membership": _("Member"),
    "tenants.team": _("Team"),
    "tenants.invitation": _("Invitation"),
    "tenants.exchangerate": _("Exchange rate"),
    "tenants.holiday": _("Calendar"),
    "tenants.user": _("Profile"),
}
FIELDS: dict[str, Words] = {
    "name": _("Name"),
    "currency": _("Currency"),
    "time_zone": _("Time zone"),
    "fiscal_year_start": _("Fiscal year starts in"),
    "working_days": _("Working days"),
    "language": _("Language"),
    "rate": _("Rate"),
    "on": _("Date"),
    "until": _("Until"),
    "days": _("Days"),
    "is_working": _("Make-up working day"),
    "parent": _("Inside"),
    "role": _("Role"),
    "team": _("Team"),
    "is_admin": _("Admin"),
    "is_active": _("Active"),
    "email": _("E-mail address"),
}


def name_verb(verb: str, words: Words) -> None:
    """Say in words what an audit verb of your app means: `name_verb("opportunity.advanced", _("moved on"))`."""
    VERBS[verb] = words


def name_kind(model_label: str, words: Words) -> None:
    """Say in words what a thing in the audit is: `name_kind("funnel.opportunity", _("Opportunity"))`."""
    KINDS[model_label] = words


def name_field(field: str, words: Words) -> None:
    """Say in words what a key of an audit event's data means. What another app has said already stands."""
    FIELDS.setdefault(field, words)


def name_values(field: str, words: Mapping[str, Words]) -> None:
    """Say in words what the values under a key mean: `name_values("decision", {"hold": _("Hold")})`."""
    _CHOICES[field] = {**_CHOICES.get(field, {}), **words}


def verb_words(verb: str) -> str:
    """Return the words of a verb; the verb itself, spelled out, if nobody gave it any."""
    return str(VERBS.get(verb) or verb.replace(".", " ").replace("_", " "))


def kind_words(model_label: str) -> str:
    """Return the words of a kind of thing, or its name."""
    return str(KINDS.get(model_label) or model_label.rpartition(".")[2])


def field_words(field: str) -> str:
    """Return the words of a field, or its name with spaces."""
    return str(FIELDS.get(field) or field.replace("_", " "))


def permission_words(permission: str) -> str:
    """Return what a permission allows, in words; its name where nobody wrote any."""
    return str(PERMISSIONS.get(permission) or permission.replace("_", " "))


def reason_words(reason: Reason, role: str) -> str:
    """Return why a member of this role may do something, or who may instead."""
    if reason.is_granted:
        by = [str(dict(ROLES)[role])] * reason.by_role + [str(_("Admin"))] * reason.by_admin
        return str(_("As: {list}")).format(list=in_a_row(by))
    others = [str(words) for each, words in ROLES if each in reason.roles] + [str(_("Admin"))] * reason.admins
    return str(_("Only: {list}")).format(list=in_a_row(others))


_SENTENCES: list[Mapping[str, Words]] = []


def refusals(own: Mapping[str, Words]) -> Callable[[Refused], str]:
    """Register the sentences of an app's refusals by their codes, and return the function that says them.

    What the app has no words for was refused by an action of another, which has. A code that nobody has words for is a
    slip of ours: it is said that nothing was done, and logged.
    """
    _SENTENCES.append(own)

    def refusal(error: Refused) -> str:
        """Return the sentence that tells a person why an action refused."""
        data = {name: _said(value) for name, value in error.data.items()}
        for table in (own, *_SENTENCES):
            if error.code in table:
                with suppress(KeyError):  # another app's code of the same name, which says less
                    return str(table[error.code]) % data
        logger.error("a refusal without words: %s", error.code)
        return str(_("This cannot be done as things stand. Reload the page and look again."))

    return refusal


def _said(value: object) -> object:
    """Return a day as the reader writes it, anything else as it is."""
    if isinstance(value, str) and _ISO(value):
        with suppress(ValueError):  # the thirtieth of February is a word
            value = date.fromisoformat(value)
    if not isinstance(value, date):
        return value
    return short_date(value, timezone.localdate(), translation.get_language() or "en", weekday=False)


_ISO = re.compile(r"\d{4}-\d\d-\d\d").fullmatch
refusal = refusals(REFUSALS)


# The settings ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SettingPage:
    """A page that stands among the settings, after those of this app: its name, what it is about, and who may open it.

    `under` are pages that it leads to. One that has its place in the menu elsewhere (`elsewhere`) is found there.
    """

    view: str
    icon: str
    name: Words
    about: Words
    permission: str = "settings_edit"
    under: tuple[str, ...] = ()
    elsewhere: bool = False


SETTING_PAGES = (
    SettingPage("funnel:stages", "kanban", _("Stages"), _("Names, percentages and evidence of the seven stages")),
    SettingPage("funnel:limits", "octagon-alert", _("Board"), _("How much one person should have open in a stage")),
    SettingPage("funnel:discounts", "percent", _("Discounts"), _("How much may be given without asking")),
    SettingPage("funnel:lead_settings", "user-plus", _("Leads"), _("What is asked of a lead before effort is spent")),
    SettingPage(
        "funnel:web_forms",
        "globe",
        _("Web forms"),
        _("Your own site sends leads here, signed"),
        "import_run",
        under=("funnel:web_form",),
    ),
    SettingPage(
        "forecasting:health",
        "heart-pulse",
        _("Health"),
        _("When an opportunity is flagged, stage by stage, and whom alerts go up to"),
    ),
    SettingPage(
        "forecasting:targets",
        "target",
        _("Targets"),
        _("One number a person and period"),
        "target_edit",
        elsewhere=True,
    ),
    SettingPage(
        "accounts:products", "package", _("Products"), _("What is sold, and at what list price"), "product_edit"
    ),
    SettingPage(
        "accounts:segments", "circle-gauge", _("Segments"), _("Where A, B and C begin, and how often each is visited")
    ),
    SettingPage(
        "exchange:imports",
        "upload",
        _("Import data"),
        _("Customers and opportunities from a spreadsheet"),
        "import_run",
        elsewhere=True,
    ),
    SettingPage("tenants:audit", "scroll-text", _("Audit log"), _("Who did what, and when"), "audit_view"),
)
"""The pages of other apps, and what stands in the list without being set: one list for the menu and both pages."""


# The audit in words -------------------------------------------------------------------------------

SECRETS = ("password", "token", "secret", "hash", "api_key")
PEOPLE_FIELDS = frozenset({"owner", "member", "by", "manager", "person", "people", "rep", "owner_id"})
"""Keys of an audit event's data whose number is a membership's id."""
MONEY_FIELDS = frozenset({"amount", "quoted_amount", "turnover", "list_price", "budget", "budget_from", "most_amount"})
"""Keys whose number is minor units of the reporting currency."""
THING_FIELDS = frozenset({"account", "opportunity", "contact", "product", "visit", "session", "review", "job", "team"})
"""Keys whose number is the id of a thing: shown as #7."""
LIST_FIELDS = frozenset({"people", "fields"})
"""Keys whose value is a list of equals, never a before and an after."""

_CHOICES: dict[str, Mapping[str, Words]] = {
    "role": {str(role): words for role, words in ROLES},
    "language": dict(LANGUAGES),
    "fiscal_year_start": {str(month): words for month, words in MONTHS},
    "currency": dict(CURRENCIES),
}


@dataclass(frozen=True)
class Detail:
    """One line of what an event says: a field, its value before (None: it only has one value), and after."""

    label: str
    before: str | None
    after: str


def audit_details(data: Mapping[str, Any], names: Mapping[int, str]) -> list[Detail]:
    """Return an event's data in words, without anything secret.

    :param names: the people whose ids may stand in it.
    """
    lines: list[Detail] = []
    for field, value in {**data, **(data.get("changes") or {})}.items():
        if field == "changes" or _is_secret(field):
            continue
        pair = isinstance(value, list) and len(value) == 2 and field not in LIST_FIELDS
        before, after = value if pair else (None, value)
        shown = value_words(field, before, names) if pair else None
        lines.append(Detail(field_words(field), shown, value_words(field, after, names)))
    return lines


def _is_secret(field: str) -> bool:
    return any(secret in field.lower() for secret in SECRETS)


def value_words(field: str, value: Any, names: Mapping[int, str] | None = None) -> str:
    """Return a value in words: a role by its name, yes and no, weekdays; a person's id as their name."""
    if value is None or value == "":
        return "\N{EM DASH}"
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if field in PEOPLE_FIELDS and isinstance(value, int) and value in (names or {}):
        return (names or {})[value]
    if field == "working_days":
        return " ".join(str(dict(WEEKDAYS).get(digit, digit)) for digit in str(value))
    if field in MONEY_FIELDS and isinstance(value, int):
        return exact(value)
    if field in THING_FIELDS and isinstance(value, int):
        return f"#{value}"
    if isinstance(value, list):
        return in_a_row(field_words(one) if field == "fields" else value_words(field, one, names) for one in value)
    if isinstance(value, dict):
        return in_a_row(
            f"{field_words(key)} {value_words(key, one, names)}" for key, one in value.items() if not _is_secret(key)
        )
    return str(_CHOICES.get(field, {}).get(str(value), value))


def in_a_row(words: Iterable[object]) -> str:
    """Return words in a row, apart as the reader's language does it: ``甲、乙`` in Chinese, ``A, B`` otherwise."""
    return ("、" if is_chinese(translation.get_language() or "en") else ", ").join(map(str, words))


def worded(name: object, text: object) -> str:
    """Return a name and what is said of it: ``名：文`` in Chinese, ``name: text`` otherwise."""
    return f"{name}：{text}" if is_chinese(translation.get_language() or "en") else f"{name}: {text}"
