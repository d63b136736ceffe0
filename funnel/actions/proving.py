"""Filing the evidence that a stage is complete, and judging it."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from accounts import actions as accounts_actions
from accounts import names
from accounts.models import Account, Contact
from funnel.actions import _bell, _log
from funnel.actions._checklist import ensure_items, item_row
from funnel.actions._evidence import heed_rivals, held, keep, record, take_away, wait_anew
from funnel.actions._proof import keep_told
from funnel.actions.moving import UNDO_WITHIN
from funnel.actions.rivals import ensure_competitor, put_on_sheet
from funnel.evidence import Kind, State, ask_filing, ask_verdict
from funnel.facts import check_amount
from funnel.history import ImportedEvidence
from funnel.judges import judge_anew
from funnel.models import Evidence, EvidenceItem, Opportunity, Rival, led_by
from funnel.papers import Paper
from jobs.actions import store_file, unsay
from jobs.models import StoredFile
from tenants import audit
from tenants.errors import Refused, Stale
from tenants.models import Membership

NOTE_LENGTH, WORD_LENGTH = 2_000, 500


@transaction.atomic
def file_evidence(
    opportunity: Opportunity,
    item: EvidenceItem | str,
    *,
    note: str = "",
    contact: Contact | None = None,
    new_contact: str = "",
    on: date | None = None,
    amount: int | None = None,
    rivals: Iterable[Account] = (),
    new_rival: str = "",
    no_rival: bool = False,
    paper: Paper | None = None,
    seen: int,
    by: Membership,
    at: datetime,
) -> Evidence:
    """File a piece of evidence with the value that its kind asks for.

    A second filing of the same item replaces the first and waits for a verdict anew, whatever the verdict was; the
    audit keeps what stood. The same again changes nothing.

    :param item: the item, or its key (the code of a standard item, `own-<id>`).
    :param new_contact: the name of a person who is not in the archive yet, where no contact is given.
    :param amount: minor units of the reporting currency.
    :param rivals: competitors who are put on the strategy sheet, where they do not stand yet; `new_rival` names one who
        is not kept yet. Whoever stands there is what such an item says.
    :param no_rival: there is none.
    :param paper: a file; None keeps the one that is there.
    :param seen: the version of the evidence that the caller saw; 0 for none.
    :raises EvidenceItem.DoesNotExist: no such item.
    :raises Stale: somebody has filed or judged it since.
    :raises Refused: see `ask_filing`; `item_removed`, `note_too_long`, `contact_elsewhere`, `amount_negative`,
        `amount_too_large`, `not_a_competitor`.
    """
    opportunity = _log.lock(opportunity, by=by)
    row = item_row(item) if isinstance(item, str) else item
    if not row.is_active:
        raise Refused("item_removed")
    before = _filed(opportunity, row)
    if before is not None:  # what a second click brings anew is there already
        if contact is None and before.contact is not None and before.contact.name == new_contact.strip():
            contact = before.contact
        paper = None if _is_kept(before, paper) else paper
    evidence = before or Evidence(opportunity=opportunity, item=row, version=0)
    stood = list(Rival.objects.on(opportunity)) if row.kind == Kind.RIVALS or evidence.has_rivals else []
    was = held(evidence, stood)
    evidence.note, evidence.contact, evidence.on, evidence.amount = note.strip(), contact, on, amount
    evidence.has_rivals = not no_rival if row.kind == Kind.RIVALS else None
    is_new = contact is None and bool(new_contact.strip())
    coming = _coming(stood, rivals, new_rival) if row.kind == Kind.RIVALS else []
    _ask(evidence, row, has_contact=is_new, has_file=paper is not None, has_rivals=bool(stood or coming))
    adds = is_new or paper is not None or bool(coming)
    if before is not None and not adds and was == held(evidence, stood) and evidence.state != State.SENT_BACK:
        return before
    if before is not None and before.version != seen:
        before.refresh_from_db(fields=["note", "contact", "on", "amount", "has_rivals"])
        raise _changed(before)
    if is_new:
        evidence.contact = accounts_actions.create_contact(opportunity.account, name=new_contact, by=by, at=at)
    if paper is not None:
        evidence.file = store_file(paper.name, paper.content, paper.content_type, by=by, at=at)
    for competitor in coming:
        known = ensure_competitor(competitor, by=by, at=at) if isinstance(competitor, str) else competitor
        put_on_sheet(opportunity, known, by=by, at=at)
    wait_anew(evidence, by=by, at=at)
    if was["file_id"] and was["file_id"] != evidence.file_id:
        StoredFile.objects.filter(pk=was["file_id"]).delete()
    stand = stood
    if coming:
        stand = list(Rival.objects.on(opportunity))
        heed_rivals(opportunity, stood, but=row, by=by, at=at)
    keep(opportunity, row, by=by, at=at)
    record("evidence.filed", opportunity, row, was, held(evidence, stand), by=by, at=at)
    _log.judge(opportunity, by=by, at=at)
    return evidence


def _coming(stood: Sequence[Rival], rivals: Iterable[Account], new_rival: str) -> list[Account | str]:
    """Return who is to be put on the sheet: whoever stands there stays as they are."""
    there = {rival.competitor_id for rival in stood}
    known: list[Account | str] = [each for each in rivals if each.pk not in there]
    keys = {names.key(rival.competitor.name) for rival in stood} | {
        names.key(each.name) for each in known if isinstance(each, Account)
    }
    return known + [new_rival] * bool(new_rival.strip() and names.key(new_rival) not in keys)


def _filed(opportunity: Opportunity, row: EvidenceItem) -> Evidence | None:
    """Return what is filed for an item, with who filed and judged it; its file without the content."""
    rows = Evidence.objects.select_related("by__user", "judged_by__user", "contact", "file").defer("file__content")
    found: Evidence | None = rows.filter(opportunity=opportunity, item=row).first()
    return found


def _is_kept(evidence: Evidence, paper: Paper | None) -> bool:
    kept = evidence.file
    if paper is None or kept is None:
        return False
    return kept.name == paper.name[:200] and kept.sha256 == hashlib.sha256(paper.content).hexdigest()


def _ask(evidence: Evidence, row: EvidenceItem, *, has_contact: bool, has_file: bool, has_rivals: bool) -> None:
    if len(evidence.note) > NOTE_LENGTH:
        raise Refused("note_too_long")
    if evidence.contact is not None and evidence.contact.account_id != evidence.opportunity.account_id:
        raise Refused("contact_elsewhere")
    check_amount(evidence.amount)
    ask_filing(
        Kind(row.kind),
        row.key,
        note=evidence.note,
        has_contact=has_contact or evidence.contact is not None,
        on=evidence.on,
        amount=evidence.amount,
        has_file=has_file or evidence.file_id is not None,
        has_rivals=has_rivals,
        no_rival=evidence.has_rivals is False,
    )


@transaction.atomic
def withdraw_evidence(
    opportunity: Opportunity, item: EvidenceItem | str, *, seen: int, by: Membership, at: datetime
) -> None:
    """Take a piece of evidence back, since it proved wrong; the audit keeps what it said, its file goes.

    It may be gone already.

    :raises Stale: somebody has filed or judged it since version `seen`.
    """
    opportunity = _log.lock(opportunity, by=by)
    row = item_row(item) if isinstance(item, str) else item
    evidence = _filed(opportunity, row)
    if evidence is None:
        return
    if evidence.version != seen:
        raise _changed(evidence)
    take_away(evidence, opportunity, rivals=_rivals_of(evidence), by=by, at=at)
    keep(opportunity, row, by=by, at=at)
    _log.judge(opportunity, by=by, at=at)


@transaction.atomic
def judge_evidence(
    opportunity: Opportunity,
    item: EvidenceItem | str,
    *,
    verdict: State,
    word: str = "",
    seen: int,
    by: Membership,
    at: datetime,
) -> Evidence:
    """Verify a piece of evidence, mark it as confirmed by the customer, or send it back with a word.

    The same verdict by the same person again changes nothing.

    :param seen: the version of the evidence that the caller saw.
    :raises Evidence.DoesNotExist: nothing is filed (any more).
    :raises Stale: somebody else has judged it, or it was filed anew, since.
    :raises Refused: see `ask_verdict`; `word_too_long`.
    """
    opportunity = _log.lock(opportunity)
    row = item_row(item) if isinstance(item, str) else item
    word, evidence = word.strip(), _filed(opportunity, row)
    if evidence is None:
        raise Evidence.DoesNotExist
    ask_verdict(
        verdict=verdict,
        word=word,
        is_active=row.is_active,
        judge=by.pk,
        owner=opportunity.owner_id,
        filed_by=evidence.by_id,
        led=led_by(by),
    )
    if len(word) > WORD_LENGTH:
        raise Refused("word_too_long", limit=WORD_LENGTH)
    if (evidence.state, evidence.judged_by_id, evidence.word) == (verdict, by.pk, word):
        return evidence
    if evidence.version != seen:
        raise _changed(evidence)
    was = evidence.state
    evidence.state, evidence.judged_by, evidence.judged_at, evidence.word = verdict, by, at, word
    evidence.version += 1
    evidence.save(update_fields=["state", "judged_by", "judged_at", "word", "version"])
    keep(opportunity, row, by=by, at=at)
    facts = {"item": row.key, "stage": row.stage, "state": [str(was), str(verdict)], "word": word}
    audit.record("evidence.judged", opportunity, by=by, at=at, **facts)
    _log.judge(opportunity, by=by, at=at)
    if verdict == State.SENT_BACK:
        _tell_sent_back(evidence, opportunity, row, by=by, at=at)
    return evidence


@transaction.atomic
def unjudge_evidence(
    opportunity: Opportunity, item: EvidenceItem | str, *, seen: int, by: Membership, at: datetime
) -> Evidence:
    """Take back the verdict that one has just said: the evidence waits for one anew.

    :param seen: the version that the verdict made.
    :raises Evidence.DoesNotExist: nothing is filed (any more).
    :raises Refused: `not_yours`, `too_late` after 30 s, `already_undone`, `changed_since`.
    """
    opportunity = _log.lock(opportunity)
    row = item_row(item) if isinstance(item, str) else item
    evidence = _filed(opportunity, row)
    if evidence is None:
        raise Evidence.DoesNotExist
    if evidence.state == State.FILED and evidence.version == seen + 1:
        raise Refused("already_undone")
    if evidence.version != seen or evidence.judged_at is None:
        raise Refused("changed_since")
    if evidence.judged_by_id != by.pk:
        raise Refused("not_yours")
    if at - evidence.judged_at > UNDO_WITHIN:
        raise Refused("too_late")
    unsay(_bell_key(evidence))
    was, judged_at = evidence.state, evidence.judged_at
    evidence.state, evidence.judged_by, evidence.judged_at, evidence.word = State.FILED, None, None, ""
    evidence.version += 1
    evidence.save(update_fields=["state", "judged_by", "judged_at", "word", "version"])
    keep(opportunity, row, by=by, at=at, undoing=judged_at)
    facts = {"item": row.key, "stage": row.stage, "state": [str(was), str(State.FILED)]}
    audit.record("evidence.unjudged", opportunity, by=by, at=at, **facts)
    _log.judge(opportunity, by=by, at=at)
    return evidence


def _bell_key(evidence: Evidence) -> str:
    return f"evidence:{evidence.pk}:{evidence.version}"


def _rivals_of(evidence: Evidence) -> list[Rival]:
    return list(Rival.objects.on(evidence.opportunity)) if evidence.has_rivals else []


def _changed(evidence: Evidence) -> Stale:
    """Return the refusal that shows what stands now: the other verdict, or what was filed since."""
    judged = evidence.judged_by or evidence.by
    theirs = {
        "item": evidence.item.key,
        "state": evidence.state,
        "word": evidence.word,
        "note": evidence.note,
        "amount": evidence.amount,
        "on": evidence.on,
        "contact": evidence.contact.name if evidence.contact else "",
        "file": evidence.file.name if evidence.file else "",
        "rivals": [rival.competitor.name for rival in _rivals_of(evidence)],
        "no_rival": evidence.has_rivals is False,
    }
    when = evidence.judged_at or evidence.at
    return Stale(theirs, version=evidence.version, changed_by=judged.name, changed_at=when)


def _tell_sent_back(
    evidence: Evidence, opportunity: Opportunity, row: EvidenceItem, *, by: Membership, at: datetime
) -> None:
    """Tell who filed it, and the owner, unless they sent it back themselves."""
    told: dict[str, Any] = {"item": row.key, "label": row.label, "word": evidence.word}
    people = [evidence.by_id, opportunity.owner_id]
    _bell.tell(people, "evidence_sent_back", opportunity, key=_bell_key(evidence), by=by, at=at, **told)


@transaction.atomic
def import_evidence(rows: Sequence[tuple[int, str, str, int] | ImportedEvidence], *, at: datetime) -> int:
    """File many pieces of evidence by their notes and values; what is filed already stays. Returns how many are new.

    It waits for its verdict as any other, so nothing is proven by it.

    :param rows: opportunity id, key of the item, note, membership id of who files it; and what else is known of it.
    :param at: when those were filed that do not say so themselves.
    """
    ensure_items()
    items = {item.key: item for item in EvidenceItem.objects.all()}
    brought = [ImportedEvidence(*row) for row in rows]
    before = Evidence.objects.count()
    Evidence.objects.bulk_create(
        (
            Evidence(
                opportunity_id=row.opportunity_id,
                item=items[row.key],
                note=row.note[:NOTE_LENGTH],
                contact_id=row.contact_id,
                on=row.on,
                amount=row.amount,
                has_rivals=row.has_rivals,
                by_id=row.by_id,
                at=row.at or at,
            )
            for row in brought
        ),
        batch_size=1_000,
        ignore_conflicts=True,
    )
    ids = {row.opportunity_id for row in brought}
    keep_told(ids)
    judge_anew(ids, at=at)
    return int(Evidence.objects.count() - before)
