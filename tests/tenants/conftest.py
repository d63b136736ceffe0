"""Who signs in with a password."""

import pytest
from pytest_django.fixtures import Settings

from tenants.models import User
from tests.cast import PASSWORD, Cast


@pytest.fixture
def quick(settings: Settings) -> None:
    """Passwords are hashed in no time."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def rep(acme: Cast, quick: None) -> User:
    """A rep with a password."""
    user: User = acme.rep.user
    user.set_password(PASSWORD)
    user.save()
    return user
