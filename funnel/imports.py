"""What files can bring into the funnel: opportunities, open, won and lost, with the dates of their past."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from hashlib import blake2b
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import actions as accounts_actions
from accounts import imports as accounts_imports
from accounts import queries as accounts_queries
from accounts.models import Product
from accounts.records import ProductRow
from exchange import targets
from exchange.mapping import Field, words
from exchange.matching import Names, plain_key, written_key
from exchange.queries import reach_of, sellers
from exchange.records import Record
from exchange.staging import Outcome
from exchange.states import Verdict
from exchange.targets import Group, Occasion, Option, Question, Survey, Target, question_code
from exchange.values import choice_table
from funnel import actions, labels, queries
from funnel.history import ImportedOpportunity, check
from funnel.stages import Reason, Stage, Status
from tenants.errors import Refused
from tenants.models import Membership

MORNING, EVENING = time(9), time(18)
"""A day known without its hour: what begins on it begins in the morning, what ends ends in the evening."""

FIELDS = (
    Field(
        "external_id",
        max_length=80,
        synonyms=words(
            "opportunity_id, opportunity no, deal id, deal number, record id, id, 商機編號, 商機代號, "
            "專案編號, 編號, 案號, 商机编号, 项目编号, 编号, 单号"
        ),
    ),
    Field(
        "name",
        max_length=200,
        synonyms=words(
            "opportunity, opportunity name, deal, deal name, subject, title, project, project name, 商機, "
            "商機名稱, 案名, 專案, 專案名稱, 主旨, 商机, 商机名称, 项目, 项目名称, 主题, 销售机会"
        ),
    ),
    Field("account", "reference", synonyms=accounts_imports.ACCOUNT_FIELDS[0].synonyms),
    Field(
        "owner",
        "owner",
        synonyms=words(
            "sales_agent, opportunity owner, deal owner, sales rep, salesperson, rep, account manager, agent, "
            "負責人, 負責業務, 業務, 業務員, 業務代表, 商機負責人, 负责人, 销售, 销售员, 业务员, 所有者, "
            "商机负责人"
        ),
    ),
    Field(
        "product",
        "reference",
        max_length=120,
        synonyms=words("product name, item, solution, 產品, 產品名稱, 品項, 商品, 方案, 产品, 产品名称, 品项, 产品线"),
    ),
    Field(
        "stage",
        "choice",
        max_length=80,
        synonyms=words(
            "deal_stage, sales stage, pipeline stage, status, deal status, phase, 階段, 銷售階段, 商機階段, "
            "狀態, 阶段, 销售阶段, 商机阶段, 状态, 进度, 進度"
        ),
    ),
    Field(
        "amount",
        "amount",
        synonyms=words(
            "close_value, value, deal value, deal size, opportunity amount, revenue, expected revenue, total, "
            "金額, 預估金額, 商機金額, 成交金額, 預計金額, 報價金額, 金额, 预计金额, 商机金额, 成交金额, "
            "合同金额, 销售金额, 总金额"
        ),
    ),
    Field(
        "opened_on",
        "date",
        synonyms=words(
            "engage_date, engaged on, created, created on, created date, create date, creation date, "
            "open date, start date, opened, 開始日期, 建立日期, 建立時間, 開案日, 立案日期, 開始日, 创建时间, "
            "创建日期, 开始日期, 立项日期, 录入时间"
        ),
    ),
    Field(
        "expected_close_on",
        "date",
        synonyms=words(
            "expected_close, expected close date, estimated close date, forecast close, target close date, "
            "預計成交, 預計成交日, 預計成交日期, 預計結案日, 預定成交日, 预计成交, 预计成交日, 预计成交日期, "
            "预计结单日期, 预计签约日期, 预计签单日期"
        ),
    ),
    Field(
        "closed_on",
        "date",
        synonyms=words(
            "close_date, closed on, closed date, closing date, won date, end date, 成交日, 成交日期, 結案日, "
            "結案日期, 結束日期, 成交时间, 结案日期, 结束日期, 赢单日期, 签约日期, 結束日"
        ),
    ),
    Field(
        "reason",
        "choice",
        max_length=200,
        synonyms=words(
            "loss reason, lost reason, close reason, reason lost, 失敗原因, 丟單原因, 流失原因, 輸單原因, "
            "丢单原因, 输单原因, 失败原因"
        ),
    ),
    Field(
        "rival",
        max_length=120,
        synonyms=words("competitor, main competitor, lost to, 競爭對手, 對手, 竞争对手, 对手"),
    ),
    Field("source", max_length=80, synonyms=words("lead source, campaign, channel, 來源, 商機來源, 来源, 商机来源")),
    Field(
        "note",
        max_length=500,
        synonyms=words("notes, comment, comments, description, next step, 備註, 說明, 备注, 说明, 描述"),
    ),
)

WORDS: Mapping[str, targets.Text] = {
    "external_id": _("Number in the other system"),
    "name": _("Opportunity"),
    "account": _("Customer"),
    "owner": _("Owner"),
    "product": _("Product"),
    "stage": _("Stage"),
    "amount": _("Amount"),
    "opened_on": _("Opened on"),
    "expected_close_on": _("Expected close"),
    "closed_on": _("Closed on (for open ones: expected)"),
    "reason": _("Why lost"),
    "rival": _("Rival"),
    "source": _("Source"),
    "note": _("Note"),
}

# Stages ------------------------------------------------------------------------------------------

ENDS = (Status.WON, Status.LOST, Status.ABANDONED)
OPEN_STAGES = tuple(stage for stage in Stage if stage != Stage.DEPLOY)

_STAGES = choice_table(
    {
        str(int(Stage.DISCOVER)): words(
            "Discover, Discovery, Prospecting, Prospect, Lead, New, Appointment scheduled, Open, 發現, 发现, "
            "線索, 线索, 潛在商機, 潜在商机, 初步接洽, 初步接触, 新建, 开放, 未開始"
        ),
        str(int(Stage.QUALIFY)): words(
            "Qualify, Qualification, Qualified, Qualified to buy, Contacted, 機會確認, 机会确认, 需求確認, "
            "确认需求, 商機確認, 商机确认, 验证客户, 資格確認, 立项"
        ),
        str(int(Stage.DEVELOP)): words(
            "Develop, Needs analysis, Id. decision makers, Perception analysis, Meeting, In progress, "
            "關係拓展, 关系拓展, 需求分析, 需求访谈, 需求訪談, 进行中, 進行中, 拜訪, 拜访"
        ),
        str(int(Stage.SOLUTION_FIT)): words(
            "Solution fit, Engaging, Engaged, Value proposition, Solution, Presentation scheduled, Demo, "
            "方案確認, 方案确认, 方案, 提案, 方案设计, 方案規劃"
        ),
        str(int(Stage.PROOF)): words(
            "Proof of value, Proof, POC, Proposal, Proposal/price quote, Quote, Quotation, "
            "Decision maker bought-in, 價值證明, 价值证明, 報價, 报价, 測試, 测试, 试用, 試用, 招投标"
        ),
        str(int(Stage.CLOSE)): words(
            "Close, Closing, Negotiation, Negotiation/review, Contract, Contract sent, Verbal, 簽約, 签约, "
            "議價, 议价, 谈判, 談判, 商务谈判, 合约审批, 合約"
        ),
        str(Status.WON): words(
            "Won, Closed won, Deploy, Win, Closed - won, Order, Signed, 成交, 已成交, 贏單, 赢单, 得標, 中标, "
            "已簽約, 已签约, 實施, 实施, 結案成功, 成功"
        ),
        str(Status.LOST): words(
            "Lost, Closed lost, Closed - lost, Dead, 失敗, 失败, 流失, 輸單, 输单, 丟單, 丢单, 未成交, 落標, "
            "落标, 結案失敗"
        ),
        str(Status.ABANDONED): words(
            "Abandoned, Cancelled, Canceled, Dropped, Suspended, 放棄, 放弃, 取消, 擱置, 搁置, 無效, 无效, 暫停"
        ),
    }
)

_REASONS = choice_table(
    {
        str(Reason.PRICE): words("too expensive, 價格, 价格, 價格太高, 价格太高, 价格过高"),
        str(Reason.PRODUCT): words("product fit, features, missing feature, 產品不符, 产品不符, 功能不足, 功能不符"),
        str(Reason.RIVAL): words("competitor, lost to competitor, 競爭對手, 竞争对手, 輸給對手, 输给对手"),
        str(Reason.RELATIONSHIP): words("關係不足, 关系不足, 關係, 关系"),
        str(Reason.NO_BUDGET): words(
            "no budget, budget, lost funding, 沒有預算, 无预算, 預算, 预算, 預算不足, 预算不足"
        ),
        str(Reason.NO_DECISION): words("no decision, non-responsive, 沒有決定, 无决策, 未決定"),
        str(Reason.TIMING): words("timing, postponed, 時機, 时机, 延期, 暫緩"),
        str(Reason.NOT_QUALIFIED): words("not qualified, unqualified, 不合格, 非真實商機"),
    }
)


def _stage_of(text: str) -> str:
    found = _STAGES.get(plain_key(text))
    if found:
        return found
    own = {written_key(row.label): row.stage for row in queries.stage_table()}
    stage = own.get(written_key(text))
    if stage is None:
        return ""
    return str(Status.WON) if stage == Stage.DEPLOY else str(int(stage))


def _ask_stages(survey: Survey) -> list[Group]:
    values = survey.values("stage")
    if not values:
        return []
    rows = {row.stage: row.label for row in queries.stage_table()}
    options = [Option(str(int(stage)), rows[stage]) for stage in OPEN_STAGES]
    options += [Option(str(end), labels.STATUSES[end]) for end in ENDS]
    asked = targets.ask_each("stage", values.items(), [*options, targets.REJECT_ROWS], _stage_of)
    return [Group("stage", _("Stages"), asked, _("What each stage of the file is here."))]


# Products and amounts ----------------------------------------------------------------------------

LIST_PRICE, AS_CLOSED = "list_price", "as_closed"
BEFORE_CLOSE = "amount-before"


def _ask_products(survey: Survey) -> list[Group]:
    values = survey.values("product")
    if not values:
        return []
    known = Names([(product.name, product.pk) for product in accounts_queries.products()])
    unknown = [Option(targets.CREATE, _("Add it to the product list")), targets.LEAVE_EMPTY, targets.REJECT_ROWS]
    asked = targets.ask_names("product", values, known, unknown=unknown, default=targets.CREATE)
    hint = _("These are not in the product list; where something much alike is, it is proposed.")
    return [Group("product", _("Products"), asked, hint)] if asked else []


def _ask_amounts(survey: Survey) -> list[Group]:
    if "product" not in survey.columns or "amount" not in survey.columns:
        return []
    if not any(product.list_price for product in accounts_queries.products()):
        return []
    options = [
        Option(LIST_PRICE, _("The product's list price")),
        Option(AS_CLOSED, _("The amount they were closed with")),
    ]
    question = Question(BEFORE_CLOSE, _("What won and lost rows were worth while open"), options, LIST_PRICE)
    hint = _("Open rows without an amount get the list price of their product as well.")
    return [Group("amount", _("Amounts"), [question], hint)]


def ask(survey: Survey, by: Membership) -> list[Group]:
    """Return what a file of opportunities leaves open."""
    return [
        *_ask_stages(survey),
        *accounts_imports.ask_customers(survey, blank=True),
        *_ask_products(survey),
        *_ask_amounts(survey),
        targets.ask_owners(survey, sellers(by), by),
    ]


class Products:
    """Finds the product that a row means, as the questions were answered; adds what is wanted and missing."""

    def __init__(self, occasion: Occasion) -> None:
        self._occasion = occasion
        self._take(accounts_queries.products())
        self._wanted: dict[str, str] = {}

    def _take(self, products: Sequence[Product]) -> None:
        self._by_id = {product.pk: product for product in products}
        self._names = Names([(product.name, product.pk) for product in products])

    def want(self, record: Record) -> None:
        """Make sure that the product of a record will be there, or reject the record."""
        text = record.text("product")
        if not text or self._chosen(text) is not None:
            return
        answer = self._occasion.answer(question_code("product", text), targets.SKIP)
        if answer == targets.CREATE:
            self._wanted.setdefault(plain_key(text), text)
        elif answer == targets.REJECT:
            closest = self._names.find(text).name or "—"
            record.reject("product_unknown", "product", value=text[:80], closest=closest)
        else:
            record.remarks.append("product_left_out")

    def _chosen(self, text: str) -> Product | None:
        found = self._names.find(text)
        if found.kind == "exact" and found.key is not None:
            return self._by_id[found.key]
        answer = targets.answered_id(self._occasion.answer(question_code("product", text)))
        return self._by_id.get(answer) if answer is not None else None

    def make(self) -> None:
        """Add the products that are wanted and missing."""
        if self._wanted:
            rows = [ProductRow(text) for text in self._wanted.values()]
            accounts_actions.import_products(rows, by=self._occasion.by, at=self._occasion.at)
            self._take(accounts_queries.products())

    def find(self, record: Record) -> Product | None:
        """Return a record's product, once `make` was called."""
        text = record.text("product")
        if not text:
            return None
        product = self._chosen(text)
        if product is not None and written_key(product.name) != written_key(text):
            record.remarks.append("product_respelled")
        return product


