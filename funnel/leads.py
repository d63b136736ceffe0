"""Leads: the four steps, what each asks, the organization's criteria, and when two are one. No Django here."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import IntEnum, StrEnum

from accounts import names
from funnel.windows import month_from
from tenants.errors import Refused


class Step(IntEnum):
    """The four steps from a name to an opportunity, in order."""

    POSITIONING = 1
    SOURCING = 2
    QUALIFYING = 3
    APPROACHING = 4


class LeadStatus(StrEnum):
    """Whether a lead is still worked on, and what became of it."""

    OPEN = "open"
    CONVERTED = "converted"
    DROPPED = "dropped"
    MERGED = "merged"


class Source(StrEnum):
    """Where a lead came from."""

    REFERRAL = "referral"
    COLD_CALL = "cold_call"
    EMAIL = "email"
    EVENT = "event"
    CAMPAIGN = "campaign"
    WEB_FORM = "web_form"


class DropReason(StrEnum):
    """Why a lead was dropped: the first six are the criteria it failed."""

    NO_NEED = "no_need"
    CANNOT_COMPETE = "cannot_compete"
    BUDGET = "budget"
    TIMING = "timing"
    NO_BUYER = "no_buyer"
    PROCEDURE = "procedure"
    NOT_OUR_MARKET = "not_our_market"
    NO_ANSWER = "no_answer"
    OTHER = "other"


class Criterion(StrEnum):
    """What an organization asks before it spends effort."""

    NEED = "need"
    COMPETE = "compete"
    BUDGET = "budget"
    TIMING = "timing"
    BUYER = "buyer"
    DECISION = "decision"


class Answer(StrEnum):
    """The answer to a criterion; the last three answer only how they decide."""

    UNKNOWN = "unknown"
    YES = "yes"
    NO = "no"
    ALONE = "alone"
    COMMITTEE = "committee"
    STATUTORY = "statutory"


class EventKind(StrEnum):
    """What the history of a lead records."""

    CREATED = "created"
    CHANGED = "changed"
    MOVED = "moved"
    ANSWERED = "answered"
    NOTED = "noted"
    ENQUIRED = "enquired"
    HANDED = "handed"
    DROPPED = "dropped"
    RESUMED = "resumed"
    MERGED = "merged"
    TOOK_IN = "took_in"
    CONVERTED = "converted"


class Standing(StrEnum):
    """What the criteria say of a lead."""

    QUALIFIED = "qualified"
    NOT_YET = "not_yet"
    DROP = "drop"


MUSTS = frozenset({Criterion.NEED, Criterion.COMPETE, Criterion.BUDGET})
MONTHS = 6
LONGEST = 36
_YES_NO = (Answer.UNKNOWN, Answer.YES, Answer.NO)
_PROCEDURES = (Answer.UNKNOWN, Answer.ALONE, Answer.COMMITTEE, Answer.STATUTORY)


def choices_of(criterion: Criterion) -> tuple[Answer, ...]:
    """Return the answers that this criterion can have."""
    return _PROCEDURES if criterion == Criterion.DECISION else _YES_NO


@dataclass(frozen=True, slots=True)
class Criteria:
    """What an organization asks of a lead.

    :ivar budget_from: the budget in minor units of the reporting currency from which effort is spent; 0 takes any.
    :ivar months: the purchase must lie at most so many months ahead.
    :ivar musts: a no to one of these says drop; a no to another only says not yet.
    """

    budget_from: int = 0
    months: int = MONTHS
    musts: frozenset[Criterion] = MUSTS


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a lead: as far as a step or a criterion asks for it."""

    industry: str = ""
    region: str = ""
    person: str = ""
    phone: str = ""
    email: str = ""
    budget: int | None = None
    buys_on: date | None = None
    contacted: bool = False
    next_step: str = ""
    answers: Mapping[Criterion, Answer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the criteria say: `against` are answered no, `unknown` not answered yet."""

    standing: Standing
    against: tuple[Criterion, ...] = ()
    unknown: tuple[Criterion, ...] = ()


def latest_purchase(today: date, months: int) -> date:
    """Return the last day that lies at most `months` ahead; the 31st becomes the last day of a shorter month."""
    end = month_from(today, months + 1) - timedelta(days=1)
    return end.replace(day=min(today.day, end.day))


def answers(facts: Facts, criteria: Criteria, today: date) -> dict[Criterion, Answer]:
    """Return the answer to every criterion. A known budget or day of purchase answers for itself."""
    found = {criterion: facts.answers.get(criterion, Answer.UNKNOWN) for criterion in Criterion}
    if facts.budget is not None:
        found[Criterion.BUDGET] = Answer.YES if facts.budget >= criteria.budget_from else Answer.NO
    if facts.buys_on is not None:
        soon = facts.buys_on <= latest_purchase(today, criteria.months)
        found[Criterion.TIMING] = Answer.YES if soon else Answer.NO
    return found


def judge(found: Mapping[Criterion, Answer], musts: frozenset[Criterion]) -> Verdict:
    """Return what these answers make of a lead: qualified with every answer in favour, drop with a no to a must."""
    against = tuple(each for each in Criterion if found[each] == Answer.NO)
    unknown = tuple(each for each in Criterion if found[each] == Answer.UNKNOWN)
    if musts & set(against):
        return Verdict(Standing.DROP, against, unknown)
    return Verdict(Standing.NOT_YET if against or unknown else Standing.QUALIFIED, against, unknown)


# The steps ----------------------------------------------------------------------------------------

ASKS: Mapping[Step, tuple[str, ...]] = {
    Step.POSITIONING: ("industry", "region"),
    Step.SOURCING: ("person", "reachable"),
    Step.QUALIFYING: tuple(Criterion),
    Step.APPROACHING: ("contacted", "next_step"),
}
"""What each step asks, by the code of the fact or criterion."""


def _is_known(ask: str, facts: Facts, found: Mapping[Criterion, Answer]) -> bool:
    if ask == "reachable":
        return bool(facts.phone or facts.email)
    if ask in set(Criterion):
        return found[Criterion(ask)] != Answer.UNKNOWN
    return bool(getattr(facts, ask))


def lacking(step: Step, facts: Facts, found: Mapping[Criterion, Answer]) -> tuple[str, ...]:
    """Return what this step asks and nobody has answered yet."""
    return tuple(ask for ask in ASKS[step] if not _is_known(ask, facts, found))


def lacking_between(left: Step, to: Step, facts: Facts, found: Mapping[Criterion, Answer]) -> tuple[str, ...]:
    """Return what lacks in the steps that a move forward leaves behind; a move back lacks nothing."""
    return tuple(ask for step in Step if left <= step < to for ask in lacking(step, facts, found))


def ask_move(status: LeadStatus, left: Step, to: Step, missing: Iterable[str], why: str) -> None:
    """Ask whether a lead may go from `left` to `to`. Steps may be skipped, with the reason.

    :raises Refused: `lead_closed`, `same_step`, `reason_needed` (going back), `lead_incomplete` (forward with
        something missing and no reason; `missing` lists it).
    """
    missing = list(missing)
    if status != LeadStatus.OPEN:
        raise Refused("lead_closed")
    if to == left:
        raise Refused("same_step")
    if not why.strip() and to < left:
        raise Refused("reason_needed")
    if not why.strip() and missing:
        raise Refused("lead_incomplete", missing=missing)


def ask_convert(status: LeadStatus, verdict: Verdict, why: str) -> None:
    """Ask whether a lead may become an opportunity; one that is not qualified needs the reason.

    :raises Refused: `lead_closed`, `not_qualified`.
    """
    if status != LeadStatus.OPEN:
        raise Refused("lead_closed")
    if verdict.standing != Standing.QUALIFIED and not why.strip():
        raise Refused("not_qualified")


def ask_drop(status: LeadStatus, reason: str, note: str) -> None:
    """Ask whether a lead may be dropped.

    :raises Refused: `lead_closed`, `reason_needed`, `reason_unknown`, `note_needed` (the reason is "other").
    """
    if status != LeadStatus.OPEN:
        raise Refused("lead_closed")
    if not reason:
        raise Refused("reason_needed")
    if reason not in set(DropReason):
        raise Refused("reason_unknown")
    if reason == DropReason.OTHER and not note.strip():
        raise Refused("drop_note_needed")


def check_criteria(criteria: Criteria) -> None:
    """Check what an organization wants to ask.

    :raises Refused: `months_range`, `budget_range`.
    """
    if not 1 <= criteria.months <= LONGEST:
        raise Refused("months_range", longest=LONGEST)
    if criteria.budget_from < 0:
        raise Refused("budget_range")


# When two are one ---------------------------------------------------------------------------------

_LEGAL_FORMS = tuple(
    names.key(form)
    for form in (
        *("股份有限公司", "有限責任公司", "有限责任公司", "有限公司", "股份公司"),
        *(
            "Company Limited",
            "Co., Ltd.",
            "Pte. Ltd.",
            "Limited",
            "Ltd.",
            "Corporation",
            "Corp.",
            "Inc.",
            "GmbH",
            "LLC",
        ),
    )
)
_EXTENSION = re.compile(r"(?:#|ext|x|轉|转|分機|分机).*", re.IGNORECASE | re.DOTALL)
SHORTEST_PHONE, PHONE_DIGITS = 7, 9


def company_key(name: str) -> str:
    """Return what two spellings of one company have in common: the name without its legal form.

    `company_key("台達精密 股份有限公司") == company_key("台達精密")`. Stricter than that of `exchange.matching`,
    which proposes what a file may mean to whoever imports it: by this one leads are twins, and it stands in their rows.
    """
    key = names.key(name)
    for form in _LEGAL_FORMS:
        if key.endswith(form) and len(key) > len(form):
            return key.removesuffix(form)
    return key


def spellings(name: str) -> tuple[str, ...]:
    """Return the keys under which a customer of this name may stand: as it is, and with each legal form."""
    bare = company_key(name)
    return tuple(dict.fromkeys(each[:200] for each in (names.key(name), bare, *(bare + form for form in _LEGAL_FORMS))))


def phone_key(phone: str) -> str:
    """Return the last nine digits of a number, so that the prefix of the country makes no difference; '' if too few.

    `phone_key("+886 2 2345-6789 #12") == phone_key("02-2345-6789")`
    """
    digits = "".join(c for c in _EXTENSION.sub("", phone) if c.isascii() and c.isdigit())
    return digits[-PHONE_DIGITS:] if len(digits) >= SHORTEST_PHONE else ""


def email_key(email: str) -> str:
    """Return an address in one spelling."""
    return email.strip().casefold()


@dataclass(frozen=True, slots=True)
class Keys:
    """What two leads, or a lead and a customer, are compared by; '' is not known."""

    company: str = ""
    person: str = ""
    phone: str = ""
    email: str = ""
    tax_id: str = ""

    @classmethod
    def of(cls, *, company: str, person: str = "", phone: str = "", email: str = "", tax_id: str = "") -> "Keys":
        """Return the keys of what was typed."""
        return cls(
            company_key(company)[:200], names.key(person)[:120], phone_key(phone), email_key(email), names.key(tax_id)
        )


def is_same(one: Keys, other: Keys) -> bool:
    """Return whether both are surely one: the same address, number, tax ID, or the same person at one company."""
    sure = ("phone", "email", "tax_id")
    if any(getattr(one, name) and getattr(one, name) == getattr(other, name) for name in sure):
        return True
    return bool(one.company and one.person) and (one.company, one.person) == (other.company, other.person)
