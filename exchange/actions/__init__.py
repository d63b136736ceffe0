"""Takes files in, step by step: read, map, check, import; takes an import back."""

from exchange.actions._locks import Step
from exchange.actions.importing import CHECK_JOB, IMPORT_JOB, finish, run, settle, work_on
from exchange.actions.mappings import forget_mapping, rename_mapping, save_mapping
from exchange.actions.purging import delete, purge
from exchange.actions.reading import READ_JOB, look_through, read_on, refuse, reread, start
from exchange.actions.stopping import stop
from exchange.actions.undoing import Undone, take_back, undo
from exchange.models import UNDO_JOB

__all__ = [
    "CHECK_JOB",
    "IMPORT_JOB",
    "READ_JOB",
    "UNDO_JOB",
    "Step",
    "Undone",
    "delete",
    "finish",
    "forget_mapping",
    "look_through",
    "purge",
    "read_on",
    "refuse",
    "rename_mapping",
    "reread",
    "run",
    "save_mapping",
    "settle",
    "start",
    "stop",
    "take_back",
    "undo",
    "work_on",
]
