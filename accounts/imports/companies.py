"""What files can bring in: customers and other companies."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from accounts import actions, labels, names, queries
from accounts.imports.outcomes import ACCOUNT_PROBLEMS, ask_unit, in_order, note, outcome, present
from accounts.records import AccountRow
from accounts.segments import Kind
from exchange import targets
from exchange.mapping import Field, words
from exchange.matching import Names, plain_key
from exchange.queries import reach_of, sellers
from exchange.records import Record
from exchange.staging import Outcome
from exchange.targets import Group, Occasion, Option, Question, Survey, Target, question_code
from exchange.texts import choice_table, parse_choice
from tenants.models import Membership

ACCOUNT_FIELDS = (
    Field(
        "name",
        required=True,
        max_length=200,
        synonyms=words(
            "account, account name, customer, customer name, company, company name, client, organisation, "
            "organization, 客戶, 客戶名稱, 客戶全名, 公司, 公司名稱, 公司全名, 客户, 客户名称, 公司名称, "
            "客户全称, 企業名稱, 企业名称, 單位名稱, 单位名称"
        ),
    ),
    Field(
        "external_id",
        max_length=80,
        synonyms=words(
            "account id, customer id, customer no, account number, id, code, customer code, 客戶編號, "
            "客戶代號, 客戶代碼, 編號, 客户编号, 客户代码, 编号"
        ),
    ),
    Field(
        "owner",
        "owner",
        synonyms=words(
            "account owner, sales_agent, sales rep, salesperson, account manager, rep, 負責人, 負責業務, 業務, "
            "業務員, 業務代表, 客戶經理, 负责人, 销售, 销售员, 业务员, 客户经理, 所有者"
        ),
    ),
    Field(
        "kind",
        "choice",
        max_length=80,
        synonyms=words("type, account type, customer type, 客戶類型, 類型, 客户类型, 类型"),
    ),
    Field(
        "parent",
        "reference",
        synonyms=words("subsidiary_of, parent account, parent company, group, 母公司, 上級公司, 集團, 上级公司, 集团"),
    ),
    Field(
        "industry",
        max_length=80,
        synonyms=words("sector, branch, vertical, industry type, 產業, 產業別, 行業, 行業別, 行业, 所属行业, 产业"),
    ),
    Field(
        "region",
        max_length=80,
        synonyms=words(
            "office_location, location, country, area, city, state, territory, 區域, 地區, 縣市, 城市, 國家, "
            "区域, 地区, 省份, 国家"
        ),
    ),
    Field("address", max_length=200, synonyms=words("street, street address, billing address, 地址, 公司地址")),
    Field(
        "phone",
        "phone",
        max_length=40,
        synonyms=words("telephone, tel, phone number, 電話, 公司電話, 電話號碼, 电话, 公司电话, 联系电话"),
    ),
    Field("website", max_length=200, synonyms=words("web, url, homepage, web site, 網站, 網址, 网站, 网址, 官网")),
    Field(
        "tax_id",
        max_length=30,
        synonyms=words("vat, vat number, tax number, 統一編號, 統編, 稅號, 税号, 统一社会信用代码, 信用代码"),
    ),
    Field(
        "employees",
        "integer",
        most=100_000_000,
        synonyms=words("headcount, number of employees, staff, 員工數, 員工人數, 人數, 员工数, 员工人数, 人数, 规模"),
    ),
    Field(
        "turnover",
        "amount",
        synonyms=words(
            "revenue, annual revenue, sales revenue, 營業額, 年營業額, 營收, 營業收入, 年营业额, 营业额, 营收"
        ),
    ),
    Field(
        "founded_year",
        "integer",
        most=2200,
        synonyms=words(
            "year_established, founded, established, year founded, 成立年份, 設立年份, 創立年, 成立年度, 成立时间"
        ),
    ),
    Field("source", max_length=80, synonyms=words("lead source, customer source, 來源, 客戶來源, 来源, 客户来源")),
    Field(
        "notes",
        "notes",
        max_length=10_000,
        synonyms=words("note, comment, comments, description, 備註, 說明, 备注, 说明"),
    ),
)

_PLAIN_FIELDS = (
    "industry",
    "region",
    "address",
    "phone",
    "website",
    "tax_id",
    "employees",
    "founded_year",
    "source",
    "notes",
)

_KINDS = choice_table(
    {
        Kind.CUSTOMER: words("client, end user, prospect, 客戶, 客户, 終端客戶, 终端客户, 潛在客戶, 潜在客户"),
        Kind.CHANNEL_PARTNER: words(
            "partner, reseller, distributor, dealer, 經銷商, 代理商, 通路夥伴, 经销商, 渠道伙伴"
        ),
        Kind.SUPPLIER: words("vendor, 供應商, 供应商"),
        Kind.COMPETITOR: words("rival, 競爭對手, 競爭者, 竞争对手"),
        Kind.OTHER: words("others, 其他, 其它"),
    }
)

# Branches that files misspell; an own spelling is kept unless the user takes the suggestion.
_INDUSTRIES = (
    "technology",
    "medical",
    "retail",
    "software",
    "entertainment",
    "marketing",
    "telecommunications",
    "finance",
    "employment",
    "services",
    "manufacturing",
    "construction",
    "education",
    "healthcare",
    "insurance",
    "logistics",
    "transportation",
    "energy",
    "agriculture",
    "automotive",
    "semiconductors",
    "electronics",
    "pharmaceuticals",
    "chemicals",
    "consulting",
    "government",
    "hospitality",
    "real estate",
    "media",
    "banking",
    "machinery",
    "textiles",
)


def _ask_accounts(survey: Survey, by: Membership) -> list[Group]:
    groups = [targets.ask_owners(survey, sellers(by), by)]
    kinds = [
        Question(
            question_code("kind", text), text, [Option(code, label) for code, label in labels.KINDS], _kind_of(text), n
        )
        for text, n in survey.values("kind").items()
    ][: targets.MOST_QUESTIONS]
    if kinds:
        groups.append(Group("kind", _("Kinds of company"), kinds))
    if units := ask_unit("turnover", _("Turnover"), survey):
        groups.append(Group("unit", _("Amounts"), units))
    known = Names([(name, at) for at, name in enumerate(_INDUSTRIES)])
    spelt = targets.ask_names("industry", survey.values("industry"), known, unknown=[_AS_IT_IS], default=_KEEP)
    spelt = [question for question in spelt if len(question.options) > 1]
    if spelt:
        groups.append(Group("industry", _("Spelling"), spelt, _("These look like slips of the pen.")))
    return groups


_KEEP = "keep"
_AS_IT_IS = Option(_KEEP, _("Keep as it is"))


def _kind_of(text: str) -> str:
    return _KINDS.get(plain_key(text), str(Kind.CUSTOMER))


def _industry(record: Record, occasion: Occasion) -> str:
    text = record.text("industry")
    chosen = targets.answered_id(occasion.answer(question_code("industry", text))) if text else None
    if chosen is not None and chosen < len(_INDUSTRIES):
        record.remarks.append("industry_respelled")
        return _INDUSTRIES[chosen]
    return text


def _account_row(record: Record, owners: targets.Owners, occasion: Occasion) -> AccountRow:
    fields = present(record, _PLAIN_FIELDS)
    if industry := _industry(record, occasion):
        fields["industry"] = industry
    if text := record.text("kind"):
        answer = occasion.answer(question_code("kind", text))
        fields["kind"] = answer if answer in set(Kind) else parse_choice(text, _KINDS)
    if turnover := record.values.get("turnover"):
        fields["turnover"] = turnover * int(occasion.answer(question_code("unit", "turnover"), "1") or 1)
        if fields["turnover"] > 10**17:
            record.reject("number_too_large", "turnover")
    owner, named = owners.find(record.text("owner"))
    if record.text("owner") and not named:
        record.remarks.append("owner_by_default")
    return AccountRow(
        name=record.text("name"),
        owner_id=owner if named else None,
        external_id=record.text("external_id"),
        parent=record.text("parent"),
        fields=fields,
    )


def _apply_accounts(records: Sequence[Record], occasion: Occasion) -> list[Outcome]:
    owners = targets.Owners(sellers(occasion.by), occasion)
    reach = reach_of(occasion.by)
    rows = [_account_row(record, owners, occasion) for record in records]
    theirs = queries.owners_of_same((names.key(row.name)[:200] for row in rows), (row.external_id for row in rows))
    sound: list[tuple[Record, AccountRow]] = []
    for record, row in zip(records, rows, strict=True):
        owner = theirs.get(f"#{row.external_id}") if row.external_id else None
        owner = owner or theirs.get(names.key(row.name)[:200])
        if owner is None and row.owner_id is None:
            row = _given_to(row, owners.default)
        if owner is not None and reach is not None and owner not in reach:
            record.reject("not_yours", "name")
        elif owner is None and row.owner_id is None:
            record.reject("no_owner", "owner")
        if not record.problems:
            sound.append((record, row))
    answers = actions.import_accounts([row for _record, row in sound], by=occasion.by, at=occasion.at)
    note(occasion, "account", answers)
    taken = {record.number: outcome(record, answer) for (record, _row), answer in zip(sound, answers, strict=True)}
    return in_order(records, taken)


def _given_to(row: AccountRow, owner_id: int | None) -> AccountRow:
    return AccountRow(row.name, owner_id, row.external_id, row.parent, row.fields, row.created_at)


targets.register(
    Target(
        code="accounts",
        label=_("Customers"),
        hint=_("Companies with their industry, region, turnover and who looks after them."),
        icon="building-2",
        position=20,
        fields=ACCOUNT_FIELDS,
        words={
            "name": _("Name"),
            "external_id": _("Number in the other system"),
            "owner": _("Owner"),
            "kind": _("Kind"),
            "parent": _("Parent company"),
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
        },
        key=lambda record: record.text("external_id") or names.key(record.text("name")),
        apply=_apply_accounts,
        ask=_ask_accounts,
        problems=ACCOUNT_PROBLEMS,
        remarks={
            "industry_respelled": _("Industry spelt anew, as you chose"),
            "owner_by_default": _("Owner unknown here; the row went to whom you chose"),
        },
    )
)
