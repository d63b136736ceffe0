"""What can be imported. Apps to the right register their targets here, from their `imports.py`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeAlias

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from exchange.mapping import Field
from exchange.matching import Names, written_key
from exchange.records import Record
from exchange.staging import Outcome
from exchange.survey import Column
from exchange.traces import Ledger
from tenants.ids import read_id
from tenants.models import Invitation, Membership
from tenants.permissions import Permission

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Text: TypeAlias = "str | _StrPromise"


@dataclass(frozen=True)
class Option:
    """One answer that a question takes."""

    value: str
    label: Text


@dataclass(frozen=True)
class Question:
    """Something about the file that only the user knows.

    `code` is unique in the import, `label` what is asked (often a text of the file), `rows` how many rows it concerns
    (0: not said), `default` the value of the likeliest answer.
    """

    code: str
    label: Text
    options: Sequence[Option]
    default: str
    rows: int = 0

    @property
    def rows_text(self) -> str:
        """The number of rows, grouped for reading."""
        return f"{self.rows:,}"


@dataclass(frozen=True)
class Group:
    """Questions that belong together, under one heading."""

    code: str
    label: Text
    questions: Sequence[Question]
    hint: Text = ""


@dataclass(frozen=True)
class Survey:
    """What is known of a file under a mapping: its rows, and the column behind each mapped field."""

    rows: int
    columns: Mapping[str, Column]

    def values(self, code: str) -> Mapping[str, int]:
        """Return the distinct texts of a field's column, with how many rows hold each."""
        column = self.columns.get(code)
        return column.values if column else {}

    def blank(self, code: str) -> int:
        """Return how many rows have nothing in this field; all of them without a column."""
        column = self.columns.get(code)
        return column.blank if column else self.rows


@dataclass(frozen=True)
class Occasion:
    """Who imports, when, and how the questions were answered (by their codes).

    In a `dry` run all that is written is taken back: what no outcome depends on need not be written at all. Every row
    that is created or changed is noted in the `ledger`, so that the import can be undone.
    """

    by: Membership
    at: datetime
    answers: Mapping[str, str]
    dry: bool = False
    ledger: Ledger = field(default_factory=Ledger)

    def answer(self, code: str, default: str = "") -> str:
        """Return the answer to a question."""
        return self.answers.get(code, default)


@dataclass(frozen=True)
class Target:
    """One kind of thing that files bring in.

    :param fields: what a column can fill, with `words` naming each.
    :param key: what makes a row the same thing as another row of the file; None when it cannot be told.
    :param ask: the questions that a file under a mapping leaves open.
    :param apply: writes records inside the caller's transaction and answers for each, in order. It rejects what it
        cannot take by an outcome, never by an exception. The dry run calls it too and rolls back. What it creates and
        changes it notes in the occasion's ledger, under the code of a `keepers.Keeper`.
    :param problems: words for its own codes of rejection, with named placeholders.
    :param remarks: words for its codes of remark; each is said with the number of rows.
    :param permission: what whoever brings it in must be allowed besides importing; only they are offered it.
    :param ended: told once, in the transaction that ends an import (not a dry run), of all that its ledger holds.
    :param grave: the fields that nobody fills or takes back without having just said that it is them.
    """

    code: str
    label: Text
    hint: Text
    icon: str
    fields: Sequence[Field]
    words: Mapping[str, Text]
    key: Callable[[Record], str | None]
    apply: Callable[[Sequence[Record], Occasion], list[Outcome]]
    ask: Callable[[Survey, Membership], list[Group]] = lambda survey, by: []
    problems: Mapping[str, Text] = field(default_factory=dict)
    remarks: Mapping[str, Text] = field(default_factory=dict)
    position: int = 0
    permission: Permission = Permission.IMPORT_RUN
    ended: Callable[[Occasion], None] = lambda occasion: None
    grave: frozenset[str] = frozenset()

    def is_open_to(self, member: Membership) -> bool:
        """Whether a member may bring it in."""
        return member.can(Permission.IMPORT_RUN) and member.can(self.permission)


TARGETS: dict[str, Target] = {}


def register(target: Target) -> None:
    """Make a target available to imports."""
    TARGETS[target.code] = target


def targets(by: Membership) -> list[Target]:
    """Return every target that a member may bring in, in the order in which a newcomer needs them."""
    return sorted((each for each in TARGETS.values() if each.is_open_to(by)), key=lambda target: target.position)


def question_code(group: str, value: str = "") -> str:
    """Return the code of the question about a text of the file, or of a group's only question."""
    if not value:
        return group
    return f"{group}-{blake2b(written_key(value).encode('utf-8', 'replace'), digest_size=6).hexdigest()}"


# Questions that every target asks alike ---------------------------------------------------------

MOST_QUESTIONS = 60
REJECT = "reject"
SKIP = "skip"
CREATE = "create"


