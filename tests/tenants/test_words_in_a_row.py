"""What is said in one's own language: lists, days, whole numbers."""

from datetime import date
from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from funnel.labels import refusal
from tenants.errors import Refused
from tenants.forms.numbers import WholeField
from tenants.queries.people import Led
from tenants.templatetags.ui import ago, grouped, named_in_a_row


@pytest.mark.parametrize(("language", "said"), [("en", "North, South"), ("zh-hant", "North、South")])
def test_names_stand_apart_as_the_reader_writes(language: str, said: str) -> None:
    with translation.override(language):
        assert named_in_a_row([SimpleNamespace(name="North"), "South"]) == said
        assert str(Led(["North", "South"], 3)) == said


@pytest.mark.parametrize(("language", "said"), [("en", "5 Jan 2020"), ("zh-hans", "2020/1/5")])
@pytest.mark.parametrize("given", [date(2020, 1, 5), "2020-01-05"])
def test_a_refusal_names_its_day_as_the_reader_writes_it(given: object, language: str, said: str) -> None:
    with translation.override(language):
        assert said in refusal(Refused("close_before_opening", opened_on=given))
        assert said in refusal(Refused("rate_missing", currency="USD", on=given))
        assert "2020-01" not in refusal(Refused("changed_after_close", latest=given))


@pytest.mark.parametrize("typed", ["-1", "4000", "many", "1.5"])
@pytest.mark.parametrize(("language", "said"), [("en", "from 0 to 3,650"), ("zh-hant", "0 到 3,650 的整數")])
def test_a_number_that_is_not_whole_or_out_of_bounds_is_refused_in_one_sentence(
    typed: str, language: str, said: str
) -> None:
    field = WholeField(min_value=0, max_value=3650)
    with translation.override(language), pytest.raises(ValidationError, match=said):
        field.clean(typed)


def test_a_whole_number_is_taken() -> None:
    assert WholeField(min_value=0, max_value=9).clean("7") == 7
    assert WholeField(min_value=0, max_value=9, required=False).clean("") is None
    with pytest.raises(ValidationError, match="required"):
        WholeField(min_value=0, max_value=9).clean("")


def test_counts_have_their_thousands_apart_and_a_span_of_time_ends_where_it_ends() -> None:
    assert str(grouped(1095)) == "1,095"
    assert ago(date(2020, 1, 5)).endswith("</time>"), "no break before the dot behind it"
