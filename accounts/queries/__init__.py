"""Reads that are not rows of one model: the search over every kind, the list, a customer's page, what imports ask."""

from accounts.queries import effects
from accounts.queries.importing import known_accounts, name_of, numbered, owners_of_same, within_reach
from accounts.queries.listing import choices, few, listed, narrowed, totals
from accounts.queries.page import Line, assessments_of, chart, page_of, timeline
from accounts.queries.products import product_or_404, products
from accounts.queries.reach import (
    account_or_404,
    contact_or_404,
    helpers_for,
    may_see,
    member_or_404,
    named,
    owners_within_reach,
    parents_for,
    picked,
    suggestions,
    twins,
    visible,
)
from accounts.queries.searching import Found, register_search, search
from accounts.queries.segments import moves, segment_counts, usual_benchmark

__all__ = [
    "Found",
    "Line",
    "account_or_404",
    "assessments_of",
    "chart",
    "choices",
    "contact_or_404",
    "effects",
    "few",
    "helpers_for",
    "known_accounts",
    "listed",
    "may_see",
    "member_or_404",
    "moves",
    "name_of",
    "named",
    "narrowed",
    "numbered",
    "owners_of_same",
    "owners_within_reach",
    "page_of",
    "parents_for",
    "picked",
    "product_or_404",
    "products",
    "register_search",
    "search",
    "segment_counts",
    "suggestions",
    "timeline",
    "totals",
    "twins",
    "usual_benchmark",
    "visible",
    "within_reach",
]
