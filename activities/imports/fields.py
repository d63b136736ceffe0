"""What the columns of a file of visits can be, and what its words mean."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from accounts import imports as accounts_imports
from activities.kinds import Kind, Result
from exchange import targets
from exchange.mapping import Field, words
from exchange.texts import choice_table

FIELDS = (
    *accounts_imports.PLACE_FIELDS,
    Field(
        "met_at",
        "moment",
        required=True,
        synonyms=words(
            "date, visit date, visited on, date and time, datetime, when, meeting date, activity date, start, 日期, "
            "拜訪日期, 拜訪時間, 拜访日期, 拜访时间, 會議日期, 会议日期, 活動日期, 活动日期, 日期時間, 日期时间"
        ),
    ),
    Field(
        "met_time",
        "time",
        synonyms=words("time, visit time, start time, hour, 時間, 时间, 開始時間, 开始时间, 時刻, 时刻"),
    ),
    Field(
        "by",
        "owner",
        synonyms=words(
            "owner, visited by, sales rep, salesperson, rep, sales_agent, assigned to, 負責人, 業務, 業務員, "
            "業務代表, 拜訪人, 拜訪人員, 负责人, 销售, 业务员, 拜访人, 拜访人员"
        ),
    ),
    Field(
        "contacts",
        max_length=400,
        synonyms=words(
            "contact, met with, attendees, participants, people, with, 聯絡人, 拜訪對象, 與會人, 窗口, 联系人, "
            "拜访对象, 与会人, 参会人"
        ),
    ),
    Field(
        "kind",
        "choice",
        max_length=80,
        synonyms=words(
            "type, form, how, activity type, visit type, method, channel, fsi/fua, 方式, 拜訪方式, 拜訪類型, 形式, "
            "類型, 拜访方式, 拜访类型, 类型"
        ),
    ),
    Field(
        "goal",
        max_length=200,
        synonyms=words("purpose, objective, subject, aim, 目標, 目的, 拜訪目的, 主旨, 目标, 拜访目的, 主题"),
    ),
    Field(
        "result",
        "choice",
        max_length=300,
        synonyms=words("outcome, status, visit result, 結果, 拜訪結果, 成果, 结果, 拜访结果"),
    ),
    Field(
        "note",
        "notes",
        max_length=5_000,
        synonyms=words(
            "notes, comment, comments, description, minutes, summary, report, 備註, 紀錄, 拜訪紀錄, 內容, 說明, 备注, "
            "记录, 拜访记录, 内容, 说明"
        ),
    ),
    Field(
        "commitment",
        max_length=300,
        synonyms=words(
            "customer commitment, customer's commitment, customer agreed, agreed, 客戶承諾, 承諾, 客戶同意, 客户承诺, "
            "承诺, 客户同意"
        ),
    ),
    Field(
        "next_text",
        max_length=200,
        synonyms=words(
            "next step, next action, follow up, follow-up, to do, action item, 下一步, 下一步行動, 後續行動, 待辦, "
            "下一步行动, 后续行动, 待办"
        ),
    ),
    Field(
        "next_on",
        "date",
        synonyms=words(
            "due, due date, by when, next date, next step date, deadline, follow up date, 期限, 到期日, 下一步日期, "
            "預計日期, 预计日期, 截止日期"
        ),
    ),
)

WORDS: Mapping[str, targets.Text] = {
    "account": _("Customer"),
    "account_number": _("Number of the customer in the other system"),
    "met_at": _("Date, with the time if known"),
    "met_time": _("Time of day"),
    "by": _("Visited by"),
    "contacts": _("Whom we met"),
    "kind": _("How"),
    "goal": _("Goal"),
    "result": _("Result"),
    "note": _("Note"),
    "commitment": _("What the customer agreed to do"),
    "next_text": _("Next action"),
    "next_on": _("Due"),
}

KINDS = choice_table(
    {
        Kind.VISIT: words(
            "visit, meeting, on site, onsite, face to face, in person, appointment, sales call, "
            "拜訪, 實地拜訪, 面談, 會議, 拜访, 实地拜访, 面谈, 会议, 上门"
        ),
        Kind.CALL: words("call, phone, phone call, telephone, tel, 電話, 電訪, 电话, 电访"),
        Kind.VIDEO: words(
            "video, video call, online, remote, teams, zoom, google meet, webinar, 視訊, 線上, 視訊會議, 视频, 线上, "
            "视频会议"
        ),
        Kind.EXHIBITION: words("exhibition, trade fair, fair, show, event, 展覽, 展會, 展览, 展会"),
    }
)
FIRST_OR_LATER = choice_table(
    {
        "fsi": words("first visit, first sales interview, first, 首訪, 首次拜訪, 首访, 首次拜访, 初訪, 初访"),
        "fua": words("follow-up activity, follow up, follow up visit, 回訪, 後續拜訪, 回访, 后续拜访"),
    }
)
RESULTS = choice_table(
    {
        Result.ADVANCED: words(
            "progress, advance, success, successful, positive, good, won, 有進展, 進展, 成功, 正面, 有进展, 进展"
        ),
        Result.STEADY: words(
            "no change, steady, neutral, held, done, completed, continuation, 無變化, 維持, 持平, 完成, 已完成, "
            "无变化, 维持"
        ),
        Result.BLOCKED: words("blocked, setback, negative, failed, rejected, 受阻, 卡關, 失敗, 负面, 失败, 負面"),
        Result.NOBODY: words(
            "met nobody, no show, nobody, not there, absent, no answer, 沒見到人, 未遇, 不在, 没见到人, 無人, 无人"
        ),
    }
)
