"""One at a time."""

from django.db import connection


def alone(what: str, key: int) -> None:
    """Let nobody else do the same to this key until the transaction ends; the row itself may not exist yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s), %s)", [f"forecasting.{what}", key % 2**31])
