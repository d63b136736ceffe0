"""Addresses by their shape: just what Django's `reverse` says, for whatever it is given."""

import uuid
from typing import Any

import pytest
from django.template import Context, Template
from django.urls import NoReverseMatch, reverse, set_script_prefix
from django.urls.converters import IntConverter, UUIDConverter
from django.utils.safestring import SafeString

from funnel.stages import Stage, Status
from tenants.templatetags.addresses import address, in_shape
from tests.walls.stranger import patterns

KEY = uuid.UUID("6f9619ff-8b86-4011-b42d-00c04fc964ff")


def said(find: Any, *args: Any) -> str:
    """What comes of it: an address, or that there is none."""
    try:
        return str(find(*args))
    except NoReverseMatch:
        return "no such page"


def by_django(name: str, *args: Any) -> str:
    return str(reverse(name, args=args))


def test_every_page_is_found_where_django_finds_it() -> None:
    in_their_shape = 0
    for name, _pattern, places in patterns():
        usual = [
            7 if isinstance(each, IntConverter) else KEY if isinstance(each, UUIDConverter) else "acme-2"
            for each in places.values()
        ]
        for args in (usual, [str(arg) for arg in usual], [*usual, 1], usual[:-1], [Stage.QUALIFY for _ in usual]):
            assert said(address, name, *args) == said(by_django, name, *args), (name, args)
        in_their_shape += in_shape(name, usual) is not None
    assert in_their_shape > 150


@pytest.mark.parametrize(
    "word", ["a b", "中文", "50%", "{0}", "a/b", "", "x&y", "<b>", "a.b", -1, True, None, Status.WON, SafeString("won")]
)
def test_what_is_no_plain_word_is_told_as_django_tells_it(word: Any) -> None:
    for args in (("acme", 5, word), ("acme", word, "won"), (word, 5, "won")):
        assert said(address, "funnel:close_as", *args) == said(by_django, "funnel:close_as", *args), args


def test_an_address_knows_below_which_path_it_is_served() -> None:
    assert address("funnel:board", "acme") == "/o/acme/funnel/"
    try:
        set_script_prefix("/sales/")
        assert address("funnel:board", "acme") == "/sales/o/acme/funnel/"
    finally:
        set_script_prefix("/")


def test_the_tag_is_django_s() -> None:
    def draw(source: str) -> str:
        return Template(source).render(Context({"slug": "acme", "odd": "a&b"}))

    assert draw('{% url "funnel:opportunity" slug 5 %}') == "/o/acme/funnel/5/"
    assert draw('{% url "funnel:opportunity" slug 5 as there %}[{{ there }}]') == "[/o/acme/funnel/5/]"
    assert draw('{% url "funnel:opportunity" org=slug pk=5 %}') == "/o/acme/funnel/5/"
    assert draw('{% url "web_lead" odd %}') == "/leads/a&amp;b/"
    assert draw('{% url "funnel:nowhere" slug as there %}[{{ there }}]') == "[]"
    with pytest.raises(NoReverseMatch):
        draw('{% url "funnel:nowhere" slug %}')
