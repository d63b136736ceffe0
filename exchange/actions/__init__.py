"""Takes files in, step by step: read, map, check, import; takes an import back."""

from exchange.actions._locks import Step
from exchange.actions.importing import CHECK_JOB, IMPORT_JOB, finish, run, settle, work_on
from exchange.actions.reading import READ_JOB, look_through, read_on, refuse, reread, start
from exchange.actions.undoing import UNDO_JOB, Undone, take_back, undo

__all__ = [
    "CHECK_JOB",
    "IMPORT_JOB",
    "READ_JOB",
    "UNDO_JOB",
    "Step",
    "Undone",
    "finish",
    "look_through",
    "read_on",
    "refuse",
    "reread",
    "run",
    "settle",
    "start",
    "take_back",
    "undo",
    "work_on",
]
