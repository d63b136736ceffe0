"""Words for the codes of this app."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import labels as accounts_labels
from funnel.flags import Flag
from funnel.labels.stages import KINDS, NO_RIVAL, STAGES, STATES, Words
from funnel.stages import Category, ChangeKind, Gate, Health, Reason, Status
from tenants import labels as tenants_labels
from tenants.permissions import Permission
from tenants.topics import Topic, name_topic

STATUSES: Mapping[Status, Words] = {
    Status.OPEN: pgettext_lazy("status", "Open"),
    Status.WON: pgettext_lazy("status", "Won"),
    Status.LOST: pgettext_lazy("status", "Lost"),
    Status.ABANDONED: pgettext_lazy("status", "Abandoned"),
}
STATUS_FILTERS: Sequence[tuple[str, Words]] = [
    *STATUSES.items(),
    ("closed", _("Closed, however")),
    ("all", pgettext_lazy("status", "All")),
]
GATES: Mapping[Gate, Words] = {Gate.WARN: _("warns"), Gate.BLOCK: _("blocks")}
CATEGORIES: Mapping[Category, Words] = {
    Category.OMITTED: pgettext_lazy("forecast category", "Omitted"),
    Category.PIPELINE: pgettext_lazy("forecast category", "Pipeline"),
    Category.BEST_CASE: pgettext_lazy("forecast category", "Best case"),
    Category.COMMIT: pgettext_lazy("forecast category", "Commit"),
    Category.CLOSED: pgettext_lazy("forecast category", "Closed"),
}
REASONS: Mapping[Reason, Words] = {
    Reason.PRICE: _("Price"),
    Reason.PRODUCT: _("Product did not fit"),
    Reason.RIVAL: _("A rival won"),
    Reason.RELATIONSHIP: _("Relationship too weak"),
    Reason.NO_BUDGET: _("No budget"),
    Reason.NO_DECISION: _("No decision"),
    Reason.TIMING: _("Wrong time"),
    Reason.NOT_QUALIFIED: _("Not a real opportunity"),
    Reason.OTHER: _("Other"),
}
HEALTHS: Mapping[Health, Words] = {
    Health.OK: pgettext_lazy("health", "Healthy"),
    Health.WATCH: pgettext_lazy("health", "Watch"),
    Health.RISK: pgettext_lazy("health", "At risk"),
}
CHANGES: Mapping[ChangeKind, Words] = {
    ChangeKind.CREATED: _("Opened"),
    ChangeKind.AMOUNT: _("Amount"),
    ChangeKind.RATE: _("Amount by exchange rate"),
    ChangeKind.EXPECTED_CLOSE: _("Expected close"),
    ChangeKind.STAGE: _("Stage"),
    ChangeKind.OWNER: _("Owner"),
    ChangeKind.CATEGORY: _("Forecast category"),
    ChangeKind.WON: pgettext_lazy("change", "Won"),
    ChangeKind.LOST: pgettext_lazy("change", "Lost"),
    ChangeKind.ABANDONED: pgettext_lazy("change", "Abandoned"),
    ChangeKind.REOPENED: pgettext_lazy("change", "Reopened"),
}


@dataclass(frozen=True, slots=True)
class FlagWords:
    """A health flag: its name, what would clear it, and the page where that is done, or the dialog (`is_dialog`) where
    whoever decides about the opportunity does it.

    `url` takes the opportunity's id, but for visits, which take it in the query; `permission` says who is led there.
    """

    name: Words
    cure: Words
    act: Words
    url: str
    permission: str = str(Permission.FUNNEL_EDIT)
    is_dialog: bool = False
    anchor: str = ""


def _edit(name: Words, cure: Words, act: Words) -> FlagWords:
    return FlagWords(name, cure, act, "funnel:edit", is_dialog=True)


def _sheet(name: Words, cure: Words, act: Words) -> FlagWords:
    return FlagWords(name, cure, act, "funnel:strategy")


def _decide(name: Words, cure: Words) -> FlagWords:
    return FlagWords(name, cure, _("Decide"), "funnel:close", is_dialog=True)


FLAGS: Mapping[str, FlagWords] = {
    Flag.OVERDUE: _edit(_("Overdue"), _("Enter an expected close in the future, or close it."), _("Change the date")),
    Flag.ZOMBIE: _decide(_("Zombie"), _("Decide: bring it to a close, or let it go.")),
    Flag.SILENT: FlagWords(
        _("Silent"),
        _("Talk to the customer and record the visit."),
        _("Log a visit"),
        "activities:visit_new",
        str(Permission.VISIT_LOG),
    ),
    Flag.NO_NEXT_STEP: FlagWords(
        _("No next step"),
        _("Add a next action with a date."),
        _("Add a next action"),
        "funnel:opportunity",
        str(Permission.VISIT_LOG),
        anchor="#opportunity-visits",
    ),
    Flag.NO_AMOUNT: _edit(_("No amount"), _("Enter the amount."), _("Enter the amount")),
    Flag.NO_POWER: _sheet(
        _("No decision maker"), _("Find the economic buyer and meet them."), _("Name the economic buyer")
    ),
    Flag.UNPROVEN: FlagWords(
        _("Unproven"),
        _("File the missing evidence."),
        _("File evidence"),
        "funnel:opportunity",
        anchor="#opportunity-evidence",
    ),
    Flag.PUSHED: _decide(_("Pushed"), _("Agree on a close date with the customer and keep it, or let it go.")),
    Flag.STALLED: FlagWords(
        _("Stalled"),
        _("Move it on, move it back, or close it."),
        _("Move it"),
        "funnel:opportunity",
        anchor="#opportunity-head",
    ),
    Flag.SINGLE_THREAD: _sheet(_("One contact only"), _("Win a second contact."), _("Add a contact to the sheet")),
    Flag.REGRESSED: FlagWords(
        _("Went back"),
        _("Move it forward again on evidence."),
        _("Move it"),
        "funnel:opportunity",
        anchor="#opportunity-head",
    ),
    Flag.SHRINKING: _edit(
        _("Shrinking"), _("Find out what the customer took out, and why; win it back."), _("Enter the amount")
    ),
    Flag.AGEING: _decide(_("Ageing"), _("Decide: bring it to a close, or let it go.")),
}

_MEET_THE_BUYER = FlagWords(
    FLAGS[Flag.NO_POWER].name,
    _("Meet the economic buyer and record the visit."),
    FLAGS[Flag.SILENT].act,
    FLAGS[Flag.SILENT].url,
    FLAGS[Flag.SILENT].permission,
)


def flag_of(code: str, *, knows_buyer: bool) -> FlagWords:
    """Return the flag of a rule; who releases the budget is to be met once it is known who that is."""
    return _MEET_THE_BUYER if code == Flag.NO_POWER and knows_buyer else FLAGS[code]


CLOSED: Sequence[tuple[str, Words]] = [
    ("this_month", pgettext_lazy("closed", "This month")),
    ("this_quarter", pgettext_lazy("closed", "This quarter")),
    ("this_year", pgettext_lazy("closed", "This year")),
]
DUE: Sequence[tuple[str, Words]] = [
    ("overdue", pgettext_lazy("due", "Overdue")),
    ("this_month", pgettext_lazy("due", "This month")),
    ("next_month", pgettext_lazy("due", "Next month")),
    ("this_quarter", pgettext_lazy("due", "This quarter")),
    ("next_quarter", pgettext_lazy("due", "Next quarter")),
    ("none", pgettext_lazy("due", "No date")),
]

REFUSALS: dict[str, Words] = {
    **{code: accounts_labels.REFUSALS[code] for code in ("name_missing", "owner_out_of_reach")},
    "closed": _("This opportunity is closed. Reopen it first."),
    "not_closed": _("This opportunity is still open."),
    "same_stage": _("It already stands in this stage."),
    "deploy_is_won": _("An opportunity gets there by being won."),
    "reason_needed": _("Say why."),
    "reason_unknown": _("Choose a reason from the list."),
    "rival_needed": _("Name the rival who won."),
    "name_empty": _("Enter a name."),
    "name_too_long": _("Shorten the name to %(limit)s characters; it has %(length)s."),
    "name_unreadable": _("Remove the control characters."),
    "text_unreadable": _("Remove the control characters."),
    "amount_negative": _("An amount cannot be negative."),
    "amount_too_large": _("This amount is too large to be true. Check the unit."),
    "close_before_opening": _("The expected close lies before the opening on %(opened_on)s."),
    "opened_in_future": _("The opening lies in the future."),
    "in_future": _("A date of its history lies in the future."),
    "not_in_order": _("The dates of its history are not in order."),
    "close_time_missing": _("It is closed, but the date is missing."),
    "close_time_without_close": _("It has a closing date, but no outcome."),
    "stage_not_open": _("An open opportunity cannot stand in the last stage."),
    "closed_before_opening": _("It cannot be closed before it was opened."),
    "changed_after_close": _("It was still changed on %(latest)s. Choose that day or a later one."),
    "external_id_empty": _("The identifier is missing."),
    "rate_missing": _("There is no exchange rate for %(currency)s on %(on)s. Ask an admin to enter one."),
    "amount_needed": _("Enter the amount of the agreement."),
    "note_needed": _("Say what proves it, or attach the file."),
    "note_too_long": _("Shorten the note."),
    "override_why_needed": _("Say why the evidence is not there yet."),
    "until_over": _("Choose today or a later day."),
    "until_too_far": _("Choose a day within %(days)s days."),
    "file_empty": _("This file is empty."),
    "file_too_large": _("A file may have up to %(megabytes)s MB."),
    "file_kind": _("Attach a PDF, a picture, an Office document, a mail or a text file."),
    "file_not_its_kind": _("This file is not what its name says."),
    "document_needed": _("Attach the document, or say where it lies."),
    "person_needed": _("Choose the person at the customer."),
    "day_needed": _("Enter the date."),
    "sum_needed": _("Enter the amount, as the customer said it."),
    "rivals_needed": _("Choose who else competes, or say that there is no rival."),
    "rivals_stand": _("Somebody competes: take them off the strategy sheet first, or do not say that nobody does."),
    "contact_elsewhere": _("This person belongs to another customer."),
    "item_removed": _("Your company no longer asks for this evidence."),
    "not_their_manager": _("Only those who lead the owner judge this evidence."),
    "own_opportunity": _("It is your own opportunity, or you filed it yourself: your manager judges it."),
    "not_a_verdict": _("Verify it, mark it as confirmed by the customer, or send it back."),
    "word_needed": _("Say what is missing, so that it can be mended."),
    "word_too_long": _("Shorten the word."),
    "too_late": _("Too late to undo: thirty seconds have passed."),
    "owner_decides": _("This is decided by the owner, or by whoever leads them. You help on the sales team."),
    "not_yours": _("Only the person who made the change can undo it."),
    "already_undone": _("This has been undone already."),
    "changed_since": _("It has been changed since, so this cannot be undone."),
    "not_undoable": _("This change cannot be undone."),
    "already_member": _("This person is on the sales team already."),
    "percent_range": _("Enter a percentage between 0 and 100."),
    "percents_not_ascending": _("Each stage needs a higher percentage than the one before."),
    "percent_deploy": _("The last stage is always 100%%."),
    "label_empty": _("Enter a label."),
    "label_too_long": _("Shorten the label."),
    "view_name_empty": _("Write a name that can be read."),
    "view_name_too_long": _("Shorten the name."),
    "view_name_taken": _("You have a view of this name already."),
    "view_too_long": _("This is more than a view can keep. Take some filters away."),
    "too_many_views": _("You have %(limit)s views. Delete one first."),
    "no_team": _("You belong to no team. Share it with everyone, or keep it."),
    "not_your_view": _("Only whoever made a view can change it."),
    "column_unknown": _("Choose another column."),
    "column_past": _("Those days have gone by. Choose a column of today or later."),
    "day_outside": _("Choose a day within this column."),
    "limit_not_positive": _("A limit is at least one; leave it empty for none."),
    "limit_too_large": _("This limit is too large to mean anything."),
    "not_selling": _("This person does not own opportunities."),
}


refusal = tenants_labels.refusals(REFUSALS)
accounts_labels.name_verb(
    "opportunity.opened", _("Opportunity opened: %(name)s"), icon="target", url="funnel:opportunity"
)
accounts_labels.name_verb(
    "opportunity.advanced",
    _("%(name)s moved on from %(from)s to %(to)s"),
    icon="arrow-right",
    url="funnel:opportunity",
    words={"from": STAGES, "to": STAGES},
)
accounts_labels.name_verb(
    "opportunity.went_back",
    _("%(name)s went back from %(from)s to %(to)s: %(why)s"),
    icon="arrow-left",
    url="funnel:opportunity",
    words={"from": STAGES, "to": STAGES},
)
accounts_labels.name_verb(
    "opportunity.won", _("Won: %(name)s, %(amount)s"), icon="trophy", url="funnel:opportunity", money=("amount",)
)
accounts_labels.name_verb(
    "opportunity.lost",
    _("Lost: %(name)s (%(reason)s)"),
    icon="circle-x",
    url="funnel:opportunity",
    words={"reason": REASONS},
)
accounts_labels.name_verb(
    "opportunity.abandoned",
    _("Let go: %(name)s (%(reason)s)"),
    icon="circle-slash",
    url="funnel:opportunity",
    words={"reason": REASONS},
)
accounts_labels.name_verb("opportunity.reopened", _("Reopened: %(name)s"), icon="rotate-ccw", url="funnel:opportunity")
accounts_labels.name_verb(
    "opportunity.undone", _("Last change taken back: %(name)s"), icon="undo-2", url="funnel:opportunity"
)

for _verb, _words in {
    "opportunity.opened": _("opened an opportunity"),
    "opportunity.changed": _("changed an opportunity"),
    "opportunity.advanced": _("moved an opportunity on"),
    "opportunity.went_back": _("moved an opportunity back"),
    "opportunity.won": _("won an opportunity"),
    "opportunity.lost": _("lost an opportunity"),
    "opportunity.abandoned": _("let an opportunity go"),
    "opportunity.reopened": _("reopened an opportunity"),
    "opportunity.undone": _("took a change of an opportunity back"),
    "opportunity.imported": _("imported opportunities"),
    "opportunity.revalued": _("valued opportunities in other currencies anew"),
    "opportunity.member_added": _("put someone on a sales team"),
    "opportunity.member_removed": _("took someone off a sales team"),
    "evidence.filed": _("filed evidence"),
    "evidence.withdrawn": _("withdrew evidence"),
    "evidence.judged": _("judged evidence"),
    "evidence.unjudged": _("took a verdict on evidence back"),
    "stages.changed": _("changed the stages"),
    "limits.changed": _("changed the limits of the board"),
    "evidence_item.added": _("added an evidence item"),
    "evidence_item.renamed": _("renamed an evidence item"),
    "evidence_item.changed": _("changed what proves an evidence item"),
    "evidence_item.moved": _("moved an evidence item"),
    "evidence_item.switched": _("switched an evidence item on or off"),
}.items():
    tenants_labels.name_verb(_verb, _words)
tenants_labels.name_kind("funnel.opportunity", _("Opportunity"))
tenants_labels.name_kind("funnel.evidenceitem", _("Evidence item"))
for _field, _words in {
    "amount": _("Amount"),
    "stage": _("Stage"),
    "expected_close_on": _("Expected close"),
    "owner_id": _("Owner"),
    "category": _("Forecast category"),
    "category_is_own": _("Category of one's own choice"),
    "handed": pgettext_lazy("with an opportunity", "Handed over"),
    "helped": pgettext_lazy("with an opportunity", "Had helped"),
    "parts": _("Parts of the plan"),
    "product_id": _("Product"),
    "source": _("Source"),
    "from": _("From"),
    "to": _("To"),
    "why": _("Why"),
    "missing": _("Missing evidence"),
    "reason": _("Reason"),
    "rival": _("Rival"),
    "rivals": _("Rivals"),
    "no_rival": NO_RIVAL,
    "item": _("Evidence"),
    "note": _("Note"),
    "contact": _("Person"),
    "on": pgettext_lazy("of evidence", "Date"),
    "file": pgettext_lazy("of evidence", "File"),
    "state": _("State"),
    "word": pgettext_lazy("of a verdict", "Word"),
    "item_kind": _("Kind"),
    "member": _("Member"),
    "part": _("Part"),
    "percent": _("Percentage"),
    "gate": _("Missing evidence"),
    "label": _("Label"),
    "most_count": _("At most, number"),
    "most_amount": _("At most, amount"),
    "created": _("Created"),
    "updated": _("Updated"),
}.items():
    tenants_labels.name_field(_field, _words)
for _field in ("stage", "from", "to"):
    tenants_labels.name_values(_field, {str(int(stage)): words for stage, words in STAGES.items()})
tenants_labels.name_values("state", {str(state): words for state, words in STATES.items()})
tenants_labels.name_values("item_kind", {str(kind): words for kind, words in KINDS.items()})
name_topic("limits", Topic(Permission.SETTINGS_EDIT, ("",), ("limits.",)))
name_topic("leads", Topic(Permission.SETTINGS_EDIT, ("",), ("lead_setting.",)))
name_topic("web_forms", Topic(Permission.IMPORT_RUN, ("funnel.webform",), ("web_form.",)))
name_topic("stages", Topic(Permission.SETTINGS_EDIT, ("", "funnel.evidenceitem"), ("stages.", "evidence_item.")))
