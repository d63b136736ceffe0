"""The one address without a sign-in that writes: signed, taken once, bounded, and nothing can be read through it."""

import json
import logging
import re
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from funnel import actions, labels, queries, web_forms
from funnel.leads import LeadStatus
from funnel.models import Lead, LeadEvent, WebForm, WebMessage
from jobs.models import Notification
from tenants.models import AuditEvent, Membership
from tenants.scoping import reading, working_for
from tests.cast import AT, Cast
from tests.funnel.factories import make_account

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]
ENQUIRY = {"company": "Delta Precision", "person": "Amy Wang", "email": "amy@example.com", "message": "Hello"}


@pytest.fixture
def form(acme: Cast) -> WebForm:
    with working_for(acme.org):
        return actions.make_web_form(name="Contact page", owner=acme.rep, by=acme.manager, at=AT)


def send(
    form: WebForm, typed: Any = None, *, secret: str = "", age: int = 0, client: Client | None = None, **changes: str
) -> Any:
    """Post as the organization's own server would."""
    body = typed if isinstance(typed, bytes) else json.dumps(ENQUIRY if typed is None else typed).encode()
    timestamp = str(int(timezone.now().timestamp()) - age)
    signed = web_forms.sign(secret or actions.secrets_of(form)[0], timestamp, body)
    headers = {"X-Salesops-Timestamp": timestamp, "X-Salesops-Signature": signed, **changes}
    enforcing = client or Client(enforce_csrf_checks=True)
    return enforcing.post(f"/leads/{form.key}/", body, content_type="application/json", headers=headers)


def test_a_signed_enquiry_becomes_a_lead_and_its_owner_hears_of_it(acme: Cast, form: WebForm) -> None:
    answer = send(form)
    assert (answer.status_code, answer.json()) == (202, {"status": "received"})
    assert "no-store" in answer["Cache-Control"]
    with working_for(acme.org):
        lead = Lead.objects.get()
        assert (lead.company, lead.person, lead.email, lead.need) == (*list(ENQUIRY.values())[:3], "Hello")
        assert (lead.source, lead.source_note, lead.owner, lead.web_form) == ("web_form", form.name, acme.rep, form)
        told = Notification.objects.get()
        assert (told.to, told.code, told.url) == (acme.rep, "lead_arrived", f"/o/acme/funnel/leads/{lead.pk}/")
        assert AuditEvent.objects.get(verb="lead.created").by is None
        today = queries.leads_today(acme.rep, now=timezone.now(), today=timezone.localdate())
        assert list(today.fresh) == [lead]


def test_the_same_message_is_taken_once(acme: Cast, form: WebForm) -> None:
    sent = json.dumps(ENQUIRY).encode()
    timestamp = str(int(timezone.now().timestamp()))
    signed = web_forms.sign(actions.secrets_of(form)[0], timestamp, sent)
    headers = {"X-Salesops-Timestamp": timestamp, "X-Salesops-Signature": signed}
    answers = [
        Client().post(f"/leads/{form.key}/", sent, content_type="application/json", headers=headers) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [202, 409]
    assert answers[1].json()["error"] == "replayed"
    with working_for(acme.org):
        assert LeadEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"secret": "guess"}, "signature_wrong"),
        ({"X-Salesops-Signature": "0" * 64}, "signature_wrong"),
        ({"X-Salesops-Signature": ""}, "signature_missing"),
        ({"X-Salesops-Timestamp": ""}, "signature_missing"),
        ({"X-Salesops-Timestamp": "1"}, "signature_wrong"),
        ({"age": web_forms.TOLERANCE + 60}, "timestamp_old"),
        ({"age": -web_forms.TOLERANCE - 60}, "timestamp_old"),
    ],
)
def test_a_wrong_or_old_signature_writes_nothing(acme: Cast, form: WebForm, how: dict[str, Any], code: str) -> None:
    answer = send(form, **how)
    assert (answer.status_code, answer.json()["error"]) == (401, code)
    assert answer.json()["message"]
    with working_for(acme.org):
        assert not Lead.objects.exists()
        assert not WebMessage.objects.exists()