# Rows --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dates:
    """When a row was opened and closed, and when it is expected to close."""

    opened_at: datetime
    closed_at: datetime | None
    expected: date | None


def key(record: Record) -> str:
    """Return what makes a row the same opportunity: its number, else who, what and when."""
    if external_id := record.text("external_id"):
        return external_id
    parts = [written_key(record.text(code)) for code in ("account", "name", "product", "owner")]
    opened = record.values.get("opened_on")
    text = "|".join([*parts, opened.isoformat() if opened else ""])
    return f"row-{blake2b(text.encode(), digest_size=10).hexdigest()}"


def _stage(record: Record, occasion: Occasion) -> tuple[Stage, Status]:
    text = record.text("stage")
    answer = occasion.answer(question_code("stage", text)) if text else ""
    code = answer or (_STAGES.get(plain_key(text), "") if text else str(int(Stage.DISCOVER)))
    if code in {str(end) for end in ENDS}:
        return Stage.SOLUTION_FIT, Status(code)
    if code.isdigit() and int(code) in {int(stage) for stage in OPEN_STAGES}:
        return Stage(int(code)), Status.OPEN
    record.reject("stage_unknown", "stage", value=text[:80])
    return Stage.DISCOVER, Status.OPEN


def _moment(day: date, hour: time, occasion: Occasion) -> datetime:
    """A day as a moment in the organization's time zone; today's is no later than now."""
    moment = datetime.combine(day, hour, occasion.by.organization.zone)
    today = occasion.at.astimezone(occasion.by.organization.zone).date()
    return min(moment, occasion.at) if day == today else moment


