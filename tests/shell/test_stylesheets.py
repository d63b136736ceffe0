"""The laws of the stylesheets and scripts: one place for colours, both halves alike, small."""

import gzip
import re
from pathlib import Path

import django_htmx
import pytest

ROOT = Path(__file__).resolve().parents[2]
CSS = ROOT / "static" / "css"
JS = ROOT / "static" / "js"
SHEETS = sorted(CSS.glob("*.css"))
NAMED = {"white", "black", "red", "green", "blue", "gray", "grey", "orange", "yellow", "purple", "pink", "brown"}


def bare(path: Path) -> str:
    return re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL)


def test_both_halves_of_the_tokens_agree() -> None:
    light, dark = bare(CSS / "tokens.css").split("@supports", 1)
    plain = dict(re.findall(r"(--[\w-]+):\s*(#[0-9a-f]+)\s*;", light))
    pairs = dict(re.findall(r"(--[\w-]+):\s*light-dark\((#[0-9a-f]+),\s*#[0-9a-f]+\)", dark))
    assert plain == pairs
    assert len(plain) > 50


@pytest.mark.parametrize("sheet", [s for s in SHEETS if s.name != "tokens.css"], ids=lambda s: s.name)
def test_only_the_tokens_hold_colours(sheet: Path) -> None:
    declarations = re.findall(r"(?<![\w-])[\w-]+\s*:\s*([^;{}]+)[;}]", bare(sheet))
    for value in declarations:
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl|oklch|oklab|lab|lch)a?\(", value), value
        assert not set(re.findall(r"(?<!-)\b[a-z]+\b(?!-)", value)) & NAMED, value


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda s: s.name)
def test_no_shouting_outside_print(sheet: Path) -> None:
    text = bare(sheet)
    outside = text.split("@media print")[0] if sheet.name == "modes.css" else text
    assert "!important" not in outside


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda s: s.name)
def test_directions_are_logical(sheet: Path) -> None:
    physical = (
        r"(?<![\w-])(?:margin|padding|border)-(?:left|right|top|bottom)\b|(?<![\w-])(?:left|right|top|bottom)\s*:"
    )
    assert not re.search(physical, bare(sheet))
    assert not re.search(r"text-align:\s*(?:left|right)|float:", bare(sheet))


def test_every_variable_is_a_token() -> None:
    known = set(re.findall(r"(--[\w-]+)\s*:", bare(CSS / "tokens.css")))
    for sheet in SHEETS:
        assert set(re.findall(r"var\((--[\w-]+)", bare(sheet))) <= known, sheet.name


def test_the_layers_come_in_order() -> None:
    assert "@layer tokens, base, layout, components, charts, modes;" in bare(CSS / "tokens.css")
    for name in ("base", "layout", "components", "charts", "modes"):
        assert bare(CSS / f"{name}.css").strip().startswith(f"@layer {name} {{")


def packed(*paths: Path) -> int:
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)


def test_the_stylesheets_stay_light() -> None:
    assert packed(*SHEETS) <= 20 * 1024


def test_the_scripts_stay_light() -> None:
    htmx = Path(django_htmx.__file__).parent / "static" / "django_htmx" / "htmx-2.min.js"
    assert packed(htmx, *JS.glob("*.js")) <= 40 * 1024


def test_the_script_speaks_no_language_and_evaluates_nothing() -> None:
    for path in JS.glob("*.js"):
        code = re.sub(r"//.*|/\*.*?\*/", "", path.read_text("utf-8"))
        assert not re.search(r"[\u3400-\u9fff]", code), path.name
        assert not re.search(r"\beval\(|new Function|innerHTML\s*=|document\.write", code), path.name
