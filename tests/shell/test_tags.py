"""Tags and filters of the interface."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone, translation
from lucide import IconDoesNotExist

from tenants import charts

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


def draw(source: str, **context: object) -> str:
    return Template(source).render(Context(context)).strip()


@pytest.fixture(autouse=True)
def _english() -> object:
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ v|money }}", "12.8M"),
        ("{{ v|money_exact }}", "12,800,000"),
        ("{{ v|money_exact:'TWD' }}", "TWD 12,800,000"),
        ("{{ v|figure }}", '12.8<span class="u">M</span>'),
        ("{{ v|signed }}", "+12.8M"),
        ("{{ none|money }}{{ none|figure }}", "——"),
        ("{{ share|pct }}", "74%"),
    ],
)
def test_numbers(source: str, text: str) -> None:
    assert draw(source, v=1_280_000_000, none=None, share=0.744) == text


def test_amounts_follow_the_language() -> None:
    with translation.override("zh-hant"):
        assert draw("{{ v|money }}", v=1_280_000_000) == "1,280萬"
    with translation.override("zh-hans"):
        assert draw("{{ v|money }}", v=1_280_000_000) == "1,280万"


FEW = {
    *("n", "seconds", "minutes", "days", "links|length", "codes_left", "unused_codes|length", "unused_code_count"),
    *("sessions", "sheet.people|length", "opportunity.push_count", "page.trend", "page.fall"),
    *("page.assessments|length", "row.lacks|slice:'2:'|length"),
}
"""What is counted and never comes near a thousand: parts of a minute, people on a sheet."""
SAID_OTHERWISE = {"total", "rest"}
"""Sentences that choose their plural by this and show a text beside it."""


def test_sentences_count_with_their_thousands_apart() -> None:
    words = "{% blocktranslate count n=v|grouped %}{{ n }} row{% plural %}{{ n }} rows{% endblocktranslate %}"
    assert draw(words, v=20_000) == "20,000 rows"
    assert draw(words, v=1) == "1 row"
    assert (
        draw("{{ v|grouped }} {{ many|length|grouped }} {{ v }}", v=20_000, many=range(1_500)) == "20,000 1,500 20000"
    )


def test_every_count_in_a_sentence_is_grouped_or_small() -> None:
    counted = r"blocktranslate (?:asvar \w+ )?count n=(\S+)"
    plain = {
        found.replace('"', "'")
        for path in TEMPLATES.rglob("*.html")
        for found in re.findall(counted, path.read_text("utf-8"))
        if not found.endswith("|grouped")
    }
    assert plain <= FEW | SAID_OTHERWISE


def test_dates() -> None:
    day = timezone.localdate()
    assert draw("{{ d|md }}", d=day) == f"{day.day} {day:%b} ({day:%a})"
    assert draw("{{ d|day }}", d=date(2019, 5, 3)) == "3 May 2019"
    assert draw("{{ d|md }}{{ d|day }}{{ d|clock }}", d=None) == ""


@pytest.mark.parametrize(
    ("past", "words"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=5), "5 minutes ago"),
    ],
)
def test_how_long_ago(past: timedelta, words: str) -> None:
    zone = timezone.get_fixed_timezone(-(timezone.now().hour - 12) * 60)  # noon here, so that the day does not turn
    with timezone.override(zone):
        assert words in draw("{% ago t %}", t=timezone.now() - past)


def test_after_a_week_the_date() -> None:
    today = timezone.localdate()
    assert "3 days ago" in draw("{% ago d %}", d=today - timedelta(days=3))
    assert "today" in draw("{% ago d %}", d=today)
    assert "ago" not in draw("{% ago d %}", d=today - timedelta(days=8)).split(">")[1]
    assert draw("{% ago d %}", d=None) == ""
    assert 'title="2020-01-02 03:04"' in draw(
        "{% ago d %}", d=datetime(2020, 1, 2, 3, 4, tzinfo=timezone.get_current_timezone())
    )


def test_icons_are_decoration() -> None:
    assert 'aria-hidden="true"' in draw("{% icon 'kanban' 14 %}")
    assert 'width="14"' in draw("{% icon 'kanban' 14 %}")
    with pytest.raises(IconDoesNotExist):
        draw("{% icon 'no-such-icon' %}")


def test_health_is_shape_and_word() -> None:
    for level, word in (("ok", "Healthy"), ("watch", "Watch"), ("risk", "At risk")):
        shown = draw("{% health level %}", level=level)
        assert word in shown
        assert "<svg" in shown
        assert '<span class="sr">' in draw("{% health level False %}", level=level)
    assert "23 days" in draw("{% health 'risk' '23 days' %}")
    with pytest.raises(ValueError, match="health"):
        draw("{% health 'fine' %}")


def test_avatars_keep_their_tone_and_escape() -> None:
    person = SimpleNamespace(pk=7, user=SimpleNamespace(name="陳柏翰", email="x"))
    assert draw("{% avatar m %}", m=person) == draw("{% avatar m %}", m=person)
    assert ">翰<" in draw("{% avatar m %}", m=person)
    assert ">柏翰<" in draw("{% avatar m 'l' %}", m=person)
    assert ">台達<" in draw("{% avatar c 'l' %}", c=SimpleNamespace(pk=1, name="台達精密"))
    assert "<b>" not in draw("{% avatar c 'l' %}", c=SimpleNamespace(pk=1, name="<b>"))
    assert draw("{% avatar none %}", none=None) == ""


def test_a_gap_bar_says_its_numbers() -> None:
    shown = draw("{% gapbar target won=w weighted=x legend=True tick=True %}", target=10_000, w=2_000, x=3_000)
    assert 'role="img"' in shown
    assert "Won 20" in shown
    assert "Gap" in shown
    assert "aria-hidden" in draw("{% gapbar 1 quiet=True %}")


def test_charts_link_to_their_rows() -> None:
    rows = [charts.Reached(1, "Discover", 500, 2, "/rows/1"), {"position": 2, "label": "Qualify", "amount": 250}]
    shown = draw("{% funnel_chart rows %}", rows=rows)
    assert 'href="/rows/1"' in shown
    assert "50%" in shown
    shown = draw("{% changes_chart 1000 steps %}", steps=[("New", 500), charts.Change("Lost", -200, "/lost")])
    assert "+5" in shown
    assert 'href="/lost"' in shown


def test_an_o_chart_says_what_is_unknown() -> None:
    shown = draw("{% o_chart f %}", f=[{"label": "Fit", "rating": 3}, {"label": "Track record", "rating": None}])
    assert "4 of 5" in shown
    assert "not judged yet" in shown
    assert shown.count("o-ring") == 1


def page_context(path: str = "/?stage=3&sort=-amount&page=2") -> dict[str, object]:
    return {"request": RequestFactory().get(path)}


def test_the_query_string_keeps_the_rest() -> None:
    assert draw("{% query sort='name' page=None %}", **page_context()) == "?stage=3&amp;sort=name"
    assert draw("{% query stage='' sort=None page=None %}", **page_context()) == "?"


def test_the_pager_keeps_the_filter() -> None:
    shown = draw("{% pager p %}", p=Paginator(range(100), 10).page(2), **page_context())
    assert "?stage=3&amp;sort=-amount&amp;page=3" in shown
    assert 'aria-current="page"' in shown
    assert "11–20 of 100" in shown
    assert draw("{% pager p %}", p=Paginator(range(5), 10).page(1), **page_context()) == ""


def test_sorting_turns_round() -> None:
    assert "sort=amount" in draw("{% sort_link 'amount' 'Amount' %}", **page_context())
    assert "sort=-name" in draw("{% sort_link 'name' 'Name' %}", **page_context("/?sort=name"))


def test_a_menu_shows_only_what_there_is_and_what_one_may() -> None:
    org = SimpleNamespace(slug="acme")
    asked = "{% nav_url 'salesops:today' permission %}"
    assert draw(asked, org=org, can={"home_view"}, permission="home_view") == "/o/acme/today/"
    assert draw(asked, org=org, can=set(), permission="home_view") == ""
    assert draw("{% nav_url 'no:such' %}", org=org) == ""
    assert draw("{% nav_url 'salesops:today' %}") == ""


class Answer(forms.Form):
    name = forms.CharField(help_text="As on the contract")
    note = forms.CharField(required=False, widget=forms.Textarea)
    result = forms.ChoiceField(choices=[("up", "Better"), ("down", "Worse")], widget=forms.RadioSelect)
    agree = forms.BooleanField(required=False)
    key = forms.CharField(widget=forms.HiddenInput, required=False)


def test_a_field_has_label_help_and_error() -> None:
    shown = draw("{% field form.name placeholder='x' %}", form=Answer({"name": ""}))
    assert '<label for="id_name">' in shown
    assert "As on the contract" in shown
    assert 'aria-invalid="true"' in shown
    assert 'aria-describedby="id_name_help id_name_error"' in shown
    assert 'id="id_name_error"' in shown
    assert 'placeholder="x"' in shown
    assert "optional" not in shown


def test_kinds_of_fields() -> None:
    form = Answer()
    assert "optional" in draw("{% field form.note %}", form=form)
    assert draw("{% field form.result %}", form=form).count('type="radio"') == 2
    assert "<legend" in draw("{% field form.result %}", form=form)
    assert 'type="checkbox"' in draw("{% field form.agree %}", form=form)
    assert "<label" not in draw("{% field form.key %}", form=form)


def test_what_was_typed_is_never_markup() -> None:
    assert "<script>" not in draw("{% field form.name %}{% form_errors form %}", form=Answer({"name": "<script>"}))


def test_the_box_of_errors_links_to_the_fields() -> None:
    shown = draw("{% form_errors form %}", form=Answer({}))
    assert 'role="alert"' in shown
    assert 'href="#id_name"' in shown
    assert "2 fields need another look" in shown
    assert draw("{% form_errors form %}", form=Answer()) == ""
    assert draw("{% form_errors form %}", form=Answer({"name": "a", "result": "up"})) == ""


def test_templates_hold_no_inline_code() -> None:
    for path in TEMPLATES.rglob("*.html"):
        if "email" in path.parts:
            continue
        text = path.read_text("utf-8")
        for forbidden in ("style=", "<style", "javascript:", "hx-on", "|safe", "hx-vals='js:", 'hx-vals="js:'):
            assert forbidden not in text, f"{path.relative_to(TEMPLATES)}: {forbidden}"
        assert not any(f" on{event}=" in text for event in ("click", "load", "change", "submit", "input")), path


def test_words_of_a_template_follow_the_language_and_its_context() -> None:
    said = Template('{% translate "Amount" %}/{% translate "Won" context "status" %}/{% translate word %}')
    there = Template('{% translate "Amount" as shown %}[{{ shown }}]{% translate "a & b <i>50%</i>" %}')
    for language, words in (("en", "Amount/Won/Owner"), ("zh-hant", "金額/成交/負責人"), ("en", "Amount/Won/Owner")):
        with translation.override(language):
            assert said.render(Context({"word": "Owner"})) == words
            assert there.render(Context({})) == f"[{words.partition('/')[0]}]a & b <i>50%</i>"
