"""A believable company to look at: who works there, what they sell, and to whom. Pure and deterministic.

The same day gives the same company; every date is relative to `today`. All names are invented.
"""

import math
import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

NAME, SLUG = "曜石科技", "obsidian"
ZONE = ZoneInfo("Asia/Taipei")
SEED = 20260101
DAYS = 730
ACCOUNTS, OPPORTUNITIES = 400, 1_500
WAN = 10_000 * 100  # 萬 in minor units


@dataclass(frozen=True)
class Person:
    """Someone at the company; `team` is a region's name or '' for the whole company."""

    key: str
    name: str
    role: str
    team: str
    is_admin: bool = False


REGIONS = ("北區", "中區", "南區")
PEOPLE = (
    Person("wang", "王立群", "executive", ""),
    Person("admin", "沈佩蓉", "colleague", "", is_admin=True),
    Person("lin", "林佳穎", "manager", "北區"),
    Person("chen", "陳柏翰", "rep", "北區"),
    Person("wu", "吳承恩", "rep", "北區"),
    Person("huang", "黃怡君", "rep", "北區"),
    Person("chang", "張雅婷", "manager", "中區"),
    Person("hsu", "許志豪", "rep", "中區"),
    Person("tsai", "蔡宜珊", "rep", "中區"),
    Person("liu", "劉冠廷", "rep", "中區"),
    Person("kuo", "郭俊宏", "manager", "南區"),
    Person("yang", "楊舒涵", "rep", "南區"),
    Person("tseng", "曾子維", "rep", "南區"),
    Person("partner", "方正系統 何經理", "partner", "南區"),
    Person("legal", "羅以安", "colleague", ""),
    Person("finance", "簡淑敏", "colleague", ""),
)

PRODUCTS = (  # name, series, list price in 萬
    ("產線即時監控", "智慧製造", 260),
    ("設備預知保養", "智慧製造", 180),
    ("MES 報工模組", "智慧製造", 320),
    ("AOI 檢測整合", "品質", 480),
    ("品質追溯系統", "品質", 220),
    ("能源管理平台", "能源", 380),
    ("碳盤查模組", "能源", 120),
    ("倉儲管理授權", "物流", 95),
    ("現場服務派工", "服務", 68),
)

_PREFIXES = (
    "宏昇",
    "永嘉",
    "晟泰",
    "立穎",
    "佳峰",
    "恆曜",
    "大聿",
    "鼎沛",
    "聯宸",
    "瑞禾",
    "華岳",
    "景澄",
    "新茂",
    "三羽",
    "群峻",
    "和悅",
    "友岱",
    "長霖",
    "東碩",
    "嘉耘",
    "弘鈺",
    "茂鴻",
    "達晉",
    "翔億",
    "沛然",
)
_TRADES = (  # suffix, industry
    ("精密", "機械"),
    ("電子", "電子"),
    ("光電", "光電"),
    ("機械", "機械"),
    ("半導體設備", "半導體"),
    ("物流", "物流"),
    ("食品", "食品"),
    ("紡織", "紡織"),
    ("生技", "生技"),
    ("化工", "化工"),
    ("營造", "營造"),
    ("醫材", "醫療"),
    ("鋼鐵", "金屬"),
    ("塑膠", "塑膠"),
    ("能源", "能源"),
    ("包裝", "包裝"),
)
_CITIES = {"北區": ("台北", "新北", "桃園", "新竹"), "中區": ("台中", "彰化", "苗栗"), "南區": ("台南", "高雄", "屏東")}
_SURNAMES = "陳林黃張李王吳劉蔡楊許鄭謝郭洪邱曾廖賴徐周葉蘇莊呂江何蕭羅高"
_GIVEN = (
    "志明",
    "淑芬",
    "建宏",
    "雅惠",
    "文彬",
    "美玲",
    "俊傑",
    "家豪",
    "怡如",
    "明哲",
    "佩珊",
    "國棟",
    "慧君",
    "宗翰",
    "思穎",
    "振宇",
    "秀蘭",
    "柏宇",
    "筱涵",
    "政達",
)
_POSITIONS = (
    ("採購經理", "採購"),
    ("廠長", "製造"),
    ("資訊主管", "資訊"),
    ("總經理", "經營"),
    ("品保課長", "品保"),
    ("財務長", "財務"),
)
SOURCES = ("轉介紹", "展會", "官網", "電話開發", "既有客戶")
NEXT_STEPS = (
    "補上競品比較表",
    "邀請參觀示範場域",
    "安排技術長對談",
    "送修正版報價單",
    "回覆資安問卷",
    "確認付款條件",
    "拜訪採購確認預算科目",
    "整理驗證報告並簽認",
    "約董事長特助會面",
    "取得法務修訂版合約",
)

DECISIONS = (  # decision, comment, next action
    ("advance", "決策流程清楚，往下一階段走。", "約財務長說明投資回收"),
    ("hold", "證據不足，先補齊再談。", "補齊會議紀錄與需求確認"),
    ("help", "需要技術長支援示範。", "請技術長陪同拜訪廠長"),
    ("advance", "", "送正式報價並確認決策日期"),
    ("postpone", "對方預算延到下季。", ""),
    ("hold", "還沒見到關鍵決策人。", "請支持者引薦總經理"),
)


