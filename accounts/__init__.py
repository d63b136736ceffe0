"""Whom do we sell to, and what? Customer archive, contacts, products, assessment and segments."""
