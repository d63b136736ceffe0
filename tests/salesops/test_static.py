"""Style sheets and scripts, collected and served as in production."""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import Settings


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["css/tokens.css", "js/app.js", "django_htmx/htmx-2.min.js"])
def test_static_files_are_collected_and_served_compressed(settings: Settings, tmp_path: Path, path: str) -> None:
    settings.STATIC_ROOT = tmp_path
    call_command("collectstatic", "--noinput", verbosity=0)
    answer = Client().get(f"/static/{path}", headers={"accept-encoding": "gzip"})
    assert (answer.status_code, answer["Content-Encoding"]) == (200, "gzip")
    answer.close()