def ask_each(
    group: str, values: Iterable[tuple[str, int]], options: Sequence[Option], default: Callable[[str], str]
) -> list[Question]:
    """Ask one question per text of the file, the commonest first."""
    ordered = sorted(values, key=lambda item: -item[1])[:MOST_QUESTIONS]
    return [Question(question_code(group, text), text, options, default(text), rows) for text, rows in ordered]


def ask_names(
    group: str,
    values: Mapping[str, int],
    known: Names[int],
    *,
    unknown: Sequence[Option],
    default: str,
    likeness: float = 0.82,
) -> list[Question]:
    """Ask about every name that is not on a list, offering the closest one that is.

    An answer is "id:<key>" or one of `unknown`; a closest name at least so much alike is the default.
    """
    questions: list[Question] = []
    for text, rows in sorted(values.items(), key=lambda item: -item[1]):
        found = known.find(text)
        if found.kind == "exact":
            continue
        options, best = list(unknown), default
        if found.kind == "close":
            options.insert(0, Option(f"id:{found.key}", found.name))
            if found.likeness >= likeness:
                best = f"id:{found.key}"
        elif len(questions) >= MOST_QUESTIONS:
            continue
        questions.append(Question(question_code(group, text), text, options, best, rows))
    questions.sort(key=lambda question: (not question.default.startswith("id:"), -question.rows))
    return questions[:MOST_QUESTIONS]


def answered_id(answer: str) -> int | None:
    """Return the key in an answer "id:<key>"."""
    head, _sep, tail = answer.partition(":")
    return read_id(tail) if head == "id" else None


REJECT_ROWS = Option(REJECT, _("Reject these rows"))
LEAVE_EMPTY = Option(SKIP, _("Leave it empty"))


# Owners ------------------------------------------------------------------------------------------

DEFAULT_OWNER = "owner-default"


@dataclass(frozen=True)
class OwnerWords:
    """How the questions about a kind of owner are put: heading, rows without one, taking a name for none, hint."""

    heading: Text
    blank: Text
    skip: Text
    hint: Text


OWNER_WORDS = OwnerWords(
    _("Owners"),
    _("Rows without an owner"),
    _("As rows without an owner"),
    _("These names belong to no member. Choose who takes over their rows."),
)


def ask_owners(
    survey: Survey,
    members: Sequence[Membership],
    by: Membership,
    *,
    field: str = "owner",
    words: OwnerWords = OWNER_WORDS,
) -> Group:
    """Ask who gets rows without an owner, and whom each name means that no member has."""
    options = [Option(f"id:{member.pk}", member.name) for member in members]
    own = f"id:{by.pk}"
    first = own if any(option.value == own for option in options) else options[0].value if options else ""
    values = survey.values(field)
    people = member_names(members)
    unknown = {text: rows for text, rows in values.items() if people.find(text).kind != "exact"}
    asked = [
        Question(
            DEFAULT_OWNER,
            words.blank,
            options,
            first,
            survey.blank(field),
        )
    ]
    asked += ask_names(field, unknown, people, unknown=[Option(SKIP, words.skip), *options], default=SKIP)
    return Group("owner", words.heading, _with_invited(asked), words.hint if unknown else "")


def _with_invited(questions: Sequence[Question]) -> list[Question]:
    """Say of names that an invitation waits for that they were invited: they can own rows once they have joined."""
    waiting = Invitation.objects.filter(accepted_at=None, withdrawn_at=None).values_list("name", "email")
    invited = {written_key(text) for pair in waiting for text in pair if text}
    return [
        replace(each, label=format_lazy("{name} ({state})", name=each.label, state=_("invited, has not joined yet")))
        if written_key(str(each.label)) in invited
        else each
        for each in questions
    ]


def member_names(members: Sequence[Membership]) -> Names[int]:
    """Return members to be found by their name or e-mail."""
    return Names(
        [(member.name, member.pk) for member in members] + [(member.user.email, member.pk) for member in members]
    )


class Owners:
    """Finds the member that a row's owner means, as the questions of `ask_owners` were answered."""

    def __init__(self, members: Sequence[Membership], occasion: Occasion, *, field: str = "owner") -> None:
        self._names, self._occasion, self._field = member_names(members), occasion, field
        self._ids = {member.pk for member in members}
        self.default = self._checked(answered_id(occasion.answer(DEFAULT_OWNER)))

    def _checked(self, pk: int | None) -> int | None:
        return pk if pk in self._ids else None

    def find(self, text: str) -> tuple[int | None, bool]:
        """Return the member's id (None: nobody), and whether the file itself named that member."""
        if not text:
            return self.default, False
        found = self._names.find(text)
        if found.kind == "exact":
            return found.key, True
        chosen = self._checked(answered_id(self._occasion.answer(question_code(self._field, text))))
        return (chosen, True) if chosen else (self.default, False)
