"""Pages of opportunities: board and table, one of them, its moves and its proof; the settings of the stages; leads."""

from funnel.views.approvals import (
    approval,
    approval_decide,
    approval_new,
    approval_withdraw,
    approvals_of,
    approvals_today,
)
from funnel.views.grouping import matrix
from funnel.views.lead_steps import lead_answers, lead_convert, lead_drop, lead_merge, lead_move, lead_note, lead_resume
from funnel.views.leads import lead, lead_edit, lead_list, lead_new, lead_of, lead_twins, leads_today
from funnel.views.limits import limits
from funnel.views.moving import close, close_as, move, reopen, undo
from funnel.views.one import edit, new, opportunity, price
from funnel.views.overview import board, of_account, pulse, table
from funnel.views.proving import evidence, evidence_file, evidence_judge, evidence_withdraw
from funnel.views.regrouping import regroup
from funnel.views.saved import view_delete, view_edit, view_move, view_new
from funnel.views.shaping import effect, item_edit, item_move, item_new, item_switch, stages
from funnel.views.teams import helper_remove, members, part_done, part_drop, part_edit, part_new, parts_today, team
from funnel.views.web_forms import lead_settings, web_form, web_form_list, web_form_renew, web_form_secret, web_lead

__all__ = [
    "approval",
    "approval_decide",
    "approval_new",
    "approval_withdraw",
    "approvals_of",
    "approvals_today",
    "board",
    "close",
    "close_as",
    "edit",
    "effect",
    "evidence",
    "evidence_file",
    "evidence_judge",
    "evidence_withdraw",
    "helper_remove",
    "item_edit",
    "item_move",
    "item_new",
    "item_switch",
    "lead",
    "lead_answers",
    "lead_convert",
    "lead_drop",
    "lead_edit",
    "lead_list",
    "lead_merge",
    "lead_move",
    "lead_new",
    "lead_note",
    "lead_of",
    "lead_resume",
    "lead_settings",
    "lead_twins",
    "leads_today",
    "limits",
    "matrix",
    "members",
    "move",
    "new",
    "of_account",
    "opportunity",
    "part_done",
    "part_drop",
    "part_edit",
    "part_new",
    "parts_today",
    "price",
    "pulse",
    "regroup",
    "reopen",
    "stages",
    "table",
    "team",
    "undo",
    "view_delete",
    "view_edit",
    "view_move",
    "view_new",
    "web_form",
    "web_form_list",
    "web_form_renew",
    "web_form_secret",
    "web_lead",
]
