"""When a test about coaching takes place."""

from datetime import datetime

import pytest
from django.utils import timezone


@pytest.fixture
def now() -> datetime:
    """The moment of the test."""
    return timezone.now()
