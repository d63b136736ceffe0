"""Every write of this app: lock, ask the rule, change, record, hand on."""

from funnel.actions.changing import change_opportunity
from funnel.actions.closing import abandon, lose, reopen, win
from funnel.actions.importing import Counts, import_opportunities
from funnel.actions.moving import UNDO_WITHIN, move, undo
from funnel.actions.noting import note_contact, note_contacts, note_health, note_next_step, note_next_steps
from funnel.actions.opening import open_opportunity
from funnel.actions.proving import file_evidence, import_evidence, withdraw_evidence
from funnel.actions.shaping import add_item, change_stages, move_item, rename_item, switch_item
from funnel.actions.teaming import add_member, remove_member

__all__ = [
    "UNDO_WITHIN",
    "Counts",
    "abandon",
    "add_item",
    "add_member",
    "change_opportunity",
    "change_stages",
    "file_evidence",
    "import_evidence",
    "import_opportunities",
    "lose",
    "move",
    "move_item",
    "note_contact",
    "note_contacts",
    "note_health",
    "note_next_step",
    "note_next_steps",
    "open_opportunity",
    "remove_member",
    "rename_item",
    "reopen",
    "switch_item",
    "undo",
    "win",
    "withdraw_evidence",
]
