"""What files can bring into the customer archive: products, customers and contacts."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import actions, labels, names, queries
from accounts.records import AccountRow, ContactRow, Imported, ProductRow
from accounts.segments import Kind
from exchange import targets
from exchange.mapping import Field, words
from exchange.matching import Names, plain_key
from exchange.queries import heir_of, reach_of, sellers
from exchange.records import Record
from exchange.staging import Outcome
from exchange.states import Verdict
from exchange.targets import Group, Occasion, Option, Question, Survey, Target, question_code
from exchange.values import choice_table, parse_choice
from tenants.models import Membership

NO_CUSTOMER = "no-customer"
"""The external id of the account under which rows without a customer are put."""

NO_CUSTOMER_NAME = _("(No customer)")


def outcome(record: Record, imported: Imported) -> Outcome:
    """Return what became of a record that an action took."""
    return Outcome(record.number, Verdict(imported.outcome), (), tuple(dict.fromkeys(record.remarks)))


def rejected(record: Record) -> Outcome:
    """Return a record's rejection for its problems."""
    return Outcome(record.number, Verdict.REJECTED, tuple(record.problems))


def in_order(records: Sequence[Record], taken: Mapping[int, Outcome]) -> list[Outcome]:
    """Return the outcome of every record: as taken, else rejected."""
    return [taken.get(record.number) or rejected(record) for record in records]


def present(record: Record, codes: Sequence[str]) -> dict[str, Any]:
    """Return the fields that the file has something for."""
    return {code: value for code in codes if (value := record.values.get(code)) not in (None, "")}


# Units -------------------------------------------------------------------------------------------

UNITS = (
    Option("1", pgettext_lazy("unit of amounts", "as they stand")),
    Option("1000", pgettext_lazy("unit of amounts", "in thousands")),
    Option("10000", pgettext_lazy("unit of amounts", "in ten thousands (萬)")),
    Option("1000000", pgettext_lazy("unit of amounts", "in millions")),
)


def ask_unit(code: str, label: targets.Text, survey: Survey) -> list[Question]:
    """Ask whether a company's turnover is written in millions: whole figures below 100,000 hardly are one."""
    column = survey.columns.get(code)
    if column is None or not column.filled:
        return []
    figures = [plain_key(text) for text in column.values]
    small = all(
        figure.isdigit() and len(text.split(".")[0]) < 6 for text, figure in zip(column.values, figures, strict=True)
    )
    return [Question(question_code("unit", code), label, UNITS, "1000000" if small else "1", column.filled)]


# Products ----------------------------------------------------------------------------------------

PRODUCT_FIELDS = (
    Field(
        "name",
        required=True,
        max_length=120,
        synonyms=words(
            "product, product name, item, item name, sku name, 產品, 產品名稱, 品名, 商品, 商品名稱, 品項, "
            "产品, 产品名称, 品项"
        ),
    ),
    Field(
        "series",
        max_length=80,
        synonyms=words("product series, family, product family, category, 系列, 產品系列, 类别, 類別, 产品系列"),
    ),
    Field(
        "list_price",
        "amount",
        synonyms=words(
            "sales_price, price, unit price, list price, standard price, 定價, 單價, 售價, 標準售價, 牌價, "
            "定价, 单价, 售价, 标准售价, 价格, 價格"
        ),
    ),
)


def _apply_products(records: Sequence[Record], occasion: Occasion) -> list[Outcome]:
    rows = [ProductRow(record.text("name"), present(record, ("series", "list_price"))) for record in records]
    answers = actions.import_products(rows, by=occasion.by, at=occasion.at)
    return [outcome(record, answer) for record, answer in zip(records, answers, strict=True)]


targets.register(
    Target(
        code="products",
        label=_("Products"),
        hint=_("Names, series and list prices. Bring them in first: opportunities refer to them."),
        icon="package",
        position=10,
        fields=PRODUCT_FIELDS,
        words={"name": _("Product"), "series": _("Series"), "list_price": _("List price")},
        key=lambda record: names.key(record.text("name")),
        apply=_apply_products,
    )
)


# Accounts ----------------------------------------------------------------------------------------

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
    taken = {record.number: outcome(record, answer) for (record, _row), answer in zip(sound, answers, strict=True)}
    return in_order(records, taken)


