"""Every write of this app: lock, ask the rule, change, record, hand on."""

from funnel.actions.approving import ask_approval, grant, refuse, withdraw
from funnel.actions.bulk import JOB as BULK_JOB
from funnel.actions.bulk import carry_out, draw_up, take_back, work_on_chunk
from funnel.actions.changing import change_opportunity
from funnel.actions.closing import abandon, lose, reopen, win
from funnel.actions.committing import record_commitment, withdraw_commitment
from funnel.actions.converting import convert, merge
from funnel.actions.deciding import add_role, change_role, remove_role
from funnel.actions.discounting import change_discounts, give_discount
from funnel.actions.filing import file_and_move, file_many
from funnel.actions.gaps import add_gap, change_gap, note_sought, seek
from funnel.actions.importing import Counts, import_opportunities, judge_imported
from funnel.actions.leads import (
    answer_criteria,
    change_criteria,
    change_lead,
    drop_lead,
    move_lead,
    note_lead,
    record_lead,
    resume_lead,
)
from funnel.actions.limits import change_limits
from funnel.actions.moving import UNDO_WITHIN, move, undo
from funnel.actions.noting import note_contact, note_contacts, note_judged, note_met, note_next_step, note_next_steps
from funnel.actions.opening import open_opportunity
from funnel.actions.planning import add_part, change_part, drop_part, finish_part, resume_part
from funnel.actions.proving import file_evidence, import_evidence, judge_evidence, unjudge_evidence, withdraw_evidence
from funnel.actions.revaluing import revalue
from funnel.actions.rivals import add_rival, adopt_rival, change_rival, remove_rival
from funnel.actions.saved_views import change_view, choose_default, delete_view, move_view, save_view
from funnel.actions.shaping import add_item, change_item, change_stages, move_item, switch_item
from funnel.actions.strategy import change_strategy, decide, note_procedure
from funnel.actions.teaming import add_member, add_partner, remove_helper
from funnel.actions.web_forms import change_web_form, make_web_form, receive, renew_secret, secrets_of, show_secret

__all__ = [
    "BULK_JOB",
    "UNDO_WITHIN",
    "Counts",
    "abandon",
    "add_gap",
    "add_item",
    "add_member",
    "add_part",
    "add_partner",
    "add_rival",
    "add_role",
    "adopt_rival",
    "answer_criteria",
    "ask_approval",
    "carry_out",
    "change_criteria",
    "change_discounts",
    "change_gap",
    "change_item",
    "change_lead",
    "change_limits",
    "change_opportunity",
    "change_part",
    "change_rival",
    "change_role",
    "change_stages",
    "change_strategy",
    "change_view",
    "change_web_form",
    "choose_default",
    "convert",
    "decide",
    "delete_view",
    "draw_up",
    "drop_lead",
    "drop_part",
    "file_and_move",
    "file_evidence",
    "file_many",
    "finish_part",
    "give_discount",
    "grant",
    "import_evidence",
    "import_opportunities",
    "judge_evidence",
    "judge_imported",
    "lose",
    "make_web_form",
    "merge",
    "move",
    "move_item",
    "move_lead",
    "move_view",
    "note_contact",
    "note_contacts",
    "note_judged",
    "note_lead",
    "note_met",
    "note_next_step",
    "note_next_steps",
    "note_procedure",
    "note_sought",
    "open_opportunity",
    "receive",
    "record_commitment",
    "record_lead",
    "refuse",
    "remove_helper",
    "remove_rival",
    "remove_role",
    "renew_secret",
    "reopen",
    "resume_lead",
    "resume_part",
    "revalue",
    "save_view",
    "secrets_of",
    "seek",
    "show_secret",
    "switch_item",
    "take_back",
    "undo",
    "unjudge_evidence",
    "win",
    "withdraw",
    "withdraw_commitment",
    "withdraw_evidence",
    "work_on_chunk",
]
