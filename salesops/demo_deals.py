"""Two years of selling at the demo company: what was opened, how it went on, whom one met. Pure and deterministic.

The same day gives the same opportunities; what lies after `today` has not happened.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from salesops.demo_company import DAYS, OPPORTUNITIES, PRODUCTS, SEED, SOURCES, WAN, ZONE, Company, moment, workday

FORGOTTEN = 0.04  # chance that a rep loses sight of an opportunity in a stage
FRESH = 45  # days in a stage after which an opportunity is no longer looked after
STEPS = 7  # 1 Discover … 6 Close, 7 Deploy
_THEMES = ("一期", "二期", "新廠", "改善專案", "年度授權", "擴充", "試點", "汰換")
_RIVALS = ("泰岳軟體", "聯創系統", "遠見自動化", "")
_REASONS = ("price", "rival", "no_budget", "no_decision", "timing", "product", "relationship")
_NOTES = (
    "確認需求範圍，對方希望先看同業案例。",
    "示範後現場主管認同，要再向財務說明投資回收。",
    "價格仍有落差，請對方提供競品規格比較。",
    "關鍵決策人出席，同意排入下季預算。",
    "採購要求付款條件改為 4-3-3。",
    "資安問卷已回覆，等待法務審閱。",
    "對方更換窗口，重新說明導入時程。",
    "試用數據不錯，停機時間降了一成。",
)
_COMMITMENTS = ("提供三個月產能資料", "安排廠長參訪示範場域", "下週前確認預算科目", "引薦財務長", "")
_DWELL = {1: 10, 2: 16, 3: 20, 4: 22, 5: 20, 6: 14}  # typical days in a stage
_ADVANCE = {1: 0.72, 2: 0.74, 3: 0.78, 4: 0.82, 5: 0.86, 6: 0.9}  # chance to leave a stage forward
_SKILL = {"chen": 1.06, "wu": 0.97, "huang": 1.0, "hsu": 0.93, "tsai": 1.03, "liu": 0.98, "yang": 1.05, "tseng": 0.95}


@dataclass(frozen=True)
class Meeting:
    """A visit or a call."""

    at: datetime
    kind: str
    result: str
    note: str
    commitment: str


@dataclass
class Deal:
    """An opportunity and everything that happened to it."""

    key: str
    name: str
    company: Company
    owner: str
    product: int
    opened_at: datetime
    amounts: list[tuple[datetime, int]] = field(default_factory=list)
    stages: list[tuple[datetime, int]] = field(default_factory=list)
    closes: list[tuple[datetime, date]] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)
    outcome: str = ""
    ended_at: datetime | None = None
    reason: str = ""
    rival: str = ""
    source: str = ""

    @property
    def amount(self) -> int:
        """What it is worth now, in minor units."""
        return self.amounts[-1][1]

    @property
    def stage(self) -> int:
        """Where it stands now, 1–7."""
        return self.stages[-1][1]


def deals(today: date, customers: list[Company]) -> Iterator[Deal]:
    """Yield the opportunities in the order they were opened; what lies after `today` has not happened."""
    rng = random.Random(SEED + 1)  # noqa: S311
    buyers = customers[:]
    weights = [1 / (rank + 6) ** 0.75 for rank in range(len(buyers))]  # a few customers buy most
    lately = random.Random(SEED + 2)  # noqa: S311
    for number in range(OPPORTUNITIES):
        age = int(DAYS * (1 - ((number + rng.random()) / OPPORTUNITIES) ** 0.92))
        company = rng.choices(buyers, weights)[0]
        deal = _live(number, company, workday(today - timedelta(days=age)), today, rng)
        if not deal.outcome and deal.stages[-1][0].date() > today - timedelta(days=FRESH):
            _meet_lately(deal, today, lately)
        yield deal


def _live(number: int, company: Company, opened_on: date, today: date, rng: random.Random) -> Deal:
    """Let one opportunity live from its opening until it ends or today comes."""
    product = rng.randrange(len(PRODUCTS))
    title, _, price = PRODUCTS[product]
    amount = max(5, round(price * rng.lognormvariate(0, 0.45))) * WAN
    opened_at = moment(opened_on, rng)
    deal = Deal(
        key=f"D{number + 1:05}",
        name=f"{title}{rng.choice(_THEMES)}",
        company=company,
        owner=company.owner,
        product=product,
        opened_at=opened_at,
        amounts=[(opened_at, amount)],
        stages=[(opened_at, 1)],
        closes=[(opened_at, workday(opened_on + timedelta(days=int(rng.gauss(105, 25)))))],
        source=rng.choice(SOURCES),
    )
    skill = _SKILL.get(company.owner, 0.95)
    at, stage = opened_at, 1
    stop = datetime.combine(today, time(18), ZONE)
    while True:
        _meet(deal, at, stage, stop, rng)
        leave = at + timedelta(days=max(1.0, _DWELL[stage] * rng.lognormvariate(-0.1, 0.6)))
        leave = moment(workday(leave.date()), rng)
        leave = max(leave, at + timedelta(minutes=30))
        if rng.random() < FORGOTTEN:
            if leave + timedelta(days=150) >= stop:
                return deal  # nobody has looked at it since
        else:
            _push(deal, leave, stop, stage, rng)
        if leave >= stop:
            return deal
        if rng.random() < 0.05 and stage > 2:
            stage -= 1
        elif rng.random() < min(0.97, _ADVANCE[stage] * skill):
            stage += 1
        else:
            deal.outcome = "abandoned" if rng.random() < 0.18 else "lost"
            deal.ended_at, deal.reason = leave, rng.choice(_REASONS)
            deal.rival = rng.choice(_RIVALS) if deal.reason in {"price", "rival", "product"} else ""
            return deal
        at = leave
        deal.stages.append((at, stage))
        if stage == STEPS:
            deal.outcome, deal.ended_at = "won", at
            return deal
        if rng.random() < 0.2:
            factor = rng.choice((0.8, 0.9, 1.1, 1.2))
            deal.amounts.append((at, max(5, round(deal.amount / WAN * factor)) * WAN))


def _push(deal: Deal, leave: datetime, stop: datetime, stage: int, rng: random.Random) -> None:
    """Move the expected close later when it comes too near for the stage; some reps forget to."""
    remaining = sum(_DWELL[s] for s in range(min(stage + 1, 6), 7))
    while deal.closes[-1][1] < leave.date() + timedelta(days=remaining // 2):
        noticed = moment(workday(max(deal.closes[-1][1] - timedelta(days=4), deal.opened_at.date())), rng)
        noticed = max(noticed, deal.closes[-1][0] + timedelta(hours=1))
        if noticed >= min(leave, stop) or rng.random() < 0.12:
            return
        moved = deal.closes[-1][1] + timedelta(days=rng.choice((14, 21, 30, 45)))
        deal.closes.append((noticed, workday(moved)))


def _meet(deal: Deal, since: datetime, stage: int, stop: datetime, rng: random.Random) -> None:
    """Add what meetings the stage brings; the later the stage, the more of them."""
    for _ in range(rng.choice((0, 1, 1, 2)) + (stage >= 4)):
        at = moment(workday((since + timedelta(days=rng.uniform(1, _DWELL[stage]))).date()), rng)
        if since < at < stop:
            deal.meetings.append(
                Meeting(
                    at=at,
                    kind=rng.choices(("visit", "call", "video", "exhibition"), (6, 3, 2, 0.3))[0],
                    result=rng.choices(("advanced", "steady", "blocked", "nobody"), (5, 3, 1.5, 0.4))[0],
                    note=rng.choice(_NOTES),
                    commitment=rng.choice(_COMMITMENTS),
                )
            )
    deal.meetings.sort(key=lambda meeting: meeting.at)


def _meet_lately(deal: Deal, today: date, rng: random.Random) -> None:
    """Let a good rep have met the customer in these days; one in six has not."""
    at = moment(workday(today - timedelta(days=rng.randrange(1, 7))), rng)
    if rng.random() < 5 / 6 and deal.opened_at < at < datetime.combine(today, time(18), ZONE):
        deal.meetings.append(Meeting(at, "visit", "steady", rng.choice(_NOTES), rng.choice(_COMMITMENTS)))
        deal.meetings.sort(key=lambda meeting: meeting.at)


def since_opened(opened_at: datetime, wanted: datetime, now: datetime) -> datetime:
    """Return `wanted`, or half an hour after the opening where that is later, but never a time to come."""
    return min(now, max(wanted, opened_at + timedelta(minutes=30)))