def _given_to(row: AccountRow, owner_id: int | None) -> AccountRow:
    return AccountRow(row.name, owner_id, row.external_id, row.parent, row.fields, row.created_at)


ACCOUNT_PROBLEMS: Mapping[str, targets.Text] = {
    "not_yours": _("is looked after by somebody outside your team"),
    "not_yours_many": _("Looked after by somebody outside your team"),
    "no_owner": _("has nobody to look after it"),
    "no_owner_many": _("Nobody to look after it"),
    "customer_unknown": _("“%(value)s” is not in the customer list; closest: %(closest)s"),
    "customer_unknown_many": _("Customer not in the list"),
    "customer_missing": _("no customer is named"),
    "customer_missing_many": _("No customer named"),
}

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


# Contacts ----------------------------------------------------------------------------------------

CONTACT_FIELDS = (
    Field(
        "name",
        required=True,
        max_length=120,
        synonyms=words(
            "contact, contact name, full name, person, 聯絡人, 姓名, 聯絡人姓名, 窗口, 联系人, 联系人姓名, 名字"
        ),
    ),
    Field("account", "reference", required=True, synonyms=ACCOUNT_FIELDS[0].synonyms),
    Field("position", max_length=120, synonyms=words("title, job title, role, 職稱, 職務, 职务, 职位, 头衔")),
    Field("department", max_length=120, synonyms=words("dept, division, 部門, 单位, 部门, 科室")),
    Field(
        "phone",
        "phone",
        max_length=40,
        synonyms=words(
            "telephone, tel, mobile, cell, phone number, 電話, 手機, 行動電話, 电话, 手机, 联系电话, 手机号"
        ),
    ),
    Field(
        "email",
        "email",
        max_length=254,
        synonyms=words("e-mail, mail, email address, 電子郵件, 信箱, 電子信箱, 邮箱, 电子邮件, 电子邮箱"),
        hints=words("mail, 信箱, 邮箱"),
    ),
    Field("birthday", "date", synonyms=words("birth date, date of birth, dob, 生日, 出生日期")),
    Field("notes", "notes", max_length=5_000, synonyms=words("note, comment, comments, 備註, 备注, 說明, 说明")),
)

CREATE_THEM = Option(targets.CREATE, _("Add them to the customer list"))
MISSING_CUSTOMERS = "account-missing"


def ask_customers(survey: Survey, *, blank: bool) -> list[Group]:
    """Ask what to do with customers that are not in the list, one by one where one is close, and with none at all."""
    known = Names([(each.name, each.pk) for each in queries.known_accounts()], companies=True)
    values = survey.values("account")
    unknown = {text: rows for text, rows in values.items() if known.find(text).kind == "none"}
    close = {text: rows for text, rows in values.items() if known.find(text).kind == "close"}
    questions = []
    column = survey.columns.get("account")
    if unknown or (column and column.distinct > len(column.values)):
        options = [CREATE_THEM, targets.REJECT_ROWS]
        label = _("Customers that are not in the list")
        questions.append(Question(MISSING_CUSTOMERS, label, options, targets.CREATE, sum(unknown.values())))
    if blank and survey.blank("account"):
        options = [Option(targets.CREATE, _("Put them under “(No customer)”")), targets.REJECT_ROWS]
        label = _("Rows without a customer")
        questions.append(Question(NO_CUSTOMER, label, options, targets.CREATE, survey.blank("account")))
    asked = [CREATE_THEM, targets.REJECT_ROWS]
    questions += targets.ask_names("account", close, known, unknown=asked, default=targets.CREATE, likeness=0.95)
    return [Group("account", _("Customers"), questions)] if questions else []


