"""What a file calls stages and reasons."""

from django.utils.translation import gettext_lazy as _

from exchange import targets
from exchange.mapping import words
from exchange.matching import plain_key, written_key
from exchange.records import Record
from exchange.targets import Group, Occasion, Option, Survey, question_code
from exchange.texts import choice_table
from funnel import labels, queries
from funnel.stages import Reason, Stage, Status

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

REASONS = choice_table(
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


def _guess(text: str) -> str:
    found = _STAGES.get(plain_key(text))
    if found:
        return found
    own = {written_key(row.label): row.stage for row in queries.stage_table()}
    stage = own.get(written_key(text))
    if stage is None:
        return ""
    return str(Status.WON) if stage == Stage.DEPLOY else str(int(stage))


def ask_stages(survey: Survey) -> list[Group]:
    """Ask what each stage of the file is here."""
    values = survey.values("stage")
    if not values:
        return []
    rows = {row.stage: row.label for row in queries.stage_table()}
    options = [Option(str(int(stage)), rows[stage]) for stage in OPEN_STAGES]
    options += [Option(str(end), labels.STATUSES[end]) for end in ENDS]
    asked = targets.ask_each("stage", values.items(), [*options, targets.REJECT_ROWS], _guess)
    return [Group("stage", _("Stages"), asked, _("What each stage of the file is here."))]


def stage_of(record: Record, occasion: Occasion) -> tuple[Stage, Status]:
    """Return where a record stands, by the answer about its stage; reject it where that says nothing."""
    text = record.text("stage")
    answer = occasion.answer(question_code("stage", text)) if text else ""
    code = answer or (_STAGES.get(plain_key(text), "") if text else str(int(Stage.DISCOVER)))
    if code in {str(end) for end in ENDS}:
        return Stage.SOLUTION_FIT, Status(code)
    if code.isdigit() and int(code) in {int(stage) for stage in OPEN_STAGES}:
        return Stage(int(code)), Status.OPEN
    record.reject("stage_unknown", "stage", value=text[:80])
    return Stage.DISCOVER, Status.OPEN
