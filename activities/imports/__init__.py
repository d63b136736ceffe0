"""What files can bring in: visits, past and planned, with whom we met and what was agreed."""

from django.utils.translation import gettext_lazy as _

from accounts import imports as accounts_imports
from activities import labels
from activities.imports import keepers
from activities.imports.fields import FIELDS, FIRST_OR_LATER, KINDS, RESULTS, WORDS
from activities.imports.rows import AS_DONE, AS_OPEN, IN_A_WEEK, NEW_CONTACTS, PAST_DUE, UNDATED, apply, key
from activities.kinds import Kind, Result
from exchange import targets
from exchange.matching import plain_key
from exchange.queries import sellers
from exchange.targets import Group, Option, OwnerWords, Question, Survey, Target
from tenants.models import Membership
from tenants.permissions import Permission

__all__ = ["FIELDS", "WORDS", "apply", "ask", "keepers", "key"]

_BY = OwnerWords(
    heading=_("Who was there"),
    blank=_("Visits that name nobody"),
    skip=_("As visits that name nobody"),
    hint=_("These names belong to no member. Choose who takes over their visits."),
)


def ask(survey: Survey, by: Membership) -> list[Group]:
    """Return what a file of visits leaves open."""
    groups = [
        *accounts_imports.ask_customers(survey, blank=False),
        targets.ask_owners(survey, sellers(by), by, field="by", words=_BY),
    ]
    kinds = [(text, rows) for text, rows in survey.values("kind").items() if not _is_kind(text)]
    if kinds:
        options = [*(Option(code, label) for code, label in labels.KINDS.items()), targets.REJECT_ROWS]
        asked = targets.ask_each("kind", kinds, options, lambda text: Kind.VISIT)
        groups.append(Group("kind", _("How we met"), asked))
    results = [(text, rows) for text, rows in survey.values("result").items() if plain_key(text) not in RESULTS]
    if results:
        options = [*(Option(code, label) for code, label in labels.RESULTS.items()), targets.REJECT_ROWS]
        asked = targets.ask_each("result", results, options, lambda text: Result.STEADY)
        groups.append(Group("result", _("Results"), asked, _("The words of the file are kept in the note.")))
    if "contacts" in survey.columns:
        options = [Option(targets.CREATE, _("Add them to the customer's contacts")), Option(targets.SKIP, _("No"))]
        question = Question(NEW_CONTACTS, _("People who are not in the list"), options, targets.CREATE)
        groups.append(Group("contacts", _("Contacts"), [question]))
    if steps := _ask_steps(survey):
        groups.append(Group("steps", _("Next actions"), steps))
    return groups


def _is_kind(text: str) -> bool:
    return plain_key(text) in KINDS or plain_key(text) in FIRST_OR_LATER


def _ask_steps(survey: Survey) -> list[Question]:
    if "next_text" not in survey.columns:
        return []
    late = [Option(AS_DONE, _("Count as done")), Option(AS_OPEN, _("Stay open, overdue"))]
    asked = [Question(PAST_DUE, _("Those that were due before today"), late, AS_DONE)]
    if survey.blank("next_on") > survey.blank("next_text"):
        options = [
            Option(IN_A_WEEK, _("A week after the visit")),
            Option(targets.SKIP, _("Leave the action out")),
            targets.REJECT_ROWS,
        ]
        rows = survey.blank("next_on") - survey.blank("next_text")
        asked.append(Question(UNDATED, _("Those without a day are due"), options, IN_A_WEEK, rows))
    return asked


targets.register(
    Target(
        code="visits",
        label=_("Visits"),
        hint=_("Meetings and calls of any age, with whom, result and next action. Those still to come are planned."),
        icon="map-pin",
        position=50,
        permission=Permission.VISIT_LOG,
        fields=FIELDS,
        words=WORDS,
        key=key,
        apply=apply,
        ask=ask,
        problems={
            **accounts_imports.ACCOUNT_PROBLEMS,
            "no_owner": _("nobody is there who made the visit"),
            "no_owner_many": _("Nobody who made the visit"),
            "too_far": _("%(value)s is more than three years ahead"),
            "too_far_many": _("More than three years ahead"),
            "too_many_people": _("names more than %(most)s people, or a name is too long"),
            "too_many_people_many": _("Too many people, or a name too long"),
            "next_without_date": _("the next action has no day"),
            "next_without_date_many": _("Next action without a day"),
            "due_before_visit": _("%(value)s lies before the visit"),
            "due_before_visit_many": _("Next action due before the visit"),
        },
        remarks={
            "owner_by_default": _("Name unknown here; the visit went to whom you chose"),
            "planned": _("Still to come; planned"),
            "first_by_date": _("First visit or follow-up is told by the dates, not by this column"),
            "result_in_note": _("Result as you chose; the words of the file stand in the note"),
            "people_left_out": _("Somebody met is not in the list of contacts and was left out"),
            "step_in_a_week": _("Next action without a day; due a week after the visit"),
            "step_left_out": _("Next action without a day; left out, as you chose"),
            "step_without_words": _("A due date without a next action; left out"),
        },
    )
)