class Customers:
    """Finds the account that a row means, as the questions of `ask_customers` were answered; adds what is missing."""

    def __init__(self, occasion: Occasion) -> None:
        self._occasion = occasion
        self._known = queries.known_accounts()
        self._ids = {each.pk for each in self._known}
        self._names = Names([(each.name, each.pk) for each in self._known], companies=True)
        self._wanted: dict[str, AccountRow] = {}
        self._made: dict[str, int] = {}

    def want(self, record: Record, owner_id: int | None, *, blank: bool, needed: bool = True) -> None:
        """Make sure that the account of a record will be there, or reject the record.

        Not `needed` in a dry run, where nothing will be written for the record: then its account has the id 0.
        """
        text = record.text("account")
        if not text:
            if not blank or self._occasion.answer(NO_CUSTOMER, targets.CREATE) == targets.REJECT:
                record.reject("customer_missing", "account")
                return
            record.remarks.append("no_customer")
            if needed:
                self._wanted[""] = AccountRow(str(NO_CUSTOMER_NAME), owner_id, NO_CUSTOMER)
            return
        if self._chosen(text) is not None:
            return
        answer = self._occasion.answer(question_code("account", text)) or self._occasion.answer(
            MISSING_CUSTOMERS, targets.CREATE
        )
        if answer == targets.REJECT:
            closest = self._names.find(text).name or "—"
            record.reject("customer_unknown", "account", value=text[:80], closest=closest)
        elif needed:
            self._wanted.setdefault(names.key(text), AccountRow(text, owner_id))

    def _chosen(self, text: str) -> int | None:
        found = self._names.find(text)
        if found.kind == "exact":
            return found.key
        answer = targets.answered_id(self._occasion.answer(question_code("account", text)))
        return answer if answer in self._ids else None

    def make(self) -> None:
        """Add the accounts that are wanted and missing."""
        keys = list(self._wanted)
        rows = [self._wanted[key] for key in keys]
        if NO_CUSTOMER in {row.external_id for row in rows}:
            known = queries.owners_of_same((), [NO_CUSTOMER])
            if f"#{NO_CUSTOMER}" in known:  # it is there: whose it is and what it is called stay
                at = keys.index("")
                rows[at] = AccountRow(self._name_of_none(), None, NO_CUSTOMER)
        made = actions.import_accounts(rows, by=self._occasion.by, at=self._occasion.at) if rows else []
        self._made = {key: answer.pk for key, answer in zip(keys, made, strict=True)}

    def _name_of_none(self) -> str:
        return queries.name_of(NO_CUSTOMER) or str(NO_CUSTOMER_NAME)

    def find(self, record: Record) -> int:
        """Return the id of a record's account, once `make` was called."""
        text = record.text("account")
        if not text:
            return self._made.get("", 0)
        chosen = self._chosen(text)
        return self._made.get(names.key(text), 0) if chosen is None else chosen


def _apply_contacts(records: Sequence[Record], occasion: Occasion) -> list[Outcome]:
    customers = Customers(occasion)
    reach, heir = reach_of(occasion.by), heir_of(occasion.by)
    owners = {each.pk: each.owner_id for each in queries.known_accounts()}
    for record in records:
        customers.want(record, heir, blank=False)
    customers.make()
    sound: list[tuple[Record, ContactRow]] = []
    for record in records:
        if record.problems:
            continue
        account = customers.find(record)
        if reach is not None and owners.get(account, heir) not in reach:
            record.reject("not_yours", "account")
            continue
        fields = present(record, ("position", "department", "phone", "email", "birthday", "notes"))
        sound.append((record, ContactRow(account, record.text("name"), fields)))
    answers = actions.import_contacts([row for _record, row in sound], by=occasion.by, at=occasion.at)
    taken = {record.number: outcome(record, answer) for (record, _row), answer in zip(sound, answers, strict=True)}
    return in_order(records, taken)


targets.register(
    Target(
        code="contacts",
        label=_("Contacts"),
        hint=_("People at your customers, with position, phone and e-mail."),
        icon="contact",
        position=30,
        fields=CONTACT_FIELDS,
        words={
            "name": _("Name"),
            "account": _("Customer"),
            "position": _("Position"),
            "department": _("Department"),
            "phone": _("Phone"),
            "email": _("E-mail"),
            "birthday": _("Birthday"),
            "notes": _("Notes"),
        },
        key=lambda record: f"{names.key(record.text('account'))}|{names.key(record.text('name'))}",
        apply=_apply_contacts,
        ask=lambda survey, by: ask_customers(survey, blank=False),
        problems=ACCOUNT_PROBLEMS,
    )
)
