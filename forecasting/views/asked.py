"""What a page about the past is asked."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from forecasting import labels, queries
from forecasting.forms import BetweenForm, chosen_period
from forecasting.periods import Kind, Period
from forecasting.queries import flow as figures
from forecasting.views.address import address, siblings, whose_of
from tenants.web import OrgRequest


@dataclass(frozen=True)
class Asked:
    """What a page about the past is asked: a period, whose, which part of the funnel, and from which day to which."""

    request: OrgRequest
    period: Period
    whose: queries.Scope
    narrowing: queries.Narrowing
    form: BetweenForm
    since_on: date
    until_on: date

    @property
    def since(self) -> datetime:
        """How the first day ended."""
        return figures.evening(self.since_on, self.request.organization.zone)

    @property
    def until(self) -> datetime:
        """How the last day ended; now, if it has not."""
        if self.until_on >= self.request.today:
            return queries.LATEST
        return figures.evening(self.until_on, self.request.organization.zone)

    @property
    def window(self) -> dict[str, Any]:
        """From when until when something happened, for the figures that count what happened."""
        return {"since": self.since, "until": min(self.until, self.request.now), "slice_": self.narrowing.slice}

    @property
    def status(self) -> int:
        """200, or 422 where the days cannot be answered."""
        return 200 if self.form.is_valid() else 422

    def to(self, name: str, **more: object) -> str:
        """Return the address of another page about the same."""
        days = {"since": self.since_on, "until": "" if self.until_on == self.request.today else self.until_on}
        return address(self.request, name, self.period, self.whose.who, **{**self.narrowing.asked, **days, **more})

    def of(self, owner: int) -> str:
        """Return the address of one person's flow."""
        return replace(self, whose=replace(self.whose, who=f"m{owner}")).to("flow")

    def frame(self, name: str) -> dict[str, Any]:
        """Return what the head of a page needs."""
        return {
            "asked": self,
            "period": self.period,
            "period_label": labels.period_label(self.period),
            "whose": self.whose,
            **siblings(self.request, name, self.period, self.whose.who),
            "to_changes": self.to("changes"),
            "to_past": self.to("past"),
            "to_flow": self.to("flow", since="", until=""),
            "kinds": [(kind, labels.KINDS[kind]) for kind in Kind],
            "message": " ".join(str(error) for error in self.form.non_field_errors()),
            "error": not self.form.is_valid(),
        }


def asked_of(request: OrgRequest, *, days: int, offer: bool = False) -> Asked:
    """Read what is asked; with `offer` also what there is to choose.

    :raises Http404: people, a product, a region or a segment that are not there, or not visible.
    """
    get = request.GET
    whose = whose_of(request)
    words = {name: get.get(name, "") for name in ("product", "region", "segment")}
    form = BetweenForm(get, today=request.today, days=days)
    found = form.cleaned_data if form.is_valid() else {"since": request.today, "until": request.today}
    return Asked(
        request=request,
        period=chosen_period(get, request.organization, request.today),
        whose=whose,
        narrowing=queries.narrowing(request.membership, whose, **words, offer=offer),
        form=form,
        since_on=found["since"],
        until_on=found["until"],
    )


def before(today: date, days: int) -> date:
    """Return the day so many days before."""
    return date.fromordinal(today.toordinal() - days)
