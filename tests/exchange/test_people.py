"""Teams and people from files: the whole way, twice, by whom it may be, mails at the end, and taken back."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from exchange import actions, queries, targets
from exchange.models import Import
from jobs import running
from jobs.models import Job
from tenants import actions as tenants_actions
from tenants.errors import Refused
from tenants.models import AuditEvent, Invitation, Membership, Team, User
from tenants.permissions import Permission, Role
from tenants.scoping import working_for
from tests.cast import AT, Cast, sign_in
from tests.exchange.factories import bring_in, checked, finished, make_csv, make_import, proposals, reasons
from tests.exchange.test_undo import everything, undo

pytestmark = pytest.mark.django_db
TEAMS = ["Team", "Parent team", "Lead"]
PEOPLE = ["Name", "E-mail", "Role", "Team", "Admin"]


@pytest.fixture(autouse=True)
def _inside(acme: Cast) -> Iterator[None]:
    with working_for(acme.org):
        yield


def tree() -> dict[str, str]:
    """Every team with the way to it, read from its path."""
    names = dict(Team.objects.values_list("pk", "name"))
    return {
        name: " / ".join(names[int(pk)] for pk in path.split("/")[:-1])
        for name, path in Team.objects.order_by("pk").values_list("name", "path")
    }


def members() -> list[dict[str, Any]]:
    fields = ("pk", "role", "team_id", "is_admin", "is_active")
    return [dict(zip(fields, row, strict=True)) for row in Membership.objects.order_by("pk").values_list(*fields)]


# Teams --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headings", [TEAMS, ["團隊", "上級團隊", "主管"], ["团队", "上级团队", "主管"]])
def test_headings_of_teams_are_recognised(acme: Cast, headings: list[str]) -> None:
    imported = make_import("teams", make_csv(headings, ["A", "B", "Rep Acme"]), by=acme.admin)
    found = {code: imported.header_of(column) for code, column in imported.mapping.items()}
    assert found == dict(zip(["name", "parent", "manager"], headings, strict=True))


def test_a_tree_is_built_in_any_order_of_rows(acme: Cast) -> None:
    rows = [["Taipei", "East", ""], ["Tainan", "Deep South", "Rep Acme"], ["Deep South", "South", ""], ["East", "", ""]]
    done = bring_in("teams", make_csv(TEAMS, *rows), by=acme.admin)
    assert done.tally.verdicts == {"created": 4}
    assert tree() == {
        "Acme": "Acme",
        "North": "Acme / North",
        "South": "Acme / South",
        "East": "Acme / East",
        "Taipei": "Acme / East / Taipei",
        "Deep South": "Acme / South / Deep South",
        "Tainan": "Acme / South / Deep South / Tainan",
    }
    acme.rep.refresh_from_db()
    assert (acme.rep.role, acme.rep.team.name) == (Role.MANAGER, "Tainan")
    assert AuditEvent.objects.filter(verb="team.created", by=acme.admin).count() == 4
    assert AuditEvent.objects.get(verb="member.changed").data["changes"]["role"] == ["rep", "manager"]
    before = everything(), members()
    again = bring_in("teams", make_csv(TEAMS, *rows), by=acme.admin)
    assert again.tally.verdicts == {"unchanged": 4}
    assert (everything(), members()) == before


def test_teams_move_with_all_below_them(acme: Cast) -> None:
    bring_in("teams", make_csv(TEAMS, ["Taipei", "North", ""]), by=acme.admin)
    done = bring_in("teams", make_csv(TEAMS, ["North", "South", ""]), by=acme.admin)
    assert done.tally.verdicts == {"updated": 1}
    assert tree()["Taipei"] == "Acme / South / North / Taipei"
    assert AuditEvent.objects.get(verb="team.changed").data["changes"] == {"parent": ["Acme", "South"]}


def test_bad_teams_are_rejected_each_with_its_reason(acme: Cast, globex: Cast) -> None:
    with working_for(globex.org):
        tenants_actions.create_team(globex.org, name="Secret", parent=None, by=globex.executive, at=AT)
    rows = [
        ["A", "B", ""],
        ["B", "A", ""],
        ["C", "A", ""],
        ["D", "D", ""],
        ["", "North", ""],
        ["x" * 81, "", ""],
        ["Acme", "North", ""],
        ["E", "Secret", "Rep Globex"],
        ["F\x07", "", ""],
        ["=cmd()", "North", ""],
    ]
    done = bring_in("teams", make_csv(TEAMS, *rows), by=acme.admin, **{"team-parents": "reject"})
    assert reasons(done) == {
        2: [("team_under_itself", "Parent team")],
        3: [("team_under_itself", "Parent team")],
        4: [("parent_refused", "Parent team")],
        5: [("team_under_itself", "Parent team")],
        6: [("team_missing", "Team")],
        7: [("too_long", "Team")],
        8: [("team_under_itself", "Parent team")],
        9: [("parent_unknown", "Parent team")],
        10: [("control_character", "Team")],
    }
    assert set(tree()) == {"Acme", "North", "South", "=cmd()"}


def test_where_new_teams_stand_is_asked(acme: Cast) -> None:
    data = make_csv(TEAMS, ["West", "", "Somebody"], ["Sales", "Far West", ""])
    asked = proposals(make_import("teams", data, by=acme.admin), by=acme.admin)
    root = Team.objects.get(name="Acme")
    assert asked == {"team-top": f"id:{root.pk}", "team-parents": "create"}
    done = bring_in("teams", data, by=acme.admin, **{"team-top": "root"})
    assert done.tally.remarks == {"manager_unknown": 1, "parent_added": 1}
    assert tree()["Sales"] == "Far West / Sales"


def test_an_import_of_teams_is_undone(acme: Cast) -> None:
    before, people = everything(), members()
    imported = bring_in("teams", make_csv(TEAMS, ["North", "East", "Rep Acme"], ["Taipei", "North", ""]), by=acme.admin)
    assert tree()["Taipei"] == "Acme / East / North / Taipei"
    undo(imported, by=acme.admin)
    after = everything()
    for row in after["tenants.Team"]:
        row["version"] = 1
    assert after == before
    assert members() == people


def test_somebody_in_a_new_team_bars_the_undoing(acme: Cast) -> None:
    imported = bring_in("teams", make_csv(TEAMS, ["Taipei", "North", ""]), by=acme.admin)
    Membership.objects.filter(pk=acme.rep.pk).update(team=Team.objects.get(name="Taipei"))
    with pytest.raises(Refused, match="import_touched"):
        undo(imported, by=acme.admin)


# People -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headings",
    [PEOPLE, ["姓名", "電子郵件", "角色", "團隊", "管理員"], ["姓名", "邮箱", "角色", "团队", "管理员"]],
)
def test_headings_of_people_are_recognised(acme: Cast, headings: list[str]) -> None:
    rows = ["林怡", "lin@acme.example", "業務", "North", "否"]
    imported = make_import("people", make_csv(headings, rows), by=acme.admin)
    found = {code: imported.header_of(column) for code, column in imported.mapping.items()}
    assert found == dict(zip(["name", "email", "role", "team", "is_admin"], headings, strict=True))


def people(*rows: Sequence[object]) -> bytes:
    return make_csv(PEOPLE, *rows)


LIN: list[object] = ["林怡", "Lin@acme.example", "主管", "North", "no"]


def send_all(capture: DjangoCaptureOnCommitCallbacks) -> None:
    """Run the job that sends the mails."""
    for job in Job.objects.running().filter(kind="import_invitations"):
        with capture(execute=True):
            running.run(job)


def test_new_people_are_invited_and_mailed_once_at_the_end(
    acme: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        imported = checked(make_import("people", people(LIN), by=acme.admin), by=acme.admin)
    assert not Invitation.objects.exists()  # the dry run leaves nothing
    assert not mail.outbox
    assert not Job.objects.filter(kind="import_invitations").exists()
    with django_capture_on_commit_callbacks(execute=True):
        done = bring_in("people", people(LIN, ["王", "wang@acme.example", "", "", "yes"]), by=acme.admin)
    assert done.tally.verdicts == {"created": 2}
    assert not mail.outbox
    seat, wang = Invitation.objects.order_by("pk")
    assert (seat.email, seat.name, seat.role, seat.team, seat.is_admin) == (
        "lin@acme.example", "林怡", Role.MANAGER, acme.team, False,
    )  # fmt: skip
    assert (wang.role, wang.team, wang.is_admin) == (Role.REP, None, True)
    assert not User.objects.filter(email__in=["lin@acme.example", "wang@acme.example"]).exists()
    send_all(django_capture_on_commit_callbacks)
    assert sorted(each.to[0] for each in mail.outbox) == ["lin@acme.example", "wang@acme.example"]
    assert re.search(r"http\S+", str(mail.outbox[0].body))
    sealed = Invitation.objects.get(pk=seat.pk)
    assert sealed.token_hash != seat.token_hash
    assert Job.objects.get(kind="import_invitations").result["sent"] == 2
    with django_capture_on_commit_callbacks(execute=True):
        again = bring_in("people", people(LIN, ["王", "wang@acme.example", "", "", "yes"]), by=acme.admin)
    assert again.tally.verdicts == {"unchanged": 2}
    send_all(django_capture_on_commit_callbacks)
    assert len(mail.outbox) == 2
    assert imported.pk


def test_a_target_hears_of_the_end_once_and_never_of_a_dry_run(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[targets.Occasion] = []
    monkeypatch.setitem(targets.TARGETS, "people", replace(targets.TARGETS["people"], ended=told.append))
    imported = checked(make_import("people", people(LIN), by=acme.admin), by=acme.admin)
    assert not told
    finished(actions.run(imported, seen=imported.version, by=acme.admin, at=timezone.now()))
    (occasion,) = told
    assert (occasion.by, occasion.ledger.counts()) == (acme.admin, {"invitation": (1, 0)})


def test_mails_can_be_held_and_a_seat_withdrawn_meanwhile_gets_none(
    acme: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    bring_in("people", people(LIN), by=acme.admin, mails="hold")
    assert not Job.objects.filter(kind="import_invitations").exists()
    bring_in("people", people(["A", "a@acme.example"], ["B", "b@acme.example"]), by=acme.admin)
    tenants_actions.withdraw(Invitation.objects.get(email="a@acme.example"), by=acme.admin, at=timezone.now())
    send_all(django_capture_on_commit_callbacks)
    assert [each.to[0] for each in mail.outbox] == ["b@acme.example"]


def test_members_are_changed_and_what_the_file_leaves_out_stays(acme: Cast) -> None:
    rows = [
        ["Other name", "REP@acme.example", "經理", "South", ""],
        ["", "rep2@acme.example", "", "", "yes"],
        ["Partner Acme", "", "", "North", ""],
    ]
    done = bring_in("people", people(*rows), by=acme.admin)
    assert done.tally.verdicts == {"updated": 3}
    for member in (acme.rep, acme.rep2, acme.partner):
        member.refresh_from_db()
    assert (acme.rep.role, acme.rep.team, acme.rep.name) == (Role.MANAGER, acme.other_team, "Rep Acme")
    assert (acme.rep2.role, acme.rep2.team, acme.rep2.is_admin) == (Role.REP, acme.team, True)
    assert (acme.partner.role, acme.partner.team) == (Role.PARTNER, acme.team)
    changes = AuditEvent.objects.filter(verb="member.changed").order_by("id")
    assert changes[0].data["changes"] == {"role": ["rep", "manager"], "team": ["North", "South"]}
    assert bring_in("people", people(*rows), by=acme.admin).tally.verdicts == {"unchanged": 3}
    assert not Invitation.objects.exists()


def test_the_last_admin_stays(acme: Cast) -> None:
    rows = [["", "admin@acme.example", "", "", "no"], ["", "rep@acme.example", "", "", "yes"]]
    done = bring_in("people", people(*rows), by=acme.admin)
    assert reasons(done) == {2: [("last_admin", "E-mail")]}
    assert bring_in("people", people(*rows), by=acme.admin).tally.verdicts == {"updated": 1, "unchanged": 1}
    done = bring_in("people", people(["", "rep@acme.example", "", "", "no"]), by=acme.rep)
    assert reasons(done) == {2: [("last_admin", "E-mail")]}
    assert Membership.objects.get(pk=acme.rep.pk).is_admin


def test_bad_people_are_rejected_each_with_its_reason(acme: Cast, globex: Cast) -> None:
    acme.rep2.is_active = False
    acme.rep2.save()
    rows: list[list[object]] = [
        ["No Address", "", "", "", ""],
        ["Bad", "nobody@", "", "", ""],
        ["Out", "rep2@acme.example", "rep", "", ""],
        ["One", "one@acme.example", "", "", ""],
        ["Two", "ONE@acme.example", "", "", ""],
        ["Odd", "odd@acme.example", "", "Nowhere", ""],
        ["Odd", "odd2@acme.example", "", "", "perhaps"],
        ["x" * 81, "long@acme.example", "", "", ""],
        ["=HYPERLINK(1)", "formula@acme.example", "", "", ""],
        ["Rep Globex", "rep@globex.example", "", "", ""],
    ]
    done = bring_in("people", people(*rows), by=acme.admin)
    assert reasons(done) == {
        2: [("address_missing", "E-mail")],
        3: [("not_an_email", "E-mail")],
        4: [("member_inactive", "E-mail")],
        6: [("duplicate_row", None)],
        7: [("team_unknown", "Team")],
        8: [("unknown_choice", "Admin")],
        9: [("too_long", "Name")],
    }
    assert set(Invitation.objects.values_list("email", flat=True)) == {
        "one@acme.example", "formula@acme.example", "rep@globex.example",
    }  # fmt: skip
    assert Membership.objects.filter(user__email="rep@globex.example").count() == 1  # invited here, and no more
    with working_for(globex.org):
        assert not Invitation.objects.exists()


def test_addresses_can_be_made_of_names_on_the_own_domain(acme: Cast) -> None:
    data = people(["Anna  O'Hara", ""], ["林怡", ""], ["Rep Acme", "", "rep"], ["Ana Ohara", ""], ["Anna Ohara", ""])
    done = bring_in("people", data, by=acme.admin, **{"address-missing": "@acme.example"})
    assert sorted(Invitation.objects.values_list("email", flat=True)) == [
        "ana.ohara@acme.example", "anna.ohara@acme.example",
    ]  # fmt: skip
    assert reasons(done) == {3: [("address_missing", "E-mail")], 6: [("address_twice", "E-mail")]}
    forged = bring_in("people", people(["Eve Else", ""]), by=acme.admin, **{"address-missing": "@evil.example"})
    assert reasons(forged) == {2: [("address_missing", "E-mail")]}


def test_an_open_seat_is_corrected_and_an_expired_one_held_anew(
    acme: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    bring_in("people", people(LIN), by=acme.admin, mails="hold")
    seat = Invitation.objects.get()
    done = bring_in("people", people(["林怡", "lin@acme.example", "rep", "South", "no"]), by=acme.admin)
    assert done.tally.verdicts == {"updated": 1}
    send_all(django_capture_on_commit_callbacks)
    assert not mail.outbox  # its link is out already, or was held on purpose
    Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
    assert bring_in("people", people(LIN), by=acme.admin).tally.verdicts == {"updated": 1}
    send_all(django_capture_on_commit_callbacks)
    assert [each.to[0] for each in mail.outbox] == ["lin@acme.example"]
    assert Invitation.objects.get().pk == seat.pk


def test_an_import_of_people_is_undone_until_somebody_joins(acme: Cast) -> None:
    before, was = everything(), members()
    rows: list[Sequence[object]] = [LIN, ["", "rep@acme.example", "manager", "South", "yes"]]
    undo(bring_in("people", people(*rows), by=acme.admin), by=acme.admin)
    assert (everything(), members()) == (before, was)
    imported = bring_in("people", people(LIN), by=acme.admin)
    seat = Invitation.objects.get()
    user = User.objects.create(email="lin@acme.example", name="Lin")
    tenants_actions.accept(seat, user=user, at=timezone.now())
    with pytest.raises(Refused, match="import_touched"):
        undo(imported, by=acme.admin)
    assert Membership.objects.get(user=user).role == Role.MANAGER


def test_undoing_leaves_no_organization_without_an_admin(acme: Cast) -> None:
    imported = bring_in("people", people(["", "rep@acme.example", "", "", "yes"]), by=acme.admin)
    Membership.objects.filter(pk=acme.admin.pk).update(is_admin=False)
    acme.rep.refresh_from_db()
    imported = undo(imported, by=Membership.objects.get(pk=acme.rep.pk))
    assert imported.job.error == "last_admin"
    assert Membership.objects.get(pk=acme.rep.pk).is_admin


def test_only_who_may_edit_people_brings_them_in(acme: Cast) -> None:
    for person in acme.everyone:
        offered = {target.code for target in targets.targets(person)}
        assert ({"teams", "people"} <= offered) == person.can(Permission.PEOPLE_EDIT)
        assert ({"teams", "people"} & offered == set()) == (not person.can(Permission.PEOPLE_EDIT))
    imported = make_import("people", people(LIN), by=acme.executive)
    settled = actions.settle(
        imported, mapping=imported.mapping, answers={}, seen=imported.version, by=acme.executive, at=timezone.now()
    )
    running.run(settled.job)
    assert Job.objects.get(pk=settled.job_id).error == "importer_gone"
    page = sign_in(acme.executive).post(
        reverse("exchange:import_new", args=[acme.org.slug]), {"target": "people", "file": "x"}
    )
    assert page.status_code == 422


def test_a_file_that_makes_admins_asks_whether_it_is_still_you(acme: Cast) -> None:
    def start(data: bytes, *, fresh: bool) -> tuple[Import, int]:
        imported = checked(make_import("people", data, by=acme.admin), by=acme.admin)
        client = sign_in(acme.admin, fresh=fresh)
        if not fresh:
            session = client.session
            session["account_authentication_methods"] = [{"method": "password", "at": 1.0}]
            session.save()
        url = reverse("exchange:import_run", args=[acme.org.slug, imported.pk])
        answer = client.post(url, {"version": imported.version})
        imported.refresh_from_db()
        return imported, "reauthenticate" in str(answer.headers.get("Location", ""))

    imported, asked = start(people(LIN), fresh=False)
    assert (imported.state, asked) == ("checked", True)
    imported, asked = start(people(LIN), fresh=True)
    assert (imported.state, asked) == ("importing", False)
    imported, asked = start(make_csv(["Name", "E-mail"], ["Lin", "lin2@acme.example"]), fresh=False)
    assert (imported.state, asked) == ("importing", False)


# A real export ------------------------------------------------------------------------------------


@pytest.mark.shared_data
def test_a_sales_force_without_addresses_goes_in_as_far_as_it_can(acme: Cast) -> None:
    data = (Path(os.environ["SALESOPS_SHARED_DATA"]) / "maven" / "sales_teams.csv").read_bytes()
    imported = make_import("teams", data, by=acme.admin)
    assert {code: imported.header_of(at) for code, at in imported.mapping.items()} == {
        "parent": "regional_office",
        "manager": "manager",
    }
    done = bring_in("teams", data, by=acme.admin)
    assert done.tally.verdicts == {"created": 6, "unchanged": 29}
    assert tree()["Dustin Brinkmann"] == "Acme / Central / Dustin Brinkmann"
    assert Team.objects.count() == 3 + 3 + 6
    assert bring_in("teams", data, by=acme.admin).tally.verdicts == {"unchanged": 35}
    imported = make_import("people", data, by=acme.admin)
    assert {code: imported.header_of(at) for code, at in imported.mapping.items()} == {
        "name": "sales_agent",
        "team": "regional_office",
        "manager": "manager",
    }
    refused = bring_in("people", data, by=acme.admin)
    assert set(refused.tally.reasons) == {"address_missing"}
    done = bring_in("people", data, by=acme.admin, **{"address-missing": "@acme.example"})
    assert done.tally.verdicts == {"created": 35}
    anna = Invitation.objects.get(email="anna.snelling@acme.example")
    assert (anna.name, anna.team.name, anna.role) == ("Anna Snelling", "Dustin Brinkmann", Role.REP)
    pipeline = (Path(os.environ["SALESOPS_SHARED_DATA"]) / "maven" / "sales_pipeline.csv").read_bytes()
    groups = make_import("opportunities", pipeline, by=acme.admin)
    asked = queries.questions(groups, groups.mapping, by=acme.admin)
    labels = [str(each.label) for group in asked if group.code == "owner" for each in group.questions]
    assert "Anna Snelling (invited, has not joined yet)" in labels
