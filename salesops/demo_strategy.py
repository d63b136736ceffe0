"""The strategy sheets of the demo company: who decides, the rivals, what is missing, go and no-go. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

RIVALS = ("泰岳軟體", "聯創系統", "遠見自動化")
"""Kept as competitors; opportunities were lost to them."""


@dataclass(frozen=True)
class DemoPerson:
    """One person: `to` is the place, in the sheet, of whom they report to; `-1` reports to nobody."""

    name: str  # '' takes the next contact of the customer who is known already
    position: str
    roles: tuple[str, ...]
    influence: int
    attitude: int | None
    win: str = ""
    to: int = -1


@dataclass(frozen=True)
class DemoRival:
    """A competitor by its place in RIVALS."""

    who: int
    strengths: str
    weaknesses: str
    answer: str


@dataclass(frozen=True)
class DemoSheet:
    """One sheet; `gaps` are (text, days until a next action is due or None, what was found out)."""

    people: tuple[DemoPerson, ...]
    rivals: tuple[DemoRival, ...] = ()
    gaps: tuple[tuple[str, int | None, str], ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)
    win_next: int = -1
    procedure: str = ""
    verdict: tuple[str, str] | None = None


_STEEL = DemoSheet(
    people=(
        DemoPerson("郭文雄", "董事長", ("eb",), 3, 0, "三年內讓第二代接班，不能再出大事故", -1),
        DemoPerson("郭彥廷", "總經理", ("sponsor",), 3, 2, "把智慧製造做成自己的成績", 0),
        DemoPerson("林淑惠", "財務長", ("technical",), 2, -1, "投資兩年內回收，不超預算", 0),
        DemoPerson("", "", ("user",), 2, 1, "夜班不再被叫回廠", 1),
        DemoPerson("游志明", "資訊主管", ("technical", "opponent"), 2, -2, "保住自己寫的系統", 1),
        DemoPerson("", "", ("coach",), 1, 1, "升課長", 3),
    ),
    rivals=(
        DemoRival(
            0,
            "報價低三成；老闆的球友",
            "沒做過連續製程；客服兩個人",
            "帶總經理去看宏昇現場，讓同行說少停了多少",
        ),
        DemoRival(2, "設備原廠，機台本來就是他們的", "換別家機台就接不上", "三種廠牌的機台接在同一個畫面給課長看"),
    ),
    gaps=(
        ("董事會什麼時候排這個案子？", 4, ""),
        ("財務長算回收期用哪一個公式？", None, ""),
        ("資訊主管的系統合約到什麼時候？", None, "明年三月到期，已經不打算續約。"),
    ),
    parts={
        "strengths": "同產業三個成功案例\n總經理親自支持",
        "weaknesses": "報價比泰岳高三成\n還沒見過董事長",
        "openings": "碳費明年開徵，董事會必須交代",
        "threats": "資訊主管可能拖到年底換預算",
        "ucv": "連續製程的停機預警：前一天就知道哪一台會停，同行裡只有我們在現場做到過。",
        "ladder": "problem_solver",
        "win_how": "請總經理安排與財務長一起算一次回收期，用他們自己的停機紀錄。",
    },
    win_next=2,
    procedure="committee",
    verdict=("go", "需求真、有人挺，輸贏在財務長。"),
)
_FOOD = DemoSheet(
    people=(
        DemoPerson("蘇永福", "總經理", ("eb",), 3, 1, "拿到日本客戶的追溯認證", -1),
        DemoPerson("", "", ("sponsor", "user"), 2, 2, "稽核一次過", 0),
        DemoPerson("何雅婷", "採購經理", ("technical",), 2, 0, "三家比價有紀錄", 0),
        DemoPerson("", "", ("user",), 1, None, "", 1),
    ),
    rivals=(DemoRival(1, "套裝便宜，兩週就能上線", "追溯只到批，不到箱", "用上次的客訴演一次：五分鐘追到箱"),),
    gaps=(("日本客戶的稽核日是哪一天？", -2, ""), ("預算在今年還是明年的科目？", 9, "")),
    parts={
        "strengths": "食品追溯法規的經驗",
        "weaknesses": "導入要三個月",
        "openings": "日本客戶的稽核",
        "threats": "聯創可能降價搶單",
        "ucv": "追溯到箱，五分鐘內交出稽核要的報告。",
        "ladder": "credible_source",
        "win_how": "給採購一份三家比較表，欄位由我們先提。",
    },
    win_next=2,
    procedure="eb_alone",
    verdict=("go", ""),
)
_PLANT = DemoSheet(
    people=(
        DemoPerson("賴建中", "副總經理", ("eb",), 3, -1, "不增加人", -1),
        DemoPerson("", "", ("user",), 2, 0, "", 0),
        DemoPerson("曾美玲", "總務課長", ("opponent",), 2, -2, "照舊跟原廠買", 0),
    ),
    rivals=(DemoRival(2, "在廠裡駐點十年", "", ""),),
    gaps=(("除了價格，副總還看什麼？", None, ""),),
    parts={"threats": "採購案是照遠見的規格寫的", "ladder": "vendor"},
    procedure="statutory",
    verdict=("no_go", "規格照對手寫，也沒有人替我們說話；不再投入，等下一期。"),
)
_NEW = DemoSheet(
    people=(
        DemoPerson("", "", ("user", "coach"), 2, 1, "月結一天做完", -1),
        DemoPerson("顏志豪", "課長", ("technical",), 1, None, "", 0),
    ),
    gaps=(("錢由誰批？", 3, ""), ("他們今年還買了哪些系統？", None, "")),
    parts={"ladder": "vendor", "openings": "新廠五月動工"},
)
SMALL = DemoSheet(
    people=(DemoPerson("", "", ("eb",), 3, 0, "", -1), DemoPerson("", "", ("user", "sponsor"), 2, 1, "", 0)),
)
"""The sheet of an opportunity that is not among the largest: who decides, and who wants us."""
SHEETS: tuple[DemoSheet, ...] = (_STEEL, _FOOD, _NEW, _PLANT)
"""Given in turn to the largest open opportunities."""
COUNT = 16
