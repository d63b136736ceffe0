"""Every write of this app, by concept, and what apps to the right write into it."""

from accounts.actions.accounts import change_account, create_account
from accounts.actions.assessments import assess, change_assessment_setting
from accounts.actions.contacts import change_contact, create_contact
from accounts.actions.importing import import_accounts, import_contacts, import_products
from accounts.actions.judging import forget_assessments, import_assessments
from accounts.actions.members import add_member, remove_member
from accounts.actions.noting import note_contact, note_contacts, note_met, note_revenue, set_contacts
from accounts.actions.products import change_product, create_product
from accounts.actions.search import index, index_many, reindex_accounts, unindex
from accounts.actions.timeline import tell, tell_many, untell

__all__ = [
    "add_member",
    "assess",
    "change_account",
    "change_assessment_setting",
    "change_contact",
    "change_product",
    "create_account",
    "create_contact",
    "create_product",
    "forget_assessments",
    "import_accounts",
    "import_assessments",
    "import_contacts",
    "import_products",
    "index",
    "index_many",
    "note_contact",
    "note_contacts",
    "note_met",
    "note_revenue",
    "reindex_accounts",
    "remove_member",
    "set_contacts",
    "tell",
    "tell_many",
    "unindex",
    "untell",
]
