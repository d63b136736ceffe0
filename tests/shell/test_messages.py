"""The catalogues and the command that keeps them."""

from io import StringIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.core.management import CommandError, call_command

from tenants.management.commands import messages


def found(tmp_path: Path, name: str, source: str) -> list[tuple[object, str | None]]:
    path = tmp_path / name
    path.write_text(source, "utf-8")
    return [(message, context) for _line, message, context in messages.words(path)]


def test_python_is_read(tmp_path: Path) -> None:
    source = (
        "a = _('Save')\nb = gettext_lazy('Name')\nc = ngettext('%(n)s deal', '%(n)s deals', n)\n"
        "d = pgettext('stage', 'Close')\ne = npgettext('x', 'one', 'many', n)\nf = 'not this'\n"
    )
    assert found(tmp_path, "x.py", source) == [
        ("Save", None),
        ("Name", None),
        (("%(n)s deal", "%(n)s deals"), None),
        ("Close", "stage"),
        (("one", "many"), "x"),
    ]


def test_templates_are_read(tmp_path: Path) -> None:
    source = """<div class="it's">
      {% translate "Save" %} {% translate 'Close' context "stage" %}
      {% if x %}
    {% blocktranslate with name=a.b trimmed %}
        Hello {{ name }},
        100% yours
    {% endblocktranslate %}
  {% endif %}
    {% blocktranslate count n=list|length %}{{ n }} deal{% plural %}{{ n }} deals{% endblocktranslate %}
      {% nav_item "a:b" "icon" _("Today") "may" %} {{ x|default:_("None yet") }}
    {# a comment with ' a quote #}
    </div>"""
    assert found(tmp_path, "x.html", source) == [
        ("Save", None),
        ("Close", "stage"),
        ("Hello %(name)s, 100%% yours", None),
        (("%(n)s deal", "%(n)s deals"), None),
        ("Today", None),
        ("None yet", None),
    ]


def test_each_fault_is_named() -> None:
    wanted = Catalog(fuzzy=False)
    for text in ("Save", "Move %(name)s", "Gone to %(place)s", "Never seen"):
        wanted.add(text)
    has = Catalog(locale="zh_Hant", fuzzy=False)
    has.add("Save", "")
    has.add("Move %(name)s", "移動 %(nmae)s")
    has.add("Gone to %(place)s", "去了 %(place)s", flags=["fuzzy"])
    has.add("Old", "舊")
    faults = sorted(messages.faults(wanted, has))
    assert [fault.split(":")[0] for fault in faults] == [
        "fuzzy",
        "missing",
        "no longer used",
        "placeholders differ",
        "untranslated",
    ]


def test_a_plural_may_leave_out_what_its_singular_leaves_out() -> None:
    wanted = Catalog(fuzzy=False)
    wanted.add(("one deal", "%(n)s deals"))
    has = Catalog(locale="zh_Hant", fuzzy=False)
    has.add(("one deal", "%(n)s deals"), ("%(n)s 件",))
    assert list(messages.faults(wanted, has)) == []


def test_every_text_is_translated_everywhere() -> None:
    out = StringIO()
    call_command("messages", "check", stdout=out)
    assert "translated" in out.getvalue()


def test_an_unknown_app_is_refused() -> None:
    with pytest.raises(CommandError, match="nosuch"):
        call_command("messages", "check", "nosuch")
