"""What files can bring in: dated assessments of customers by the ten factors."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time

from django.utils.translation import gettext_lazy as _

from accounts import actions, labels, queries, ratings
from accounts.imports.customers import ask_customers
from accounts.imports.outcomes import ACCOUNT_PROBLEMS, in_order, outcome
from accounts.imports.places import PLACE_FIELDS, find_accounts, place_key
from accounts.ratings import Scale, Unreadable
from accounts.records import AssessmentRow
from accounts.records import Outcome as Became
from accounts.segments import Factor
from exchange import targets
from exchange.mapping import Field, words
from exchange.matching import written_key
from exchange.queries import sellers
from exchange.records import Record
from exchange.staging import Outcome
from exchange.targets import Group, Occasion, Option, OwnerWords, Question, Survey, Target
from tenants.models import Membership
from tenants.permissions import Permission

_HEADINGS: Mapping[Factor, str] = {
    Factor.ORGANIZATION: "organizational characteristics, organisational characteristics, organization, 組織特徵, "
    "组织特征, 組織, 组织",
    Factor.MARKET_POSITION: "market growth position, market position, market growth, "
    "市場增長定位, 市场增长定位, 市場地位, 市场地位",
    Factor.REQUIREMENTS: "solution requirements, requirements, needs, 方案需求, 需求",
    Factor.STRATEGIC_VALUE: "strategic market value, strategic value, 戰略市場價值, 战略市场价值, 策略價值, 战略价值",
    Factor.OPPORTUNITIES: "opportunities, opportunity, 機會, 机会, 商機機會",
    Factor.SOLUTION_FIT: "solution fit, fit, 方案適用性, 方案适用性, 適用性, 适用性",
    Factor.ADVANTAGE: "competitive advantage, advantage, 競爭優勢, 竞争优势",
    Factor.TRACK_RECORD: "track record, history, 合作紀錄, 合作记录, 合作歷史, 合作历史",
    Factor.SPONSORSHIP: "sponsorship, sponsor, sponsors, 支持者, 內部支持, 内部支持",
    Factor.CULTURE: "cultural compatibility, culture, culture fit, 文化相容性, 文化兼容性, 文化",
}
_FACTOR_FIELDS = tuple(Field(factor, max_length=600, synonyms=words(_HEADINGS[factor])) for factor in Factor)
_BY = OwnerWords(
    heading=_("Who judged"),
    blank=_("Rows that name nobody"),
    skip=_("As rows that name nobody"),
    hint=_("These names belong to no member. Choose whose judgement it is."),
)
SCALE, DASH = "scale", "dash"
WEAK, NOTHING = "25", "nothing"
NOON = time(12)

SCALES: Mapping[Scale, targets.Text] = {
    Scale.HUNDRED: _("0 (poor) to 100 (good)"),
    Scale.FIVE: _("1 (poor) to 5 (good)"),
    Scale.FIVE_DOWN: _("1 (good) to 5 (poor)"),
    Scale.FOUR: _("0 (poor) to 4 (good)"),
    Scale.TEN: _("1 (poor) to 10 (good)"),
    Scale.SIGNED: _("−2 (poor) to 2 (good)"),
}
_TAIL = re.compile(r"\s*[:：;；,，(（\n]\s*|\s+[-–—]\s+|\s{2,}")


def _ask(survey: Survey, by: Membership) -> list[Group]:
    groups = [*ask_customers(survey, blank=False), targets.ask_owners(survey, sellers(by), by, field="by", words=_BY)]
    texts = {text for factor in Factor for text in survey.values(factor)}
    asked: list[Question] = []
    if (likely := ratings.likely_scale(_heads(texts))) is not None:
        options = [Option(scale, label) for scale, label in SCALES.items()]
        asked.append(Question(SCALE, _("Numbers mean"), options, likely))
    if any(ratings.is_dash(text) for text in texts):
        meant = [Option(WEAK, labels.STEPS[25]), Option(NOTHING, _("Not judged"))]
        asked.append(Question(DASH, _("A single dash means"), meant, WEAK if ratings.has_signs(texts) else NOTHING))
    if asked:
        groups.append(Group("ratings", _("Ratings"), asked))
    return groups


def _heads(texts: set[str]) -> Iterator[str]:
    return (_TAIL.split(text, maxsplit=1)[0] for text in texts)


def _rating(text: str, occasion: Occasion) -> tuple[int | None, bool, str]:
    """Return step, whether it was rounded, and what is written behind the rating: `好：CFO backs us`."""
    scale = occasion.answer(SCALE, Scale.HUNDRED)
    scale = Scale(scale) if scale in set(Scale) else Scale.HUNDRED
    dash = 25 if occasion.answer(DASH, NOTHING) == WEAK else None
    try:
        return (*ratings.read(text, scale, dash=dash), "")
    except Unreadable as whole:
        head, *tail = _TAIL.split(text, maxsplit=1)
        if not tail:
            raise
        try:
            return (*ratings.read(head, scale, dash=dash), tail[0].strip(" )）"))
        except Unreadable as part:
            raise (part if part.kind == "out_of_range" else whole) from None


def _judged(record: Record, occasion: Occasion) -> tuple[dict[Factor, int], dict[Factor, str]]:
    """Return the ratings of a row and what stands beside them."""
    steps: dict[Factor, int] = {}
    notes: dict[Factor, str] = {}
    for factor in Factor:
        if not (text := record.text(factor)):
            continue
        try:
            step, rounded, said = _rating(text, occasion)
        except Unreadable as bad:
            detail: dict[str, str | int] = {"value": text[:50]} if bad.kind == "unknown_choice" else {**bad.detail}
            record.reject(bad.kind, factor, **detail)
            continue
        if step is not None:
            steps[factor] = step
            if said:
                notes[factor] = said[:500]
            if rounded:
                record.remarks.append("rating_rounded")
    if steps and (text := record.text("notes")):
        first = next((factor for factor in steps if factor not in notes), next(iter(steps)))
        notes[first] = "; ".join(filter(None, [notes.get(first, ""), text]))[:500]
        record.remarks.append("note_at_factor")
    return steps, notes


def _moment(record: Record, occasion: Occasion) -> datetime | None:
    """Return when it was judged: noon of its day; what lies ahead is rejected."""
    day: date | None = record.values.get("judged_on")
    zone = occasion.by.organization.zone
    if day is None:
        record.remarks.append("judged_now")
        return occasion.at
    today = occasion.at.astimezone(zone).date()
    if day > today:
        record.reject("in_future", "judged_on", value=day.isoformat())
        return None
    return min(datetime.combine(day, NOON, tzinfo=zone), occasion.at)


def _row(record: Record, account_id: int, people: targets.Owners, occasion: Occasion) -> AssessmentRow | None:
    by_id, named = people.find(record.text("by"))
    if record.text("by") and not named:
        record.remarks.append("judge_by_default")
    steps, notes = _judged(record, occasion)
    at = _moment(record, occasion)
    if not steps and not record.problems:
        record.reject("nothing_judged")
    if by_id is None:
        record.reject("no_judge", "by")
    if record.problems or at is None or by_id is None:
        return None
    return AssessmentRow(account_id, by_id, at, steps, notes, is_dated=record.values.get("judged_on") is not None)


def _apply(records: Sequence[Record], occasion: Occasion) -> list[Outcome]:
    people = targets.Owners(sellers(occasion.by), occasion, field="by")
    places = find_accounts(records, occasion)
    reach = queries.within_reach(occasion.by, places.values())
    sound: list[tuple[Record, AssessmentRow]] = []
    for record in records:
        if record.problems:
            continue
        if places[record.number] not in reach:
            record.reject("not_yours", "account")
        elif row := _row(record, places[record.number], people, occasion):
            sound.append((record, row))
    answers = actions.import_assessments([row for _record, row in sound], by=occasion.by, at=occasion.at)
    for (_record, row), answer in zip(sound, answers, strict=True):
        if answer.outcome == Became.CREATED:
            occasion.ledger.created("assessment", answer.pk, row.by_id)
    taken = {record.number: outcome(record, answer) for (record, _row), answer in zip(sound, answers, strict=True)}
    return in_order(records, taken)


def _key(record: Record) -> str:
    day: date | None = record.values.get("judged_on")
    return "|".join([place_key(record), day.isoformat() if day else "", written_key(record.text("by"))])


targets.register(
    Target(
        code="assessments",
        label=_("Assessments"),
        hint=_("The ten factors of your customers, judged on a day: in words, signs or numbers."),
        icon="circle-gauge",
        position=35,
        permission=Permission.ACCOUNT_EDIT,
        fields=(
            *PLACE_FIELDS,
            Field(
                "judged_on",
                "date",
                synonyms=words(
                    "date, assessed on, assessment date, judged on, as of, 日期, "
                    " 評估日期, 评估日期, 評估日, 評分日期, 评分日期"
                ),
            ),
            Field(
                "by",
                "owner",
                synonyms=words(
                    "assessed by, judged by, assessor, owner, sales rep, "
                    "評估人, 评估人, 評分人, 评分人, 負責人, 负责人, 業務"
                ),
            ),
            *_FACTOR_FIELDS,
            Field(
                "notes",
                "notes",
                max_length=500,
                synonyms=words("note, comment, comments, remarks, 備註, 备注, 說明, 说明"),
            ),
        ),
        words={
            "account": _("Customer"),
            "account_number": _("Number of the customer in the other system"),
            "judged_on": _("Judged on"),
            "by": _("Judged by"),
            **{str(factor): label for factor, label in labels.FACTORS.items()},
            "notes": _("Notes"),
        },
        key=_key,
        apply=_apply,
        ask=_ask,
        problems={
            **ACCOUNT_PROBLEMS,
            "in_future": _("%(value)s lies in the future"),
            "in_future_many": _("Date in the future"),
            "nothing_judged": _("no factor is judged"),
            "nothing_judged_many": _("No factor judged"),
            "no_judge": _("nobody is there whose judgement it is"),
            "no_judge_many": _("Nobody whose judgement it is"),
        },
        remarks={
            "rating_rounded": _("A number between two steps; the nearest was taken"),
            "judged_now": _("No date; judged on the day of the import"),
            "judge_by_default": _("Name unknown here; taken as the judgement of whom you chose"),
            "note_at_factor": _("The note was put beside the first factor that is judged"),
        },
    )
)
