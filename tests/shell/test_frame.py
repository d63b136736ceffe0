"""What is drawn once and kept: nothing of one reader reaches another, and what is filled in is escaped."""

from collections.abc import Callable
from typing import cast

import pytest
from django.test import Client
from django.utils import translation
from django.utils.functional import lazystr
from django.utils.safestring import SafeString

from tenants.models import Membership
from tenants.templatetags import frame
from tenants.templatetags.stencil import Stencil, joined
from tests.cast import Cast

Login = Callable[[Membership], Client]
CARD = Stencil("funnel/card.html", ("may_move", "is_open", "is_landed", "health", "next"), ("pk", "href", "account"))


@pytest.mark.django_db
def test_the_frame_of_one_reader_is_not_that_of_another(acme: Cast, globex: Cast, login: Login) -> None:
    frame._drawn.cache_clear()
    first = login(acme.executive).get("/o/acme/funnel/").content.decode()
    assert "Executive Acme" in first
    assert "/o/acme/forecast/" in first
    other = login(globex.colleague).get("/o/globex/funnel/").content.decode()
    for foreign in ("Executive Acme", "executive@acme.example", "/o/acme/", "Acme"):
        assert foreign not in other
    assert "/o/globex/forecast/" not in other  # a colleague may not
    acme.executive.role = "colleague"
    acme.executive.save()
    assert "/o/acme/forecast/" not in login(acme.executive).get("/o/acme/funnel/").content.decode()


@pytest.mark.django_db
def test_each_page_carries_its_own_token_and_marks_itself(acme: Cast, login: Login) -> None:
    client = login(acme.rep)
    board, today = client.get("/o/acme/funnel/"), client.get("/o/acme/today/")
    for page in (board, today):
        text = page.content.decode()
        assert frame.TOKEN not in text
        assert str(page.context["csrf_token"])[:0] in text
        assert f'name="csrfmiddlewaretoken" value="{frame.TOKEN}"' not in text
    assert board.content != today.content
    token = board.content.decode().partition('<meta name="csrf" content="')[2].partition('"')[0]
    assert client.post("/accounts/logout/", {"csrfmiddlewaretoken": token}).status_code == 302


@pytest.mark.django_db
def test_settings_of_every_app_stand_under_settings(acme: Cast, login: Login) -> None:
    client = login(acme.admin)
    for page in ("funnel/stages/", "funnel/discounts/", "forecast/health/", "accounts/segments/"):
        side = client.get(f"/o/acme/{page}").content.decode().partition('<nav class="side"')[2].partition("</nav>")[0]
        assert side.count("aria-current") == 1, page
        assert '/o/acme/settings/" aria-current="page"' in side, page
    rep = login(acme.rep).get("/o/acme/accounts/products/").content.decode()
    assert '/o/acme/accounts/" aria-current="page"' in rep, "who has no settings finds it where it was"


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["funnel/", "funnel/table/", "funnel/matrix/"])
def test_the_controls_of_one_reader_are_not_those_of_another(acme: Cast, globex: Cast, login: Login, page: str) -> None:
    frame._controls.cache_clear()
    first = login(acme.executive).get(f"/o/acme/{page}").content.decode()
    assert f">{acme.rep.name}</option>" in first
    kept = frame._controls.cache_info().currsize
    assert kept
    other = login(globex.executive).get(f"/o/globex/{page}").content.decode()
    for foreign in (acme.rep.name, "/o/acme/"):
        assert foreign not in other
    assert f">{globex.rep.name}</option>" in other
    assert frame._controls.cache_info().currsize == 2 * kept
    assert login(acme.executive).get(f"/o/acme/{page}").content.decode().count("</option>") == first.count("</option>")
    assert frame._controls.cache_info().currsize == 2 * kept
    acme.rep.user.name = "Renamed Rep"
    acme.rep.user.save()
    assert ">Renamed Rep</option>" in login(acme.executive).get(f"/o/acme/{page}").content.decode()


@pytest.mark.django_db
def test_controls_say_what_stands_in_the_address_and_what_one_may_do(acme: Cast, login: Login) -> None:
    client = login(acme.executive)
    plain, narrowed = (client.get(f"/o/acme/funnel/table/{query}").content.decode() for query in ("", "?health=risk"))
    assert '<option value="risk" selected>' in narrowed
    assert '<option value="risk" selected>' not in plain
    assert "/o/acme/funnel/new/" in plain
    acme.executive.role = "colleague"
    acme.executive.save()
    assert "/o/acme/forecast/changes/" in plain
    assert "/o/acme/forecast/changes/" not in login(acme.executive).get("/o/acme/funnel/table/").content.decode()


def test_a_stencil_escapes_what_is_filled_in_and_keeps_nothing_of_it() -> None:
    with translation.override("en"):
        drawn = CARD.fill((False, True, False, "ok", "none"), 7, "/x/7/", "<b>{0} & co</b>")
        again = CARD.fill((False, True, False, "ok", "none"), 8, "/x/8/", "Delta")
    assert "&lt;b&gt;{0} &amp; co&lt;/b&gt;" in drawn
    assert "<b>" not in drawn
    assert "Delta" in again
    assert "co&lt;" not in again
    with translation.override("zh-hant"):
        assert CARD.fill((False, True, False, "ok", "none"), 7, "/x/7/", "Delta") != again


def test_only_what_a_stencil_filled_is_joined_as_it_is() -> None:
    with translation.override("en"):
        drawn = CARD.fill((False, True, False, "ok", "none"), 7, "/x/7/", "Delta")
    assert joined([drawn, cast("SafeString", "<b>")]) == f"{drawn}&lt;b&gt;"


def test_a_stencil_escapes_what_is_no_text_yet() -> None:
    with translation.override("en"):
        drawn = CARD.fill((False, True, False, "ok", "none"), 7, "/x/7/", lazystr("<b>co</b>"))
    assert "&lt;b&gt;co&lt;/b&gt;" in drawn
    assert "<b>" not in drawn
