"""Who helps whom at the demo company, what was asked, and what customers committed to. Pure and deterministic."""

from dataclasses import dataclass
from datetime import timedelta

from funnel.approvals import ApprovalKind
from funnel.commitment import CommitmentKind

PARTNER_COMPANY = "聯達系統整合"
PARTS = (  # what, days until it is due, whether it is done
    ("審合約條款與保固", 3, False),
    ("備好測試機，送到客戶產線", 6, False),
    ("陪同拜訪資訊主管", -2, False),
    ("整理同業三家的節能數據", -6, True),
    ("報價附件與付款條件", 9, False),
    ("說明建置時程", 12, False),
)
"""Given in turn to the sales teams of the largest open opportunities."""
TEAMS = 8


@dataclass(frozen=True)
class DemoAsk:
    """Something asked for an opportunity: its values, why, and the verdict with its word; '' still waits."""

    kind: ApprovalKind
    why: str
    verdict: str = ""
    word: str = ""
    percent: str = ""
    what: str = ""
    days: int = 14


ASKS = (
    DemoAsk(ApprovalKind.DISCOUNT, "對手報價低一成，採購要求比照。", percent="8"),
    DemoAsk(ApprovalKind.OVERRIDE, "客戶董事會下週四才開，需求已口頭確認。"),
    DemoAsk(ApprovalKind.RESOURCE, "客戶要看實機，價值證明才走得下去。", what="應用工程師兩天、示範機一台"),
    DemoAsk(ApprovalKind.DISCOUNT, "集團統購，三個廠一起下單。", percent="20"),
    DemoAsk(ApprovalKind.DISCOUNT, "年底前簽約的條件。", "granted", "限年底前簽回。", percent="10"),
    DemoAsk(ApprovalKind.DISCOUNT, "希望再便宜一點。", "refused", "先談價值，價格最後再談。", percent="12"),
    DemoAsk(ApprovalKind.OVERRIDE, "預算書在會計室，月底拿得到。", "granted", "月底前補齊。"),
    DemoAsk(ApprovalKind.OVERRIDE, "想先送報價。", "refused", "關鍵決策人還沒見過，先約。"),
    DemoAsk(ApprovalKind.RESOURCE, "總經理想聽同業經驗。", "granted", "下週三下午可以。", what="請王總陪訪一次"),
    DemoAsk(ApprovalKind.RESOURCE, "客戶要看展。", "refused", "今年預算用完了。", what="參展攤位一格"),
)


@dataclass(frozen=True)
class DemoCommitment:
    """What a customer decided or their economic buyer promised, days ago; `withdrawn` says why it does not hold."""

    kind: CommitmentKind
    what: str
    note: str = ""
    file: str = ""
    days: int = 5
    withdrawn: str = ""


_VOTE = DemoCommitment(CommitmentKind.PROCEDURE, "採購委員會全票選定我們", file="採購委員會會議紀錄.txt")
_AWARD = DemoCommitment(CommitmentKind.PROCEDURE, "公開招標決標", note="決標公告，案號 A1140721", days=9)
_WORD = DemoCommitment(CommitmentKind.PROMISE, "就是你們了，合約下週送過來", days=3)
_GONE = DemoCommitment(CommitmentKind.PROMISE, "這案子給你們做", days=20, withdrawn="換了新的總經理，要重新評估。")
COMMITMENTS: tuple[tuple[DemoCommitment, ...], ...] = (
    (_VOTE, _WORD),
    (_WORD,),
    (_AWARD,),
    (_WORD,),
    (_GONE,),
    (_WORD,),
)
"""Of the open opportunities that stand furthest, one after the other."""
LATEST = timedelta(hours=2)
SETTLED = timedelta(days=21)
"""How long an opportunity is known at least before others help, are asked, or the customer commits."""