def _dates(record: Record, status: Status, occasion: Occasion) -> Dates | None:
    """Return the dates of a row; without any a row was opened when we learnt of it, and says so."""
    opened: date | None = record.values.get("opened_on")
    closed: date | None = record.values.get("closed_on")
    expected: date | None = record.values.get("expected_close_on")
    today = occasion.at.astimezone(occasion.by.organization.zone).date()
    if status == Status.OPEN:
        expected, closed = expected or closed, None
    elif closed is None:
        record.reject("close_date_missing", "closed_on")
        return None
    if opened is None:
        record.remarks.append("undated")
    for code, day in (("opened_on", opened), ("closed_on", closed)):
        if day is not None and day > today:
            record.reject("in_future", code, value=day.isoformat())
            return None
    if opened and closed and closed < opened:
        record.reject("closed_before_opening", "closed_on", opened=opened.isoformat())
        return None
    closed_at = _moment(closed, EVENING, occasion) if closed else None
    opened_at = _moment(opened, MORNING, occasion) if opened else closed_at or occasion.at
    return Dates(min(opened_at, closed_at or opened_at), closed_at, expected)


def _amounts(
    record: Record, product: Product | None, status: Status, dates: Dates, occasion: Occasion
) -> list[tuple[int | None, datetime]]:
    """What a row was worth from when on."""
    stated: int | None = record.values.get("amount")
    price = product.list_price if product else None
    if status == Status.OPEN:
        if stated is None and price is not None:
            record.remarks.append("list_price_used")
            return [(price, dates.opened_at)]
        return [(stated, dates.opened_at)] if stated is not None else []
    before = price if occasion.answer(BEFORE_CLOSE, LIST_PRICE) == LIST_PRICE and price is not None else stated
    if status != Status.WON and not stated:
        if before:
            record.remarks.append("lost_at_list_price")
        return [(before, dates.opened_at)]
    if stated is None:
        record.remarks.append("won_without_amount")
        return [(before, dates.opened_at)] if before is not None else []
    if before == stated or dates.closed_at is None:
        return [(stated, dates.opened_at)]
    return [(before, dates.opened_at), (stated, dates.closed_at)]