@pytest.mark.parametrize(
    ("typed", "status", "error"),
    [
        (b"", 400, "not_json"),
        (b"company=Delta", 400, "not_json"),
        (b'["Delta"]', 400, "not_json"),
        (b"x" * 20_000, 413, "too_large"),
        ({"company": "x"}, 422, "fields_wrong"),
        ({**ENQUIRY, "owner": "1"}, 422, "fields_wrong"),
        ({**ENQUIRY, "company": "x" * 201}, 422, "fields_wrong"),
        ({**ENQUIRY, "company": "a\x00b"}, 422, "fields_wrong"),
        ({**ENQUIRY, "email": "nobody"}, 422, "fields_wrong"),
    ],
)
def test_bad_input_says_what_is_wrong(acme: Cast, form: WebForm, typed: Any, status: int, error: str) -> None:
    answer = send(form, typed)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert ("fields" in answer.json()) == (error == "fields_wrong")
    with working_for(acme.org):
        assert not Lead.objects.exists()


def test_what_people_type_stays_text(acme: Cast, form: WebForm, login: Login) -> None:
    odd = {**ENQUIRY, "company": "=cmd|'/c calc'!A1", "person": "<script>alert(1)</script>", "message": "<b>x</b>"}
    assert send(form, odd).status_code == 202
    with working_for(acme.org):
        lead = Lead.objects.get()
    page = login(acme.rep).get(f"/o/acme/funnel/leads/{lead.pk}/").content.decode()
    assert "<script>alert" not in page
    assert "<b>x</b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize("key", ["x", "1-" + "a" * 22, "zz-" + "a" * 22, "z" * 13 + "-" + "a" * 22, "%00", "9" * 500])
def test_a_key_nobody_has_is_not_found(acme: Cast, key: str) -> None:
    assert Client().post(f"/leads/{key}/", b"{}", content_type="application/json").status_code == 404


def test_the_form_of_one_organization_is_none_of_another(acme: Cast, globex: Cast, form: WebForm) -> None:
    foreign = web_forms.public_key(globex.org.pk, form.token)
    assert Client().post(f"/leads/{foreign}/", b"{}", content_type="application/json").status_code == 404
    assert send(form).status_code == 202
    with working_for(globex.org):
        assert not Lead.objects.exists()
        twin = actions.make_web_form(name="Same", owner=globex.rep, by=globex.manager, at=AT)
    assert send(form, secret=actions.secrets_of(twin)[0]).json()["error"] == "signature_wrong"


def test_a_form_switched_off_is_not_found_and_an_old_secret_worth_nothing(acme: Cast, form: WebForm) -> None:
    old = actions.secrets_of(form)[0]
    with working_for(acme.org):
        actions.renew_secret(form, by=acme.manager, at=AT)
        form.refresh_from_db()
    assert send(form, secret=old).json()["error"] == "signature_wrong"
    assert send(form).status_code == 202
    with working_for(acme.org):
        actions.change_web_form(
            form, name="Off", owner=acme.rep, is_active=False, seen=form.version, by=acme.manager, at=AT
        )
    answer = send(form)
    assert (answer.status_code, answer.json()["error"]) == (404, "unknown_form")


def test_a_new_key_of_the_server_keeps_the_forms_working(acme: Cast, form: WebForm, settings: Settings) -> None:
    old = actions.secrets_of(form)[0]
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"  # no secret of anybody
    assert send(form, secret=old).status_code == 202
    assert send(form, {**ENQUIRY, "email": "b@example.com"}).status_code == 202
    settings.SECRET_KEY_FALLBACKS = []
    assert send(form, secret=old).status_code == 401


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_nothing_can_be_read_through_it(form: WebForm, method: str) -> None:
    send(form)
    answer = getattr(Client(), method)(f"/leads/{form.key}/")
    assert answer.status_code == 405
    assert b"Amy" not in answer.content


