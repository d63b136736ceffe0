"""The leads of the demo company: who wrote, called or was met, and how far each has come. Pure and deterministic."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from funnel.leads import Answer, Criterion, DropReason, Source, Step
from funnel.web_forms import Enquiry
from salesops.demo_company import WAN

SEED = 20260102
COUNT = 40
BUDGET_FROM = 50 * WAN
WEB_FORM = "官網聯絡表單"

_NAMES = (
    "千禾自動化", "旭陞金屬", "立暉光學", "宜昇冷鏈", "冠丞車電", "聖揚製藥", "豐翊紙業", "崇光玻璃",
    "久鼎扣件", "鈦合醫材", "萬嶸模具", "睿捷電控", "國璽食品", "柏昕塑化", "祥峻電纜", "允智儀器",
    "昊森木業", "啟明燈飾", "正億齒輪", "沛鑫環保", "凱翊紡織", "鉅豐鋼構", "敏創機電", "綠野農產",
    "捷安物流", "辰光面板", "尚品家具", "偉恆印刷", "泓達水務", "晶耀封測", "銘泰五金", "亞威輪胎",
    "富川造紙", "力晟泵浦", "喬豐鞋材", "合勁車架", "金澤油漆", "新曜電池", "永傑橡膠", "順昌製罐",
)  # fmt: skip
_FIELDS = ("機械", "金屬", "光電", "物流", "電子", "醫療", "食品", "塑膠", "紡織", "能源")
_PEOPLE = ("林志遠", "陳美慧", "黃俊凱", "張淑貞", "許哲維", "蔡佳玲", "吳明憲", "周怡伶", "鄭國華", "謝采穎")
_POSITIONS = ("廠長", "採購經理", "資訊主管", "總經理特助", "品保課長")
_NEEDS = (
    "夜班停機頻繁，想知道原因。",
    "客戶要求碳盤查，明年第一季要交報告。",
    "新廠動工，要一併規劃倉儲管理。",
    "品質追溯靠紙本，稽核常被開缺失。",
    "報工用試算表，月結要三天。",
    "電費漲了兩成，想看哪條線最耗電。",
)
_NOTES = {
    Source.REFERRAL: ("宏昇精密 廖廠長", "永嘉電子 採購"),
    Source.EVENT: ("智慧製造展", "節能論壇"),
    Source.CAMPAIGN: ("碳盤查電子報", "秋季方案"),
    Source.COLD_CALL: ("", ""),
    Source.EMAIL: ("", ""),
}
_STEPS = ("打電話確認需求", "寄同業案例", "約第一次拜訪", "請介紹人引薦", "確認預算科目")
_DROPPED = (
    (DropReason.BUDGET, "今年預算只有十萬。"),
    (DropReason.TIMING, "後年才換系統。"),
    (DropReason.NO_ANSWER, "打了五次，信也沒回。"),
    (DropReason.NOT_OUR_MARKET, ""),
    (DropReason.CANNOT_COMPETE, "集團統一用母公司的系統。"),
)
_REPS = ("chen", "wu", "huang", "hsu", "tsai", "liu", "yang", "tseng")
_YES = {Criterion.NEED: Answer.YES, Criterion.COMPETE: Answer.YES, Criterion.BUYER: Answer.YES}


@dataclass(frozen=True)
class DemoLead:
    """One lead: what was recorded, what was answered, and what became of it."""

    owner: str
    facts: dict[str, object]
    days_ago: int
    step: Step
    contacted: bool
    next_in: int  # days until the next step; what lies behind today is overdue
    answers: dict[Criterion, Answer] = field(default_factory=dict)
    dropped: tuple[DropReason, str] | None = None
    converted: bool = False


def leads(today: date) -> Iterator[DemoLead]:
    """Yield the leads in the order in which they came."""
    rng = random.Random(SEED)  # noqa: S311  # the same leads every time, nothing secret
    sources = tuple(_NOTES)
    for number, name in enumerate(_NAMES):
        source = sources[number % len(sources)]
        step = Step(1 + number * 7 % 4)
        known = step >= Step.QUALIFYING or number % 3 == 0
        facts: dict[str, object] = {
            "company": name,
            "person": _PEOPLE[number * 3 % len(_PEOPLE)],
            "position": _POSITIONS[number % len(_POSITIONS)],
            "phone": f"0{rng.randint(2, 8)}-{rng.randint(2000, 8999)}-{rng.randint(1000, 9999)}",
            "email": f"contact{number + 1}@example.com" if number % 2 else "",
            "industry": _FIELDS[number % len(_FIELDS)] if step > Step.POSITIONING or number % 2 else "",
            "region": ("北區", "中區", "南區")[number % 3] if step > Step.POSITIONING else "",
            "need": _NEEDS[number % len(_NEEDS)],
            "source": source,
            "source_note": _NOTES[source][number % 2],
            "budget": rng.choice((30, 60, 120, 260)) * WAN if known else None,
            "buys_on": today + timedelta(days=rng.choice((45, 90, 150, 400))) if step >= Step.QUALIFYING else None,
            "next_step": _STEPS[number % len(_STEPS)] if number % 7 else "",
        }
        converted = number in {5, 19, 33}
        yield DemoLead(
            owner=_REPS[number % len(_REPS)],
            facts=facts,
            days_ago=2 + (COUNT - number) * 2,
            step=Step.APPROACHING if converted else step,
            contacted=step == Step.APPROACHING or converted,
            next_in=number % 9 - 3,
            answers=(_YES | {Criterion.DECISION: (Answer.ALONE, Answer.COMMITTEE, Answer.STATUTORY)[number % 3]})
            if step >= Step.QUALIFYING or converted
            else {},
            dropped=_DROPPED[number // 8] if number % 7 == 6 else None,
            converted=converted,
        )


ENQUIRIES = (
    Enquiry("千禾自動化", "林志遠", "廠長", email="lin@example.net", message="想了解設備預知保養的費用。"),
    Enquiry("泓達水務", "周小姐", phone="0912-345-678", message="泵浦房要即時監控，請聯絡我。"),
    Enquiry("廣鈞半導體材料", "葉經理", "資訊主管", email="yeh@example.org", message="兩個廠區，想看能源管理平台。"),
    Enquiry("詠順食品機械", "賴先生", phone="04-2355-1212", message="展覽看過你們的攤位，想約時間。"),
)
"""What came by the web form in the last days: the first two companies are leads already."""