@dataclass(frozen=True)
class _Desk:
    """Everything that stands ready while a batch of rows is read."""

    occasion: Occasion
    owners: targets.Owners
    customers: accounts_imports.Customers
    products: Products
    known: Mapping[str, queries.Known]


def _owner(record: Record, desk: _Desk) -> int | None:
    known = desk.known.get(key(record))
    found, named = desk.owners.find(record.text("owner"))
    if record.text("owner") and not named:
        record.remarks.append("owner_by_default")
    if not named and known is not None:
        return known.owner_id
    if found is None:
        record.reject("no_owner", "owner")
    return found


def _row(record: Record, owner_id: int, desk: _Desk) -> ImportedOpportunity | None:
    stage, status = _stage(record, desk.occasion)
    dates = _dates(record, status, desk.occasion)
    if dates is None or record.problems:
        return None
    product = desk.products.find(record)
    name = record.text("name") or (product.name if product else record.text("product")) or record.text("account")
    reason = record.text("reason")
    is_lost = status in {Status.LOST, Status.ABANDONED}
    external_id = key(record)
    undated = record.values.get("opened_on") is None and external_id in desk.known
    row = ImportedOpportunity(
        external_id=external_id,
        account_id=desk.customers.find(record),
        owner_id=owner_id,
        name=name or external_id,
        opened_at=dates.opened_at,
        product_id=product.pk if product else None,
        stages=() if undated else [(stage, dates.opened_at)],
        amounts=_amounts(record, product, status, dates, desk.occasion),
        closes=[(dates.expected, dates.opened_at)] if dates.expected else (),
        outcome=status,
        closed_at=dates.closed_at,
        reason=_REASONS.get(plain_key(reason), str(Reason.OTHER)) if is_lost else "",
        rival=record.text("rival"),
        note=record.text("note") or (reason if is_lost else ""),
        source=record.text("source"),
    )
    try:
        check(row, at=desk.occasion.at)
    except Refused as refused:
        record.reject(refused.code, **{name: str(value) for name, value in refused.data.items()})
        return None
    return row


