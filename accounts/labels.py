"""Words for the codes of this app, and the words of the timeline, which apps to the right add to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.segments import Factor, Kind, Potential, Revenue, Segment
from tenants import formats
from tenants import labels as audit_labels
from tenants.permissions import Permission
from tenants.topics import Topic, name_topic

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Text: TypeAlias = "str | _StrPromise"

KINDS: list[tuple[str, Text]] = [
    (Kind.CUSTOMER, _("Customer")),
    (Kind.CHANNEL_PARTNER, _("Channel partner")),
    (Kind.SUPPLIER, _("Supplier")),
    (Kind.COMPETITOR, _("Competitor")),
    (Kind.OTHER, _("Other")),
]
GROUPS: dict[str, Text] = {
    "profile": pgettext_lazy("factors", "Profile"),
    "pipeline": pgettext_lazy("factors", "Pipeline"),
    "relationship": pgettext_lazy("factors", "Relationship"),
}
FACTORS: dict[Factor, Text] = {
    Factor.ORGANIZATION: _("Organizational characteristics"),
    Factor.MARKET_POSITION: _("Market growth position"),
    Factor.REQUIREMENTS: _("Solution requirements"),
    Factor.STRATEGIC_VALUE: _("Strategic market value"),
    Factor.OPPORTUNITIES: pgettext_lazy("factor", "Opportunities"),
    Factor.SOLUTION_FIT: _("Solution fit"),
    Factor.ADVANTAGE: _("Competitive advantage"),
    Factor.TRACK_RECORD: _("Track record"),
    Factor.SPONSORSHIP: _("Sponsorship"),
    Factor.CULTURE: _("Cultural compatibility"),
}
QUESTIONS: dict[Factor, Text] = {
    Factor.ORGANIZATION: _(
        "Are sales and profit growing? Is the staff growing or shrinking? Any merger, acquisition or reorganization?"
    ),
    Factor.MARKET_POSITION: _(
        "What is their main market, and how is its climate? Where do they stand in it? How will it grow, "
        "soon and later?"
    ),
    Factor.REQUIREMENTS: _(
        "How well does our solution meet their needs, and what do they think of it? Must we change a "
        "product, or bring in others?"
    ),
    Factor.STRATEGIC_VALUE: _(
        "What is it worth beyond revenue? Does it fit our plan, open other companies or markets, improve our product?"
    ),
    Factor.OPPORTUNITIES: _(
        "Which sales are possible in the next year? How likely, how large and how profitable is each?"
    ),
    Factor.SOLUTION_FIT: _("Why do they need us, and do they agree? How urgent is it, and do they feel the urgency?"),
    Factor.ADVANTAGE: _(
        "Who are the main rivals, and how close are they? Who has the advantage? How does each of us compare "
        "with their ideal?"
    ),
    Factor.TRACK_RECORD: _("What is our history with them? How are we seen, and why? How do we use it, or repair it?"),
    Factor.SPONSORSHIP: _(
        "Who wants us to win, and what have they done to show it? Will they act, can they, and what is their standing?"
    ),
    Factor.CULTURE: _(
        "What is their culture, against ours? How do they treat suppliers? Can we adapt, and do we want to?"
    ),
}
STEPS: dict[int, Text] = {
    0: pgettext_lazy("rating", "Poor"),
    25: pgettext_lazy("rating", "Weak"),
    50: pgettext_lazy("rating", "Fair"),
    75: pgettext_lazy("rating", "Fairly good"),
    100: pgettext_lazy("rating", "Good"),
}
SEGMENT_MEANINGS: dict[Segment, Text] = {
    Segment.A_PLUS: _("Earns much and can grow further: develop the business."),
    Segment.A: _("Large future potential, deserves real effort: develop the business."),
    Segment.B: _("Delivers on its potential already: seize opportunities."),
    Segment.C: _("Valued, but limited contribution and future: develop volume."),
    Segment.D: _("Little or no revenue and too little data to judge: assess it, or let it go."),
}
POTENTIALS: dict[Potential, Text] = {
    Potential.HIGH: _("High potential"),
    Potential.LOW: _("Low potential"),
    Potential.UNKNOWN: _("Potential unknown"),
}
REVENUES: dict[Revenue, Text] = {
    Revenue.HIGH: _("high revenue"),
    Revenue.LOW: _("low revenue"),
    Revenue.LITTLE: _("little or no revenue"),
}
SORTS: list[tuple[str, Text]] = [
    ("name", _("By name")),
    ("-name", _("By name, backwards")),
    ("segment", _("Best segment first")),
    ("-segment", _("Best segment last")),
    ("-revenue", _("Most revenue first")),
    ("revenue", _("Least revenue first")),
    ("last_contact", _("Longest without contact first")),
    ("-last_contact", _("Latest contact first")),
    ("owner", _("By owner")),
    ("-owner", _("By owner, backwards")),
]
REFUSALS: dict[str, Text] = {
    "name_missing": _("Write a name."),
    "owner_out_of_reach": _("You can only give customers to yourself and to people of your team."),
    "parent_is_itself": _("A company cannot belong to itself or to one of its subsidiaries."),
    "name_taken": _("There is already a product of this name."),
    "nothing_judged": _("Judge at least one factor."),
    "no_weight": _("Give at least one factor a weight."),
    "member_is_owner": _("The owner works with this customer already."),
}


refusal = audit_labels.refusals(REFUSALS)


# The timeline -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verb:
    """How one kind of timeline entry is told.

    `text` has named placeholders filled from the entry's data. `url` names the page of the row it tells of (called
    with organization and id). `money` lists data in minor units; `words` maps data to the words of its codes.
    """

    text: Text
    icon: str = "circle-dot"
    url: str = ""
    money: tuple[str, ...] = ()
    words: Mapping[str, Mapping[Any, Text]] = field(default_factory=dict)


VERBS: dict[str, Verb] = {}


def name_verb(
    verb: str,
    text: Text,
    *,
    icon: str = "circle-dot",
    url: str = "",
    money: tuple[str, ...] = (),
    words: Mapping[str, Mapping[Any, Text]] | None = None,
) -> None:
    """Teach the timeline a verb: `name_verb("visit.logged", _("Visited"), icon="map-pin", url="activities:visit")`.

    See `Verb` for what the arguments hold.
    """
    VERBS[verb] = Verb(text, icon, url, money, words or {})


class _Blank(dict[str, Any]):
    """Data of an entry; what an older entry did not record is a dash."""

    def __missing__(self, key: str) -> str:
        return formats.NOTHING


def tell(verb: str, data: Mapping[str, Any]) -> str:
    """Return the words of a timeline entry; an unknown verb is told by its own name."""
    known = VERBS.get(verb)
    if known is None:
        return verb
    shown = _Blank(data)
    for name in known.money:
        shown[name] = formats.compact(data.get(name), get_language() or "en")
    for name, words in known.words.items():
        if name in data:
            shown[name] = words.get(data[name], data[name])
    return str(known.text) % shown


name_verb("account.created", _("Customer recorded"), icon="building-2")
name_verb("account.imported", _("Customer came in by import"), icon="upload")
name_verb("account.handed", _("Owner changed from %(before)s to %(after)s"), icon="arrow-right-left")
name_verb("account.assessed", _("Assessed: %(score)s points, segment %(segment)s"), icon="circle-gauge")
name_verb("account.resegmented", _("Segment changed from %(before)s to %(after)s"), icon="arrow-right-left")
name_verb("contact.created", _("Contact added: %(name)s"), icon="user-plus")
name_verb("member.added", _("%(name)s now works with this customer"), icon="users")
name_verb("member.removed", _("%(name)s no longer works with this customer"), icon="users")

# The audit ----------------------------------------------------------------------------------------

for _verb, _words in {
    "account.created": _("added a customer"),
    "account.changed": _("changed a customer"),
    "account.assessed": _("assessed a customer"),
    "account.member_added": _("let someone work with a customer"),
    "account.member_removed": _("took someone off a customer"),
    "accounts.imported": _("imported customers"),
    "contact.created": _("added a contact"),
    "contact.changed": _("changed a contact"),
    "contacts.imported": _("imported contacts"),
    "product.created": _("added a product"),
    "product.changed": _("changed a product"),
    "products.imported": _("imported products"),
    "assessments.imported": _("imported assessments"),
    "assessment_setting.changed": _("changed the segments"),
}.items():
    audit_labels.name_verb(_verb, _words)
for _model, _words in {
    "accounts.account": _("Customer"),
    "accounts.contact": _("Contact"),
    "accounts.product": _("Product"),
    "accounts.assessmentsetting": _("Segments"),
}.items():
    audit_labels.name_kind(_model, _words)
for _field, _words in {
    "owner": _("Owner"),
    "kind": _("Kind"),
    "industry": _("Industry"),
    "region": _("Region"),
    "address": _("Address"),
    "phone": _("Phone"),
    "website": _("Website"),
    "tax_id": _("Tax ID"),
    "employees": _("Headcount"),
    "turnover": _("Turnover"),
    "founded_year": _("Founded"),
    "source": _("Source"),
    "notes": _("Notes"),
    "position": _("Position"),
    "department": _("Department"),
    "birthday": _("Birthday"),
    "series": _("Series"),
    "list_price": _("List price"),
    "account": _("Customer"),
    "member": _("Person"),
    "score": _("Score"),
    "segment": _("Segment"),
    "before": _("Before"),
    "benchmark": _("High revenue from"),
    "high_from": _("High potential from"),
    "little_percent": _("Little revenue below"),
    "weights": _("Weights"),
    "moved": _("Customers that changed segment"),
    "created": pgettext_lazy("rows", "Created"),
    "updated": pgettext_lazy("rows", "Updated"),
    "unchanged": pgettext_lazy("rows", "Unchanged"),
}.items():
    audit_labels.name_field(_field, _words)
name_topic("products", Topic(Permission.PRODUCT_EDIT, ("accounts.product",), ("product.",)))
name_topic("segments", Topic(Permission.SETTINGS_EDIT, ("accounts.assessmentsetting",), ("assessment_setting.",)))
