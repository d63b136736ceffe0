"""What files can bring in: targets. And what goes along when an import of opportunities is taken back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from django.utils.translation import gettext_lazy as _

from accounts import imports as accounts_imports
from exchange import keepers, targets
from exchange.keepers import Keeper
from exchange.mapping import Field, words
from exchange.matching import plain_key, written_key
from exchange.records import Record
from exchange.staging import Outcome
from exchange.states import Verdict
from exchange.targets import Group, Occasion, Option, Survey, question_code
from exchange.targets import Target as ImportTarget
from exchange.texts import choice_table
from forecasting import actions
from forecasting.actions import ImportedTarget, SetTarget
from forecasting.models import Alert, OpportunitySnapshot, Target
from forecasting.period_words import FIRST_YEAR, LAST_YEAR, Unreadable, read_period
from forecasting.periods import Kind, Period, period_of
from tenants.currencies import convert
from tenants.formats import LARGEST
from tenants.labels import CURRENCIES
from tenants.models import ExchangeRate, Membership
from tenants.permissions import Permission

keepers.goes_along("opportunity", OpportunitySnapshot)
keepers.goes_along("opportunity", Alert)
keepers.register(Keeper("target", Target, _("Targets"), position=30, owner="owner_id"))

_CURRENCIES = choice_table(
    {code: [str(code)] for code, _label in CURRENCIES}
    | {
        "TWD": words("NT$, NTD, NT, 新台幣, 新臺幣, 台幣, 新台币, 元"),
        "CNY": words("RMB, CN¥, 人民幣, 人民币"),
        "USD": words("US$, 美元, 美金"),
        "HKD": words("HK$, 港幣, 港币"),
        "JPY": words("JP¥, 日圓, 日元"),
        "EUR": words("euro, 歐元, 欧元"),
    }
)


def _people(by: Membership) -> list[Membership]:
    """Return whose targets a member may set: those who sell and whom they see."""
    members = Membership.objects.in_current_organization().active().selling().order_by("user__name")
    seen = by.visible_owner_ids
    return [member for member in members if seen is None or member.pk in seen]


def _ask(survey: Survey, by: Membership) -> list[Group]:
    people = _people(by)
    known = targets.member_names(people)
    members = [Option(f"id:{member.pk}", member.name) for member in people]
    unknown = [targets.REJECT_ROWS, *members]
    groups = []
    if asked := targets.ask_names("owner", survey.values("owner"), known, unknown=unknown, default=targets.REJECT):
        hint = _("These names belong to nobody whose targets you set.")
        groups.append(Group("owner", _("People"), asked, hint))
    if units := accounts_imports.ask_unit("amount", _("Targets are written"), survey):
        groups.append(Group("unit", _("Amounts"), [replace(units[0], default="1")]))
    return groups


def _owner(record: Record, people: targets.Owners) -> int | None:
    found, named = people.find(record.text("owner"))
    if found is None or not named:
        record.reject("person_unknown", "owner", value=record.text("owner")[:80])
        return None
    return found


def _period(record: Record, fiscal_start: int) -> Period | None:
    text, year = record.text("period"), record.values.get("year")
    if year is not None and not FIRST_YEAR <= year <= LAST_YEAR:
        record.reject("period_out_of_range", "year", value=str(year))
        return None
    try:
        return read_period(text, fiscal_start, year)
    except Unreadable as bad:
        record.reject(bad.kind, "period", value=text[:50])
        return None


def _amount(record: Record, occasion: Occasion, rates: Mapping[str, ExchangeRate]) -> int | None:
    """Return the target in minor units of the reporting currency."""
    amount: int = record.values["amount"]
    amount *= int(occasion.answer(question_code("unit", "amount"), "1") or 1)
    own = occasion.by.organization.currency
    text = record.text("currency")
    code = _CURRENCIES.get(plain_key(text), "") if text else own
    if text and not code:
        record.reject("currency_unknown", "currency", value=text[:20])
        return None
    if code != own:
        if code not in rates:
            record.reject("rate_missing", "currency", currency=code)
            return None
        amount = convert(amount, rates[code].rate)
        record.remarks.append("converted")
    if amount >= LARGEST:
        record.reject("number_too_large", "amount")
        return None
    return amount


def _rates(today: date) -> dict[str, ExchangeRate]:
    """Return the latest rate of each currency up to a day."""
    return {rate.currency: rate for rate in ExchangeRate.objects.filter(on__lte=today).order_by("on")}


def _apply(records: Sequence[Record], occasion: Occasion) -> list[Outcome]:
    organization = occasion.by.organization
    people = targets.Owners(_people(occasion.by), occasion)
    rates = _rates(occasion.at.astimezone(organization.zone).date())
    sound: list[tuple[Record, ImportedTarget]] = []
    for record in records:
        owner_id = _owner(record, people)
        period = _period(record, organization.fiscal_year_start)
        amount = _amount(record, occasion, rates)
        if owner_id is not None and period is not None and amount is not None and not record.problems:
            sound.append((record, ImportedTarget(owner_id, period, amount)))
    answers = actions.import_targets([row for _record, row in sound], by=occasion.by, at=occasion.at)
    for answer in answers:
        if answer.is_new:
            occasion.ledger.created("target", answer.pk, answer.version)
        elif answer.before:
            occasion.ledger.changed("target", answer.pk, answer.version, answer.before)
    _remark_on_sums(sound)
    taken = {record.number: _outcome(record, answer) for (record, _row), answer in zip(sound, answers, strict=True)}
    return accounts_imports.in_order(records, taken)


def _outcome(record: Record, answer: SetTarget) -> Outcome:
    changed = Verdict.UPDATED if answer.before else Verdict.UNCHANGED
    remarks = tuple(dict.fromkeys(record.remarks))
    return Outcome(record.number, Verdict.CREATED if answer.is_new else changed, (), remarks)


def _remark_on_sums(rows: Iterable[tuple[Record, ImportedTarget]]) -> None:
    """Say where the three months of a quarter add up to something else than its own target."""
    rows = list(rows)
    quarters = {row.period: period_of(Kind.QUARTER, row.period.starts_on, row.period.fiscal_start) for _r, row in rows}
    first = min((quarter.starts_on for quarter in quarters.values()), default=date.max)
    last = max((quarter.ends_on for quarter in quarters.values()), default=date.min)
    found = Target.objects.filter(owner__in={row.owner_id for _r, row in rows}, starts_on__range=(first, last))
    stored = {(each.owner_id, each.period, each.starts_on): each.amount for each in found}
    for record, row in rows:
        quarter = quarters[row.period]
        own = stored.get((row.owner_id, str(Kind.QUARTER), quarter.starts_on))
        months = [stored.get((row.owner_id, str(Kind.MONTH), part.starts_on)) for part in quarter.parts]
        known = [month for month in months if month is not None]
        if own is not None and len(known) == len(months) and sum(known) != own:
            record.remarks.append("sum_differs")


def _key(record: Record) -> str:
    year = record.values.get("year")
    text = record.text("period")
    try:  # whatever the organization's year, two texts of one period are one
        period = read_period(text, 1, year if year is None or FIRST_YEAR <= year <= LAST_YEAR else None)
        text = f"{period.kind} {period.starts_on}"
    except Unreadable:
        text = f"{year} {text}"
    return f"{written_key(record.text('owner'))}|{text}"


targets.register(
    ImportTarget(
        code="targets",
        label=_("Targets"),
        hint=_("What each person is to sell in a month or quarter. What stood before is kept in the audit log."),
        icon="target",
        position=60,
        permission=Permission.TARGET_EDIT,
        fields=(
            Field(
                "owner",
                "owner",
                required=True,
                synonyms=words(
                    "person, name, salesperson, sales rep, rep, sales_agent, employee, member, who, 業務, "
                    "業務員, 姓名, 人員, 負責人, 销售, 业务员, 人员, 负责人"
                ),
            ),
            Field(
                "period",
                required=True,
                max_length=60,
                synonyms=words(
                    "quarter, month, time, target period, 期間, 季度, 季, 季別, 月份, 月, 期别, 期間別, 期间, 季别"
                ),
            ),
            Field(
                "year",
                "integer",
                most=9999,
                synonyms=words("fiscal year, fy, year, 年, 年度, 財年, 财年, 會計年度, 会计年度"),
            ),
            Field(
                "amount",
                "amount",
                required=True,
                synonyms=words(
                    "target, quota, goal, sales target, target amount, normal, 目標, 業績目標, 任務, 目標金額, 金額, "
                    "配額, 目标, 业绩目标, 任务, 目标金额, 金额, 配额"
                ),
            ),
            Field("currency", max_length=20, synonyms=words("currency code, ccy, 幣別, 幣種, 币种, 币别, 貨幣, 货币")),
        ),
        words={
            "owner": _("Person"),
            "period": _("Month or quarter"),
            "year": _("Year, where it stands apart"),
            "amount": _("Target"),
            "currency": _("Currency"),
        },
        key=_key,
        apply=_apply,
        ask=_ask,
        problems={
            "person_unknown": _("“%(value)s” is nobody whose targets you set"),
            "person_unknown_many": _("Nobody whose targets you set"),
            "not_a_period": _("“%(value)s” is neither a month nor a quarter"),
            "not_a_period_many": _("Neither a month nor a quarter"),
            "period_too_long": _("“%(value)s” is longer than a quarter; set its quarters or months"),
            "period_too_long_many": _("Longer than a quarter"),
            "period_out_of_range": _("“%(value)s” is not a year from 1990 to 2199"),
            "period_out_of_range_many": _("Year out of range"),
            "currency_unknown": _("“%(value)s” is no currency here"),
            "currency_unknown_many": _("Unknown currency"),
            "rate_missing": _("there is no rate for %(currency)s; add one in the settings"),
            "rate_missing_many": _("No exchange rate"),
        },
        remarks={
            "converted": _("Converted at the latest rate"),
            "sum_differs": _("The months of this quarter add up to something else than its own target"),
        },
    )
)
