"""What the columns of a file of opportunities can be."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from accounts import imports as accounts_imports
from exchange import targets
from exchange.mapping import Field, words

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