@dataclass(frozen=True)
class Session:
    """One coaching session as the coach wrote it down; `outcome` tells of what the session before agreed."""

    outcome: str
    outcome_note: str
    findings: str
    commitment: str
    skill: str
    agreed: str


SESSIONS = (
    Session(
        outcome="",
        outcome_note="",
        findings="窗口支持，但只談到採購層級；真正的痛點是夜班停機，還沒有量化。",
        commitment="廠長同意提供三個月停機紀錄。",
        skill="把燃眉之急連到高階主管",
        agreed="取得停機紀錄並算出每月損失金額",
    ),
    Session(
        outcome="done",
        outcome_note="停機每月損失約 90 萬，廠長看了數字後主動約總經理。",
        findings="獨有客戶價值成立：同業只有我們能接既有機台。競品報價低 8%，但不含感測器。",
        commitment="總經理同意兩週內看示範。",
        skill="示範前先確認驗收標準",
        agreed="安排總經理參訪示範場域",
    ),
    Session(
        outcome="partly",
        outcome_note="總經理改期一次，財務長先到場。",
        findings="財務長要看三年總成本；決策需總經理單獨核准，不經委員會。",
        commitment="財務長答應把投資回收列入下次經營會議。",
        skill="談判前準備讓步順序",
        agreed="完成三年總成本試算並請財務長確認",
    ),
)


@dataclass(frozen=True)
class Company:
    """A customer."""

    key: str
    name: str
    industry: str
    region: str
    city: str
    owner: str
    employees: int
    turnover: int
    founded_year: int
    source: str
    contacts: tuple[tuple[str, str, str, str], ...]  # name, position, department, phone
    ratings: tuple[int | None, ...]  # ten factors, None is unknown; empty: never assessed
    opened_at: datetime


def _reps(region: str) -> list[str]:
    return [p.key for p in PEOPLE if p.team == region and p.role == "rep"]


def moment(day: date, rng: random.Random) -> datetime:
    """Return a time in working hours of `day`."""
    return datetime.combine(day, time(rng.randint(9, 17), rng.choice((0, 10, 20, 30, 45))), ZONE)


def workday(day: date) -> date:
    """Return `day`, or the Friday before a weekend."""
    return day - timedelta(days=max(0, day.weekday() - 4))


def companies(today: date) -> list[Company]:
    """Return the customers, largest first by chance, spread over regions and reps."""
    rng = random.Random(SEED)  # noqa: S311  # the same company every time, nothing secret
    names = [(prefix + suffix, industry) for prefix in _PREFIXES for suffix, industry in _TRADES]
    rng.shuffle(names)
    found = []
    for number, (name, industry) in enumerate(names[:ACCOUNTS]):
        region = rng.choices(REGIONS, (5, 3, 3))[0]
        owner = "partner" if region == "南區" and rng.random() < 0.12 else rng.choice(_reps(region))
        people = tuple(
            (
                rng.choice(_SURNAMES) + rng.choice(_GIVEN),
                *rng.choice(_POSITIONS),
                f"0{rng.randint(2, 8)}-{rng.randint(2000, 8999)}-{rng.randint(1000, 9999)}",
            )
            for _ in range(rng.choice((1, 2, 2, 3)))
        )
        size = rng.lognormvariate(4.6, 0.9)
        assessed = rng.random() < 0.62
        potential = rng.gauss(58, 20)
        ratings = tuple(
            None if rng.random() < 0.2 else min(4, max(0, round(rng.gauss(potential, 18) / 25))) * 25 for _ in range(10)
        )
        found.append(
            Company(
                key=f"C{number + 1:04}",
                name=name,
                industry=industry,
                region=region,
                city=rng.choice(_CITIES[region]),
                owner=owner,
                employees=int(size * 1.4) + 8,
                turnover=int(size * rng.uniform(250, 600)) * WAN,
                founded_year=today.year - rng.randint(3, 48),
                source=rng.choice(SOURCES),
                contacts=people,
                ratings=ratings if assessed else (),
                opened_at=moment(workday(today - timedelta(days=DAYS + rng.randint(5, 60))), rng),
            )
        )
    return found


def target(won: int, quarters: float) -> int:
    """Return a quarter's target from what was won in `quarters` quarters: a tenth more, in whole 50 萬."""
    return max(1, math.ceil(won / max(quarters, 1) * 1.1 / (50 * WAN))) * 50 * WAN


BOARD_LIMITS = ((1, 8, None), (2, 4, None), (3, 5, None), (6, None, 1_200_000_000))
"""What one person should have open in a stage at most: stage, number, amount in minor units."""

SAVED_VIEWS = (
    ("lin", "本季要收", "table", "due=this_quarter&sort=-amount", "team"),
    ("lin", "各月預計成交", "board", "group=due_month", "team"),
    ("lin", "要幫忙的", "board", "health=attention&group=owner", "team"),
    ("wang", "地區 × 金額", "table", "group=region", "everyone"),
    ("chen", "我的承諾", "board", "group=category", "me"),
)
"""Saved views: whose, its name, where, what it keeps, for whom."""

RATES = (("USD", 400, "31.2"), ("JPY", 400, "0.215"), ("USD", 3, "32.05"), ("JPY", 3, "0.2095"))
"""Dated rates: currency, how many days ago, what one unit is worth in dollars of Taiwan."""

QUOTED_A_REGION = 2
QUOTED = ("USD", "JPY")
"""So many of the largest open opportunities of a region, due this quarter and left alone for a week, were quoted so."""
