"""Leads and the forms of a web site."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from funnel import actions as funnel
from funnel.leads import Answer, Criterion, Source
from funnel.models import Lead
from funnel.web_forms import LIMITS, Enquiry
from tests.cast import Cast
from tests.walls.furnishing.texts import Text


def pursue(cast: Cast, text: Text, rows: dict[str, Any]) -> dict[str, Any]:
    now, by = timezone.now() - timedelta(hours=1), cast.rep
    due = (now + timedelta(days=3)).date()

    def lead() -> Lead:
        return funnel.record_lead(
            owner=by,
            by=by,
            at=now,
            company=text(200),
            tax_id=text(30),
            person=text(120),
            position=text(120),
            phone=text(40),
            email=f"{text(60)}@x.example",
            industry=text(80),
            region=text(80),
            need=text(2_000),
            source=Source.EVENT,
            source_note=text(120),
            next_step=text(200),
            next_step_on=due,
            budget=900_000,
        )

    first, dropped, other = lead(), lead(), lead()
    first = funnel.note_lead(
        first, text=text(2_000), contacted=True, next_step=text(200), next_step_on=due, by=by, at=now
    )
    given = {Criterion.NEED: (Answer.YES, text(500))}
    first = funnel.answer_criteria(first, given, seen=first.version, by=by, at=now)
    dropped = funnel.drop_lead(dropped, seen=dropped.version, reason="other", note=text(500), by=by, at=now)
    form = funnel.make_web_form(name=text(120), owner=by, by=cast.admin, at=now)
    sent = {name: text(limit) for name, limit in LIMITS.items()}
    funnel.receive(form, Enquiry(**sent), digest="0" * 64, at=now)
    return {"lead": first, "dropped_lead": dropped, "other_lead": other, "web_form": form, "web_key": form.key}
