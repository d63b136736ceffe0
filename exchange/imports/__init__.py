"""What files can bring in of the organization itself: teams and people."""

from exchange.imports import keepers, mails, people, teams

__all__ = ["keepers", "mails", "people", "teams"]
