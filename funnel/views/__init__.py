"""Pages of opportunities: board and table, one of them, its moves and its proof; the settings of the stages."""

from funnel.views.moving import close, close_as, move, reopen, undo
from funnel.views.one import edit, new, opportunity, price
from funnel.views.overview import board, of_account, table
from funnel.views.proving import evidence, evidence_withdraw, member_remove, members
from funnel.views.shaping import effect, item_edit, item_move, item_new, item_switch, stages

__all__ = [
    "board",
    "close",
    "close_as",
    "edit",
    "effect",
    "evidence",
    "evidence_withdraw",
    "item_edit",
    "item_move",
    "item_new",
    "item_switch",
    "member_remove",
    "members",
    "move",
    "new",
    "of_account",
    "opportunity",
    "price",
    "reopen",
    "stages",
    "table",
    "undo",
]
