"""What files can bring into the customer archive: products, customers and contacts."""

from accounts.imports import companies, contacts, keepers, products
from accounts.imports.companies import ACCOUNT_FIELDS
from accounts.imports.customers import Customers, ask_customers
from accounts.imports.outcomes import ACCOUNT_PROBLEMS, ask_unit, in_order, note, outcome, present, rejected

__all__ = [
    "ACCOUNT_FIELDS",
    "ACCOUNT_PROBLEMS",
    "Customers",
    "ask_customers",
    "ask_unit",
    "companies",
    "contacts",
    "in_order",
    "keepers",
    "note",
    "outcome",
    "present",
    "products",
    "rejected",
]
