"""How do we get better? Pipeline review and one-on-one coaching."""
