"""Writes that span every app: founding the demo company."""

from salesops.actions.founding import demo_email, found_demo_company, last_evening

__all__ = ["demo_email", "found_demo_company", "last_evening"]
