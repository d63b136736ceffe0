"""Style sheets and scripts, collected and served as in production."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.templatetags.static import static
from django.test import Client
from django.utils.functional import empty
from pytest_django.fixtures import Settings

SCRIPTS = [path for path in Path("static/js").glob("*.js") if path.name not in ("theme.js", "passkeys.js")]
PATHS = ["css/tokens.css", "js/app.js", "django_htmx/htmx-2.min.js"]


def forget_storage() -> None:
    """Let the next one read the settings of the moment."""
    staticfiles_storage._wrapped = empty  # type: ignore[attr-defined]  # a lazy object


@pytest.fixture
def collected(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.STATIC_ROOT = tmp_path
    forget_storage()
    call_command("collectstatic", "--noinput", verbosity=0)
    forget_storage()
    yield
    forget_storage()


@pytest.mark.django_db
@pytest.mark.usefixtures("collected")
@pytest.mark.parametrize("path", PATHS)
def test_a_collected_file_is_served_compressed_under_a_name_to_keep_for_good(path: str) -> None:
    address = static(path)
    assert address != f"/static/{path}"
    answer = Client().get(address, headers={"accept-encoding": "gzip"})
    assert (answer.status_code, answer["Content-Encoding"]) == (200, "gzip")
    assert answer["Cache-Control"] == "max-age=315360000, public, immutable"
    answer.close()


@pytest.mark.django_db
@pytest.mark.usefixtures("collected")
def test_pages_name_what_was_collected_and_the_plain_name_is_kept_only_for_minutes() -> None:
    assert f'href="{static("css/tokens.css")}"' in Client().get("/accounts/login/").content.decode()
    answer = Client().get("/static/css/tokens.css")
    assert (answer.status_code, answer["Cache-Control"]) == (200, "max-age=300, public")
    answer.close()


@pytest.mark.django_db
@pytest.mark.usefixtures("collected")
def test_scripts_import_one_another_under_names_to_keep_for_good() -> None:
    unseen, seen = {static("js/app.js")}, set()
    while unseen:
        address = unseen.pop()
        seen.add(address)
        answer = Client().get(address)
        assert (answer.status_code, answer["Cache-Control"]) == (200, "max-age=315360000, public, immutable"), address
        code = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]  # a file
        unseen |= {f"/static/js/{name}" for name in re.findall(r'(?:from|import) "\./([^"]+)"', code)} - seen
        answer.close()
    assert seen == {static(f"js/{path.name}") for path in SCRIPTS}


@pytest.mark.parametrize("path", PATHS)
def test_without_a_collection_names_are_plain(path: str) -> None:
    assert static(path) == f"/static/{path}"
