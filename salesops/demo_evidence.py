"""What proves the stages at the demo company: words of each item, sums that differ from each other. Pure."""

from collections.abc import Mapping

from salesops.demo_company import WAN

NOTES: Mapping[str, tuple[str, ...]] = {
    "opportunity_plan": ("計畫已列目標、關鍵人物、時程與下一步。", "主管看過的一頁計畫，含三個月時程。"),
    "key_needs": ("夜班停機每月損失約 90 萬，要提前一天預警。", "稽核時五分鐘內要追到箱。", "月底盤點從三天縮到半天。"),
    "key_people": ("主導採購，要看投資回收。", "現場的人都聽他的，最怕半夜被叫回廠。", "預算由他提，總經理簽。"),
    "size": ("三條產線，共 42 台機台。", "兩個廠，一期先上新廠。", "全公司 120 個授權。"),
    "competitors": ("課長說已收到他們的報價，比我們低一成。", "採購把兩家的報價並列給我們看。", "上週他們也來簡報過。"),
    "schedule": ("歲修之前要上線，往回推這天決定。", "董事會排在這一天。", "舊系統合約這天到期。"),
    "budget": ("年度資本支出，已編列。", "資訊科目，還可以追加一成。", "由新廠專案支應。"),
    "strategy": ("先算清回收期讓財務長點頭，再請總經理拍板。", "從品保的稽核壓力切入，避開比價。"),
    "budget_clear": ("財務來信，核定數字。", "預算書影本已看過，科目相符。"),
    "relationship_built": ("願意替我們約總經理。", "主動給了競品的簡報。", "答應在經營會議上替我們說話。"),
    "requirements_confirmed": ("需求確認書 v2，客戶已回簽。", "會議紀錄列出 14 項需求，客戶回信同意。"),
    "vision_shared": ("用自己的話向主管說明導入後的樣子。", "把我們的架構圖放進內部簡報。"),
    "verbal_approval": ("「就照這個方案，條件談好就簽。」", "電話裡說這一季內決定。"),
    "requirements_met": ("試用兩週，驗收項目全部通過。", "14 項需求逐項核對，兩項列入二期。"),
}
"""Given in turn to the opportunities, by the code of the item."""
NO_RIVAL = "只找我們談；不做的話，就照現在的人工作業撐著。"
"""Said where nobody else competes: there, `rival_of` is None."""
SHARES: Mapping[str, int] = {"size": 125, "budget": 110, "budget_clear": 105}
"""What the customer's project and its budget are worth, in percent of what we offer."""


def note_of(code: str, turn: int) -> str:
    """Return the words of an item for the opportunity whose turn it is."""
    words = NOTES.get(code, ("客戶來信確認。",))
    return words[turn % len(words)]


def rival_of(turn: int, known: int) -> int | None:
    """Return who of `known` competes for the opportunity whose turn it is; nobody for one in five."""
    return None if turn % 5 == 4 else turn % known


def sum_of(code: str, amount: int) -> int:
    """Return the sum that proves an item for an opportunity of `amount`, in whole 萬."""
    return round(amount * SHARES.get(code, 100) / 100 / WAN) * WAN
