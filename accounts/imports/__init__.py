"""What files can bring into the customer archive: products, customers, contacts and assessments."""

from accounts.imports import assessments, companies, contacts, keepers, products
from accounts.imports.companies import ACCOUNT_FIELDS
from accounts.imports.customers import Customers, ask_customers
from accounts.imports.outcomes import ACCOUNT_PROBLEMS, ask_unit, in_order, note, outcome, present, rejected
from accounts.imports.places import PLACE_FIELDS, find_accounts, place_key

__all__ = [
    "ACCOUNT_FIELDS",
    "ACCOUNT_PROBLEMS",
    "PLACE_FIELDS",
    "Customers",
    "ask_customers",
    "ask_unit",
    "assessments",
    "companies",
    "contacts",
    "find_accounts",
    "in_order",
    "keepers",
    "note",
    "outcome",
    "place_key",
    "present",
    "products",
    "rejected",
]