def apply(records: Sequence[Record], occasion: Occasion) -> list[Outcome]:
    """Write these opportunities; see `exchange.targets.Target`."""
    members = sellers(occasion.by)
    desk = _Desk(
        occasion,
        targets.Owners(members, occasion),
        accounts_imports.Customers(occasion),
        Products(occasion),
        queries.known_opportunities([key(record) for record in records]),
    )
    owned = _prepare(records, desk)
    desk.customers.make()
    desk.products.make()
    rows: dict[int, ImportedOpportunity] = {}
    for record in records:
        if not record.problems and (row := _row(record, owned[record.number], desk)):
            rows[record.number] = row
    written = [row for row in rows.values() if not occasion.dry or row.external_id in desk.known]
    actions.import_opportunities(written, by=occasion.by, at=occasion.at, index=not occasion.dry)
    now = queries.known_opportunities([row.external_id for row in rows.values()])
    return [_outcome(record, rows.get(record.number), desk.known, now) for record in records]


def _prepare(records: Sequence[Record], desk: _Desk) -> dict[int, int]:
    """Reject what may not be changed, and note which customers and products will be needed; returns the owners."""
    reach = reach_of(desk.occasion.by)
    owned: dict[int, int] = {}
    for record in records:
        known = desk.known.get(key(record))
        if known is not None and reach is not None and known.owner_id not in reach:
            record.reject("not_yours", "external_id")
            continue
        owner_id = _owner(record, desk)
        if owner_id is None:
            continue
        owned[record.number] = owner_id
        desk.customers.want(record, owner_id, blank=True, needed=known is not None or not desk.occasion.dry)
        if not record.problems:
            desk.products.want(record)
    return owned


def _outcome(
    record: Record, row: ImportedOpportunity | None, before: Mapping[str, Any], now: Mapping[str, Any]
) -> Outcome:
    if row is None:
        return accounts_imports.rejected(record)
    known = before.get(row.external_id)
    if known is None:
        verdict = Verdict.CREATED
    else:
        verdict = Verdict.UPDATED if now[row.external_id].version != known.version else Verdict.UNCHANGED
    return Outcome(record.number, verdict, (), tuple(dict.fromkeys(record.remarks)))


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
    )
)