def test_whether_someone_is_known_changes_nothing_in_the_answer(acme: Cast, form: WebForm) -> None:
    with working_for(acme.org):
        make_account(acme.rep2, "Known Company")
    said = [
        send(form, {"company": "Known Company", "phone": "0912345678"}),
        send(form, {"company": "Nobody Knows", "phone": "0987654321"}),
        send(form, {"company": "Nobody Knows Inc.", "phone": "+886 987 654 321"}),
    ]
    assert {(answer.status_code, answer.content) for answer in said} == {(202, b'{"status": "received"}')}
    assert len({tuple(sorted(set(answer.headers) - {"X-Request-ID"})) for answer in said}) == 1


def test_who_enquires_again_is_no_second_lead(acme: Cast, form: WebForm) -> None:
    send(form)
    send(form, {**ENQUIRY, "company": "Delta", "email": "AMY@example.com", "message": "Are you there?"})
    send(form, {"company": "Delta Precision Ltd.", "person": "Amy  Wang", "phone": "0912345678"})
    with working_for(acme.org):
        lead = Lead.objects.get()
        again = LeadEvent.objects.filter(lead=lead, kind="enquired")
        assert [event.text for event in again] == ["", "Are you there?"]
        assert Notification.objects.filter(to=acme.rep, code="lead_enquired").count() == 2
        assert lead.email == "amy@example.com"
    send(form, {**ENQUIRY, "email": "bob@example.com", "person": "Bob"})
    with working_for(acme.org):
        assert Lead.objects.count() == 2


def test_who_was_dropped_and_writes_again_is_a_new_lead(acme: Cast, form: WebForm) -> None:
    send(form)
    with working_for(acme.org):
        actions.drop_lead(Lead.objects.get(), seen=1, reason="no_answer", note="", by=acme.rep, at=timezone.now())
    send(form, {**ENQUIRY, "message": "Back again"})
    with working_for(acme.org):
        assert sorted(Lead.objects.values_list("status", flat=True)) == [LeadStatus.DROPPED, LeadStatus.OPEN]


def test_the_lead_of_a_customer_goes_to_its_owner_and_never_to_someone_who_left(acme: Cast, form: WebForm) -> None:
    with working_for(acme.org):
        make_account(acme.rep2, "Delta Precision Co., Ltd.")
    send(form)
    with working_for(acme.org):
        assert Lead.objects.get().owner == acme.rep2
        Membership.objects.filter(pk__in=[acme.rep2.pk, acme.rep.pk]).update(is_active=False)
    send(form, {**ENQUIRY, "person": "Bob", "email": "bob@example.com"})
    with working_for(acme.org):
        assert Lead.objects.get(person="Bob").owner == acme.manager


def test_a_form_brings_so_many_a_minute_and_so_many_a_day(acme: Cast, form: WebForm) -> None:
    now = timezone.now()
    with working_for(acme.org):
        bulk = [WebMessage(form=form, digest=f"{n}", at=now) for n in range(web_forms.A_MINUTE)]
        WebMessage.objects.bulk_create(bulk)
    answer = send(form)
    assert (answer.status_code, answer.json()["error"], answer["Retry-After"]) == (429, "too_many", "60")
    with working_for(acme.org):
        WebMessage.objects.update(at=now - timedelta(hours=2))
        assert not Lead.objects.exists()
        rest = [WebMessage(form=form, digest=f"x{n}", at=now - timedelta(hours=2)) for n in range(web_forms.A_DAY)]
        WebMessage.objects.bulk_create(rest)
    assert send(form).status_code == 429
    with working_for(acme.org):
        WebMessage.objects.update(at=now - timedelta(days=2))
    assert send(form).status_code == 202
    with working_for(acme.org):
        assert WebMessage.objects.count() == 1


def test_one_address_is_throttled_before_anything_is_looked_up(form: WebForm) -> None:
    rate = int(settings.ACCOUNT_RATE_LIMITS["web_form"].split("/")[0])
    answers = [Client().post("/leads/x/", b"{}", content_type="application/json") for _ in range(rate + 1)]
    assert [answer.status_code for answer in answers] == [404] * rate + [429]


