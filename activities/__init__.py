"""What did we do, what is next? Visits and next actions."""
