"""Names of people, teams, organizations and holidays: on one line, with something to see."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from funnel import actions as funnel_actions
from funnel.stages import Stage
from tenants import actions
from tenants.errors import Refused
from tenants.models import Holiday, Invitation, Membership, Organization, Team, User
from tenants.permissions import Role
from tenants.scoping import working_for
from tests.cast import AT, Cast

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]
UNSEEN = ["   ", "\u200b\u200d", "\u3000\u3000", "\u202e", "\x07", "\ufeff\u2060", "\u3164\u2800", "\ufe0f"]


def forms(cast: Cast) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return every form with a name: its address and everything else it sends."""
    org = cast.org
    return {
        "organization": (
            reverse("tenants:organization", args=[org.slug]),
            {
                "currency": "TWD",
                "language": "en",
                "time_zone": "Asia/Taipei",
                "fiscal_year_start": 1,
                "working_days": list("12345"),
                "version": 1,
            },
        ),
        "new_team": (reverse("tenants:new_team", args=[org.slug]), {"parent": ""}),
        "team": (reverse("tenants:team", args=[org.slug, cast.team.pk]), {"parent": "", "version": 1}),
        "calendar": (reverse("tenants:calendar", args=[org.slug]), {"first": "2026-02-16"}),
        "profile": (reverse("tenants:profile", args=[org.slug]), {"language": "auto", "theme": "auto"}),
    }


@pytest.mark.parametrize("which", ["organization", "new_team", "team", "calendar", "profile"])
@pytest.mark.parametrize("name", UNSEEN)
def test_a_name_of_which_nothing_can_be_seen_is_refused(acme: Cast, login: Login, which: str, name: str) -> None:
    address, rest = forms(acme)[which]
    response = login(acme.admin).post(address, {**rest, "name": name})
    assert response.status_code == 422
    with working_for(acme.org):
        kept = {
            Organization.objects.get(pk=acme.org.pk).name,
            User.objects.get(pk=acme.admin.user_id).name,
            *Team.objects.values_list("name", flat=True),
            *Holiday.objects.values_list("name", flat=True),
        }
    assert kept == {"Acme", "Admin Acme", "North", "South"}


@pytest.mark.parametrize("which", ["organization", "new_team", "team", "calendar", "profile"])
def test_what_turns_or_breaks_the_line_is_left_out_of_a_name(acme: Cast, login: Login, which: str) -> None:
    address, rest = forms(acme)[which]
    assert login(acme.admin).post(address, {**rest, "name": " 曜石\u202e \t科技\x1b "}).status_code == 303
    with working_for(acme.org):
        kept = {
            "organization": Organization.objects.get(pk=acme.org.pk).name,
            "new_team": Team.objects.order_by("-pk")[0].name,
            "team": Team.objects.get(pk=acme.team.pk).name,
            "calendar": getattr(Holiday.objects.first(), "name", ""),
            "profile": User.objects.get(pk=acme.admin.user_id).name,
        }
    assert kept[which] == "曜石 科技"


@pytest.mark.parametrize("which", ["new_team", "team", "profile", "organization", "calendar"])
def test_what_is_drawn_as_nothing_makes_no_other_name(acme: Cast, login: Login, which: str) -> None:
    address, rest = forms(acme)[which]
    beside = {"parent": acme.other_team.parent_id} if "team" in which else {}  # where a team South stands already
    answer = login(acme.admin).post(address, {**rest, **beside, "name": "\u200eSou\u200bth\u2060\u3164"})
    assert answer.status_code == (422 if "team" in which else 303)
    with working_for(acme.org):
        kept = {
            Organization.objects.get(pk=acme.org.pk).name,
            User.objects.get(pk=acme.admin.user_id).name,
            *Team.objects.values_list("name", flat=True),
            *Holiday.objects.values_list("name", flat=True),
        }
    assert kept <= {"Acme", "Admin Acme", "North", "South"}


@pytest.mark.parametrize("name", UNSEEN)
def test_an_invited_person_and_a_founder_have_names_too(acme: Cast, client: Client, name: str) -> None:
    with working_for(acme.org):
        invited = actions.invite(
            acme.org, emails=["new@x.example"], role=Role.REP, team=None, is_admin=False, by=acme.admin, at=AT
        )
        Invitation.objects.update(expires_at="2100-01-01T00:00Z")
    address = reverse("tenants:join", args=["acme", invited.sent[0][1]])
    assert client.post(address, {"name": name, "password": "long enough 4711"}).status_code == 422
    data = {"name": name, "organization": name, "email": "f@x.example", "password1": "long enough 4711"}
    assert client.post(reverse("account_signup"), data).status_code == 422
    assert not User.objects.filter(email__in=["new@x.example", "f@x.example"]).exists()


def test_the_actions_refuse_such_names_too(acme: Cast) -> None:
    """What comes without a form, such as an import, meets the same rule."""
    me: dict[str, Any] = {"by": acme.admin, "at": AT}
    with working_for(acme.org):
        for act in (
            lambda: actions.create_team(acme.org, name="\u200b", parent=None, **me),
            lambda: actions.change_team(acme.team, name="\u200b", parent=None, seen=1, **me),
            lambda: actions.change_organization(acme.org, name="\u200b", seen=1, **me),
            lambda: actions.change_profile(
                acme.admin.user, name="\u200b", language="", theme="", single_keys=True, daily_mail=True, **me
            ),
            lambda: actions.found_organization(acme.admin.user, name="\u200b", language="en", at=AT),
        ):
            with pytest.raises(Refused, match="name_missing"):
                act()


@pytest.mark.parametrize("name", UNSEEN)
def test_evidence_and_stages_have_names_that_can_be_read(acme: Cast, login: Login, name: str) -> None:
    client = login(acme.admin)
    new = reverse("funnel:item_new", args=["acme", 4])
    assert client.post(new, {"label": name}).status_code == 422
    with working_for(acme.org), pytest.raises(Refused, match="label_empty"):
        funnel_actions.add_item(Stage.SOLUTION_FIT, label=name, by=acme.admin, at=AT)
    typed = {"label": " 架構\u202e  確認 ", "kind": "fact"}
    assert client.post(new, typed).status_code == 303
    assert "架構 確認" in client.get(reverse("funnel:stages", args=["acme"])).content.decode()