def test_the_example_of_the_handbook_is_taken(acme: Cast, form: WebForm, monkeypatch: pytest.MonkeyPatch) -> None:
    handbook = (settings.BASE_DIR / "docs" / "web-forms.md").read_text(encoding="utf-8")
    example: dict[str, Any] = {}
    exec(handbook.split("```python")[1].split("```")[0], example)  # noqa: S102  # our own handbook

    def opened(request: Any) -> Any:
        answer = Client().post(request.selector, request.data, content_type="application/json", headers=request.headers)
        return SimpleNamespace(status=answer.status_code)

    monkeypatch.setattr("urllib.request.urlopen", opened)
    secret = actions.secrets_of(form)[0]
    assert example["send_lead"](f"https://sales.example.com/leads/{form.key}/", secret, ENQUIRY) == 202
    for name, limit in web_forms.LIMITS.items():
        assert f"`{name}`" in handbook
        assert f"{limit:,}" in handbook
    assert set(labels.WEB_ERRORS) == set(re.findall(r"`([a-z_]+)`", handbook)) & set(labels.WEB_ERRORS)


def test_nothing_of_an_enquiry_or_its_signature_reaches_the_log(form: WebForm, caplog: Any) -> None:
    with caplog.at_level(logging.DEBUG):
        send(form)
        send(form, secret="guess")  # no secret of anybody
    assert "Amy" not in caplog.text
    assert actions.secrets_of(form)[0] not in caplog.text


# The pages about it -------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "status"), [("manager", 200), ("executive", 200), ("admin", 200), ("rep", 403)])
def test_who_may_make_web_forms(acme: Cast, form: WebForm, login: Login, role: str, status: int) -> None:
    client = login(getattr(acme, role))
    for path in ("", f"{form.pk}/"):
        assert client.get(f"/o/acme/funnel/leads/forms/{path}").status_code == status
    for path in ("secret/", "renew/"):
        assert client.post(f"/o/acme/funnel/leads/forms/{form.pk}/{path}").status_code == status
    assert client.get(f"/o/acme/funnel/leads/forms/{form.pk}/secret/").status_code == (405 if status == 200 else 403)


def test_the_secret_is_shown_when_asked_for_and_the_audit_says_to_whom(acme: Cast, form: WebForm, login: Login) -> None:
    client, url = login(acme.admin), f"/o/acme/funnel/leads/forms/{form.pk}/"
    secret = actions.secrets_of(form)[0]
    page = client.get(url).content.decode()
    assert secret not in page
    assert f"/leads/{form.key}/" in page
    shown = client.post(f"{url}secret/")
    assert secret in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    with working_for(acme.org):
        assert AuditEvent.objects.get(verb="web_form.shown").by == acme.admin
    assert secret not in client.post(f"{url}renew/").content.decode()
    with reading(acme.org):
        assert not [row for row in AuditEvent.objects.values_list("data", flat=True) if secret in json.dumps(row)]


def test_a_form_is_made_and_changed_and_bad_input_keeps_what_was_typed(acme: Cast, login: Login) -> None:
    client, url = login(acme.manager), "/o/acme/funnel/leads/forms/"
    made = client.post(url, {"name": "Spring fair", "owner": acme.rep2.pk})
    assert made.status_code == 303
    assert client.post(made["Location"], {"name": "Fair", "owner": acme.rep.pk, "version": 1}).status_code == 303
    assert client.post(made["Location"], {"name": "Fair", "owner": acme.rep.pk, "version": 1}).status_code == 303
    late = client.post(made["Location"], {"name": "Autumn fair", "owner": acme.rep2.pk, "version": 1})
    assert late.status_code == 409
    assert "Rep2 Acme" in late.content.decode()
    with working_for(acme.org):
        found = WebForm.objects.get()
        assert (found.name, found.owner, found.is_active) == ("Fair", acme.rep, False)
    for typed in ({"name": " ", "owner": acme.rep.pk}, {"name": "x" * 200, "owner": acme.rep.pk}, {"name": "kept"}):
        answer = client.post(url, typed)
        assert answer.status_code == 422
    assert 'value="kept"' in answer.content.decode()
    assert client.post(url, {"name": "x", "owner": acme.colleague.pk}).status_code == 422
