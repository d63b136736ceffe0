"""The company that is measured: seeded rows, written by COPY. Pure: the same size and day give the same rows."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from accounts import names
from funnel.evidence import STANDARD
from funnel.history import Snapshot, reach
from funnel.stages import PERCENT, Category, Reason, Stage, Status, default_category

SEED = 20260101
YEARS = 3
OPEN_SHARE = 5  # one in five is open
STAGE_OF_OPEN = (1,) * 25 + (2,) * 25 + (3,) * 20 + (4,) * 14 + (5,) * 10 + (6,) * 6
HEALTH = ("ok",) * 6 + ("watch",) * 2 + ("risk",)
FLAGS = {"ok": (), "watch": ("stalled",), "risk": ("overdue", "silent")}
OUTCOMES = (Status.WON,) * 9 + (Status.LOST,) * 8 + (Status.ABANDONED,) * 3
REASONS = (Reason.PRICE, Reason.RIVAL, Reason.NO_BUDGET, Reason.TIMING)
PREFIXES = (
    "宏昇",
    "永嘉",
    "晟泰",
    "立穎",
    "佳峰",
    "恆曜",
    "鼎沛",
    "聯宸",
    "瑞禾",
    "華岳",
    "景澄",
    "新茂",
    "Arden",
    "Boreal",
)
TRADES = ("精密", "電子", "光電", "機械", "物流", "食品", "紡織", "生技", "化工", "營造", "醫材", "鋼鐵")
THEMES = ("一期", "二期", "新廠", "改善專案", "年度授權", "擴充", "試點", "汰換")
THINGS = ("產線監控", "預知保養", "報工模組", "檢測整合", "品質追溯", "能源管理", "碳盤查", "倉儲授權")
STEPS = ("補上競品比較表", "邀請參觀示範場域", "安排技術長對談", "送修正版報價單", "回覆資安問卷", "")
MILLION = 100_000_000  # of cents
LOGGED = 20  # rows of the change log for each opportunity: 2,000,000 in a company of 100,000 opportunities

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Size:
    """How large a company is."""

    accounts: int
    opportunities: int


@dataclass(frozen=True)
class Place:
    """Where the rows go: the organization, who owns them, what they name, and from which ids on they are numbered."""

    organization: int
    owners: Sequence[int]
    products: Sequence[int]
    items: Sequence[int]  # ids of the standard evidence items, in their order
    first_account: int
    first_opportunity: int


def text(value: Any) -> str:
    """Return a value as COPY reads it."""
    if value is None:
        return r"\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n")


ACCOUNT = [
    "id",
    "organization_id",
    "name",
    "name_key",
    "kind",
    "owner_id",
    "industry",
    "region",
    "address",
    "phone",
    "website",
    "tax_id",
    "source",
    "notes",
    "annual_revenue",
    "segment",
    "needs_assessment",
    "confidence",
    "external_id",
    "version",
    "created_at",
    "updated_at",
]
OPPORTUNITY = [
    "id",
    "organization_id",
    "account_id",
    "name",
    "owner_id",
    "product_id",
    "status",
    "stage",
    "stage_entered_at",
    "amount",
    "quoted_currency",
    "expected_close_on",
    "category",
    "category_is_own",
    "opened_at",
    "closed_at",
    "reason",
    "reason_note",
    "rival",
    "next_step",
    "next_step_on",
    "last_contact_at",
    "push_count",
    "health",
    "flags",
    "source",
    "external_id",
    "version",
    "updated_at",
    "updated_by_id",
]
CHANGE = [
    "organization_id",
    "opportunity_id",
    "kind",
    "old",
    "new",
    "percent",
    "by_id",
    "why",
    "occurred_at",
    "recorded_at",
]
EVIDENCE = ["organization_id", "opportunity_id", "item_id", "note", "by_id", "at"]
SEARCH = ["organization_id", "kind", "object_id", "suffix"]


def search_rows(organization: int, kind: str, pk: int, name: str) -> Iterator[Row]:
    """Yield the rows by which a name is found."""
    for suffix in names.suffixes(name):
        yield (organization, kind, pk, suffix)


def accounts(place: Place, size: Size, today: date) -> Iterator[Row]:
    """Yield the customers."""
    dice = random.Random(SEED)
    made = datetime.combine(today - timedelta(days=365 * YEARS), time(9), UTC)
    for n in range(size.accounts):
        name = f"{dice.choice(PREFIXES)}{dice.choice(TRADES)} {n + 1}"
        yield (
            place.first_account + n,
            place.organization,
            name,
            names.key(name),
            "customer",
            dice.choice(place.owners),
            dice.choice(TRADES),
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            dice.randrange(50) * MILLION,
            dice.choice("ABCD"),
            False,
            0,
            "",
            1,
            made,
            made,
        )


@dataclass(frozen=True)
class Sale:
    """One opportunity and what happened to it."""

    row: Row
    changes: Sequence[Row]
    evidence: Sequence[Row]


def sales(place: Place, size: Size, today: date) -> Iterator[Sale]:
    """Yield the opportunities: one in five open, the others closed over three years; each with its change log."""
    dice = random.Random(SEED + 1)
    for n in range(size.opportunities):
        yield _sale(place, size, today, dice, n)


def _moment(day: date, dice: random.Random) -> datetime:
    return datetime.combine(day, time(dice.randrange(1, 9), dice.randrange(60)), UTC)


def _sale(place: Place, size: Size, today: date, dice: random.Random, n: int) -> Sale:
    pk, organization, owner = place.first_opportunity + n, place.organization, dice.choice(place.owners)
    is_open = n % OPEN_SHARE == 0
    ended = None if is_open else today - timedelta(days=dice.randrange(1, 365 * YEARS))
    opened = (ended or today) - timedelta(days=dice.randrange(2, 240))
    status = Status.OPEN if is_open else dice.choice(OUTCOMES)
    stage = Stage.DEPLOY if status == Status.WON else Stage(dice.choice(STAGE_OF_OPEN))
    amount = None if dice.random() < 0.01 else int(dice.lognormvariate(0, 1) * 1000) * (MILLION // 1000)
    due = None if dice.random() < 0.02 else (ended or today + timedelta(days=dice.randrange(-30, 300)))
    health = dice.choice(HEALTH) if is_open else "ok"
    begun, closed = _moment(opened, dice), _moment(ended, dice) if ended else None
    pushes = dice.choice((0, 0, 0, 1, 2)) if is_open and due else 0
    life = _Life(place, pk, owner, random.Random(pk), amount, due, pushes, begun)
    changes, entered = life.told(stage, until=ended or today, rows=LOGGED - bool(closed))
    if closed:
        left = Stage(min(stage, Stage.CLOSE))
        changes.append(_change(place, pk, owner, status, _standing(left), _ended(status, stage, closed), stage, closed))
        entered = closed if status == Status.WON else entered
    coming = dice.choice(STEPS) if is_open else ""
    reason = dice.choice(REASONS) if status in {Status.LOST, Status.ABANDONED} else ""
    row = (
        pk,
        organization,
        place.first_account + dice.randrange(size.accounts),
        f"{dice.choice(THINGS)} {dice.choice(THEMES)}",
        owner,
        dice.choice(place.products),
        status,
        int(stage),
        entered,
        amount,
        "",
        due,
        default_category(stage) if is_open else Category.CLOSED,
        False,
        begun,
        closed,
        reason,
        "",
        "",
        coming,
        today + timedelta(days=dice.randrange(-5, 30)) if coming else None,
        _moment(today - timedelta(days=dice.randrange(1, 40)), dice) if is_open else None,
        pushes,
        health,
        "{" + ",".join(FLAGS[health]) + "}",
        "",
        "",
        len(changes),
        changes[-1][-1],
        owner,
    )
    proven = [at for at, (key, of) in enumerate(_ITEMS) if is_open and of < stage and dice.random() < 0.5]
    evidence = [(organization, pk, place.items[at], "會議紀錄已簽認", owner, entered) for at in proven]
    return Sale(row, changes, evidence)


@dataclass
class _Life:
    """What happened to an opportunity from its beginning on, so that it ends at this amount and expected close."""

    place: Place
    pk: int
    owner: int
    dice: random.Random
    amount: int | None
    due: date | None
    pushes: int
    begun: datetime
    stage: Stage = Stage.DISCOVER

    def told(self, stage: Stage, *, until: date, rows: int) -> tuple[list[Row], datetime]:
        """Return so many rows of the log, and when the stage was entered; the last step of a sale is its end."""
        steps, entered = min(stage, Stage.CLOSE) - 1, self.begun
        kinds = ["stage"] * steps + ["expected_close"] * self.pushes
        kinds += self.dice.choices(("amount", "amount", "rate"), k=rows - 1 - len(kinds)) if self.amount else []
        self.dice.shuffle(kinds)
        prices = [self._price() for kind in kinds if kind in {"amount", "rate"}]
        coming: dict[str, list[Any]] = {"price": [*prices, self.amount], "close": self._closes()}
        held = {name: values.pop(0) for name, values in coming.items()}
        category = default_category(Stage.DISCOVER)
        start = Snapshot.as_json(
            stage=1,
            amount=held["price"],
            expected_close_on=held["close"],
            owner=self.owner,
            category=category,
            proven=reach(1, PERCENT),
        )
        changes = [self._change("created", None, start, self.begun)]
        last = max((until - self.begun.date()).days - 1, 1)
        for day, kind in zip(sorted(self.dice.randrange(last) for _ in kinds), kinds, strict=True):
            at = max(changes[-1][-1], _moment(self.begun.date() + timedelta(days=day), self.dice))
            if kind == "stage":
                self.stage, entered = Stage(self.stage + 1), at
                changes.append(self._change(kind, self.stage - 1, int(self.stage), at))
                before, category = category, default_category(self.stage)
                changes += [self._change("category", before, category, at)] if before != category else []
                continue
            name = "close" if kind == "expected_close" else "price"
            before, held[name] = held[name], coming[name].pop(0)
            changes.append(self._change(kind, _plain(before), _plain(held[name]), at))
        return changes, entered

    def _price(self) -> int:
        return int((self.amount or 0) * self.dice.uniform(0.6, 1.4))

    def _closes(self) -> list[date | None]:
        """The expected closes one after the other; 40 days later is always another month."""
        due = self.due
        return [due and due - timedelta(days=40 * nth) for nth in range(self.pushes, -1, -1)]

    def _change(self, kind: str, old: Any, new: Any, at: datetime) -> Row:
        return _change(self.place, self.pk, self.owner, kind, old, new, self.stage, at)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


_ITEMS = [(code, stage) for stage, codes in STANDARD.items() for code in codes]


def _standing(stage: Stage) -> dict[str, Any]:
    return {
        "status": "open",
        "stage": int(stage),
        "category": str(default_category(stage)),
        "closed_at": None,
        "reason": "",
        "reason_note": "",
        "rival": "",
    }


def _ended(status: Status, stage: Stage, closed: datetime) -> dict[str, Any]:
    ended = {"status": str(status), "stage": int(stage), "category": str(Category.CLOSED)}
    return {**_standing(stage), **ended, "closed_at": closed.isoformat()}


def _change(place: Place, pk: int, by: int, kind: str, old: Any, new: Any, stage: Stage, at: datetime) -> Row:
    return (place.organization, pk, kind, json.dumps(old), json.dumps(new), PERCENT[stage], by, "", at, at)
