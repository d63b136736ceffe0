"""What files can bring into the funnel: opportunities, open, won and lost, with the dates of their past."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from accounts import imports as accounts_imports
from exchange import targets
from exchange.queries import sellers
from exchange.targets import Group, Survey, Target
from funnel.imports import keepers
from funnel.imports.fields import FIELDS, WORDS
from funnel.imports.products import ask_amounts, ask_products
from funnel.imports.rows import apply, judge, key
from funnel.imports.stages import ask_stages
from tenants.models import Membership

__all__ = ["FIELDS", "WORDS", "apply", "keepers", "key"]


def ask(survey: Survey, by: Membership) -> list[Group]:
    """Return what a file of opportunities leaves open."""
    return [
        *ask_stages(survey),
        *accounts_imports.ask_customers(survey, blank=True),
        *ask_products(survey),
        *ask_amounts(survey),
        targets.ask_owners(survey, sellers(by), by),
    ]


PROBLEMS: Mapping[str, targets.Text] = {
    **accounts_imports.ACCOUNT_PROBLEMS,
    "not_yours": _("belongs to somebody outside your team"),
    "not_yours_many": _("Belongs to somebody outside your team"),
    "product_unknown": _("“%(value)s” is not in the product list; closest: %(closest)s"),
    "product_unknown_many": _("Product not in the list"),
    "stage_unknown": _("“%(value)s” is no stage here"),
    "stage_unknown_many": _("Unknown stage"),
    "close_date_missing": _("is won or lost but has no closing date"),
    "close_date_missing_many": _("Won or lost without a closing date"),
    "in_future": _("%(value)s lies in the future"),
    "in_future_many": _("Date in the future"),
    "closed_before_opening": _("lies before the opening on %(opened)s"),
    "closed_before_opening_many": _("Closed before it was opened"),
    "close_before_opening": _("lies before the opening on %(opened)s"),
    "close_before_opening_many": _("Expected to close before it was opened"),
    "amount_too_large": _("is too large an amount"),
    "not_in_order": _("has dates that contradict each other"),
    "name_unreadable": _("has a name with control characters"),
}

REMARKS: Mapping[str, targets.Text] = {
    "no_customer": _("No customer named; put under “(No customer)”"),
    "undated": _("No opening date; opened on the day of the import, or of its close"),
    "list_price_used": _("No amount; the product's list price was taken"),
    "lost_at_list_price": _("Lost without an amount; its worth while open was kept"),
    "won_without_amount": _("Won without an amount"),
    "product_respelled": _("Product spelt otherwise; taken as you chose"),
    "product_left_out": _("Product unknown here; left empty, as you chose"),
    "owner_by_default": _("Owner unknown here; the row went to whom you chose"),
}

targets.register(
    Target(
        code="opportunities",
        label=_("Opportunities"),
        hint=_("Open, won and lost, each with its dates: the forecast learns from them."),
        icon="kanban",
        position=40,
        fields=FIELDS,
        words=WORDS,
        key=key,
        apply=apply,
        ask=ask,
        problems=PROBLEMS,
        remarks=REMARKS,
        ended=judge,
    )
)
