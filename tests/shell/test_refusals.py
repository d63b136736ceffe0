"""Every refusal of an action is a sentence, with a value for each of its places."""

import ast
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.utils.translation import override

from funnel.labels.leads import WEB_ERRORS
from tenants.errors import Refused

OURS = {config.label: Path(config.path) for config in apps.get_app_configs()}
OURS = {label: path for label, path in OURS.items() if path.parent == settings.BASE_DIR}


def raised() -> Iterator[tuple[str, str, frozenset[str], str]]:
    """Yield the app, the code, the names of its values and the place of each refusal whose code is written out."""
    for app, root in OURS.items():
        for path in root.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refused"):
                    continue
                if not node.args or not isinstance(node.args[0], ast.Constant):
                    continue  # the code is that of another refusal, or one of a few of a table
                if any(word.arg is None for word in node.keywords):
                    continue  # so are its values
                names = frozenset(str(word.arg) for word in node.keywords)
                yield app, str(node.args[0].value), names, f"{path.relative_to(settings.BASE_DIR)}:{node.lineno}"


def words(app: str, code: str) -> list[str]:
    """Return what may be said of a code: by its own app, or by another that raises and says the same."""
    found: dict[str, list[str]] = {}
    for label in OURS:
        try:
            module = import_module(f"{label}.labels")
        except ModuleNotFoundError:
            continue
        tables = [(name, table) for name, table in vars(module).items() if isinstance(table, dict) and code in table]
        told = [str(table[code]) for name, table in tables if "REFUS" in name or "ERROR" in name or "PROBLEM" in name]
        found[label] = told or [str(table[code]) for _name, table in tables]
    return found.get(app) or [text for each in found.values() for text in each]


def test_every_refusal_is_a_sentence_with_all_its_values() -> None:
    silent, empty = [], []
    for app, code, names, place in raised():
        said = words(app, code)
        if not said:
            silent.append(f"{place} {code}")
        wanted = [set(re.findall(r"%\((\w+)\)", text)) - names for text in said]
        if said and all(wanted):
            empty.append(f"{place} {code} lacks {wanted[0]}")
    assert silent == []
    assert empty == []


SAYS = {"tenants", "accounts", "funnel", "activities", "forecasting", "coaching"}
"""The apps whose pages say why an action refused; the others list what is wrong with a file or a key."""


def refusal(app: str) -> Callable[[Refused], str]:
    found: Callable[[Refused], str] = import_module(f"{app}.labels").refusal
    return found


@pytest.mark.parametrize("language", ["en", "zh-hant", "zh-hans"])
def test_every_app_says_every_refusal_of_each_in_the_readers_language(language: str) -> None:
    """An action of one app passes on what that of another refused."""
    mute, foreign = [], []
    with override(language):
        nothing = refusal("tenants")(Refused("nobody_has_words_for_this"))
    for app, code, names, place in raised():
        if app not in SAYS or code in WEB_ERRORS:  # what programs read is in English alone
            continue
        error = Refused(code, **dict.fromkeys(names, 7))
        for other in SAYS:
            with override(language):
                said = refusal(other)(error)
            with override("en"):
                source = refusal(other)(error)
            mute += [f"{place} {code} in {other}"] * (said == nothing)
            foreign += [f"{place} {code}"] * (language != "en" and said == source)
    assert sorted(set(mute)) == []
    assert foreign == []


def test_a_code_that_nobody_has_words_for_is_said_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    for app in sorted(SAYS):
        assert "Reload the page" in refusal(app)(Refused("nobody_has_words_for_this", limit=3))
    assert caplog.messages == ["a refusal without words: nobody_has_words_for_this"] * len(SAYS)


def test_an_apps_own_words_go_first_and_days_are_written_as_they_are_read() -> None:
    assert refusal("coaching")(Refused("own_opportunity")) != refusal("funnel")(Refused("own_opportunity"))
    assert refusal("activities")(Refused("team_not_empty")) == refusal("tenants")(Refused("team_not_empty"))
    assert "27 Nov" in refusal("tenants")(Refused("day_taken", on="2026-11-27"))


@pytest.mark.parametrize("code", ["word_too_long", "close_before_opening"])
def test_the_eyes_see(code: str) -> None:
    assert any("%(" in text for text in words("funnel", code))
