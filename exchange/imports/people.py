"""What files can bring in: people. Members are changed, everybody else is invited; nobody gets a password."""

from collections import Counter
from collections.abc import Mapping, Sequence

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from exchange import targets
from exchange.imports.keepers import OPEN_SEAT
from exchange.imports.mails import HOLD, MAILS, SEND, send_when_ended
from exchange.mapping import Field, words
from exchange.matching import Names, plain_key, written_key
from exchange.records import Record
from exchange.staging import Outcome
from exchange.states import Verdict
from exchange.targets import Group, Occasion, Option, Question, Survey, Target, question_code
from exchange.team_plan import Tree
from exchange.texts import choice_table
from tenants import labels
from tenants.actions import importing
from tenants.actions.importing import PersonRow, PersonTaken
from tenants.models import Membership, Team
from tenants.names import tidy
from tenants.permissions import Permission, Role
from tenants.queries.invitees import is_address

NO_ADDRESS, NO_ROLE, TEAM = "address-missing", "role-missing", "team"

FIELDS = (
    Field(
        "name",
        max_length=80,
        synonyms=words(
            "full name, person, employee, user, sales_agent, salesperson, sales rep, display name, 姓名, 名字, 使用者, "
            "員工, 業務, 業務員, 用户, 员工, 销售, 业务员"
        ),
    ),
    Field(
        "email",
        "email",
        max_length=254,
        synonyms=words(
            "e-mail, mail, email address, e-mail address, login, user name, 電子郵件, 信箱, 電子信箱, 帳號, 邮箱, "
            "电子邮件, 电子邮箱, 账号"
        ),
        hints=words("mail, 信箱, 邮箱"),
    ),
    Field("role", "choice", max_length=80, synonyms=words("position, function, profile, 角色, 職務, 身分, 职务, 身份")),
    Field(
        "team",
        "reference",
        max_length=200,
        synonyms=words(
            "team name, department, group, unit, regional_office, office, region, 團隊, 部門, 小組, 團隊名稱, 部门, "
            "团队, 小组, 大區, 大区"
        ),
    ),
    Field(
        "manager",
        "owner",
        synonyms=words("reports to, supervisor, boss, line manager, 主管, 上級, 直屬主管, 上级, 直属主管, 经理, 經理"),
    ),
    Field(
        "is_admin",
        "choice",
        max_length=20,
        synonyms=words("admin, administrator, is admin, 管理員, 系統管理員, 管理员, 系统管理员"),
    ),
)

_ROLES = choice_table(
    {
        Role.REP: words("sales rep, sales, salesperson, seller, account executive, 業務, 業務員, 業務代表, 销售, 业务"),
        Role.MANAGER: words(
            "sales manager, team lead, team leader, lead, supervisor, 主管, 經理, 业务经理, 经理, 業務經理"
        ),
        Role.EXECUTIVE: words("director, vp, ceo, head of sales, 高階主管, 總經理, 總監, 高管, 总经理, 总监"),
        Role.COLLEAGUE: words("staff, finance, legal, service, back office, 同事, 內勤, 内勤"),
        Role.PARTNER: words("reseller, dealer, channel partner, 夥伴, 經銷商, 合作夥伴, 伙伴, 经销商"),
    }
)
_YES_NO = choice_table(
    {
        "yes": words("y, true, 1, x, admin, ja, 是, 有, ✓, 管理員, 管理员"),
        "no": words("n, false, 0, nein, 否, 無, 无, 不是"),
    }
)


def _roles() -> dict[str, str]:
    return {**_ROLES, **{plain_key(word): role for word, role in labels.role_words().items()}}


def _own_domain(by: Membership) -> str:
    """Return the domain of the importer's address, if others of the organization have it too: then it is theirs."""
    domain = by.user.email.rpartition("@")[2].lower()
    emails = Membership.objects.in_current_organization().active().values_list("user__email", flat=True)
    shared = Counter(email.rpartition("@")[2].lower() for email in emails)
    return domain if shared[domain] > 1 else ""


def _ask(survey: Survey, by: Membership) -> list[Group]:
    groups = [Group("mails", _("Invitations"), [_ask_mails()])]
    if survey.blank("email"):
        options = [Option(targets.REJECT, _("Reject these rows: without an address nobody can be invited"))]
        if domain := _own_domain(by):
            made = format_lazy(_("Make the address of the name: first.last@{domain}"), domain=domain)
            options.append(Option(f"@{domain}", made))
        asked = [
            Question(NO_ADDRESS, _("People without an e-mail address"), options, targets.REJECT, survey.blank("email"))
        ]
        hint = _(
            "Rejected rows come back as a file to fill in. Until somebody has joined, an import of opportunities asks "
            "who takes over what is theirs."
        )
        groups.append(Group("address", _("Addresses"), asked, hint))
    roles = [Option(role, str(said)) for role, said in labels.ROLES]
    asked = []
    if survey.blank("role"):
        asked.append(Question(NO_ROLE, _("New people without a role"), roles, str(Role.REP), survey.blank("role")))
    known = _roles()
    unknown = [(text, rows) for text, rows in survey.values("role").items() if plain_key(text) not in known]
    asked += targets.ask_each("role", unknown, [*roles, targets.REJECT_ROWS], lambda text: str(Role.REP))
    if asked:
        groups.append(Group("role", _("Roles"), asked))
    teams = Names([(team.name, team.pk) for team in Team.objects.all()])
    tree = _tree()
    values = {text: rows for text, rows in survey.values("team").items() if len(tree.named(text)) != 1}
    if asked := targets.ask_names(
        TEAM, values, teams, unknown=[targets.REJECT_ROWS, targets.LEAVE_EMPTY], default=targets.REJECT
    ):
        groups.append(Group("team", _("Teams"), asked, _("No team has these names. Bring the teams in first.")))
    return groups


def _ask_mails() -> Question:
    options = [
        Option(SEND, _("Send the mails when the whole import has ended")),
        Option(HOLD, _("Send none now; each can be sent from the page of the people")),
    ]
    return Question(MAILS, _("New people get an invitation"), options, SEND)


def _tree() -> Tree:
    return Tree(Team.objects.order_by("path").values_list("pk", "name", "parent_id"))


class _Desk:
    """What stands ready while rows are read: members, teams, who leads them."""

    def __init__(self, occasion: Occasion) -> None:
        self.occasion = occasion
        self.roles, self.tree = _roles(), _tree()
        members = list(Membership.objects.in_current_organization())
        self.active = {each.pk: each for each in members if each.is_active and each.user.is_active}
        self.names = Names([(each.name, each.pk) for each in self.active.values()])
        self.emails = {each.user.email.lower() for each in members}
        self.paths = dict(Team.objects.values_list("pk", "path"))
        self.taken: set[str] = set()
        domain = occasion.answer(NO_ADDRESS)
        self.domain = domain[1:] if domain[:1] == "@" and domain[1:] == _own_domain(occasion.by) else ""


def _email(record: Record, desk: _Desk) -> str:
    """Return the address of a row: as written, of the only member of this name, or made of the name."""
    email = record.text("email").lower()
    name = tidy(record.text("name"))
    if not email:
        found = desk.names.find(name) if name else None
        if found and found.kind == "exact" and found.key is not None:
            email = desk.active[found.key].user.email.lower()
        elif desk.domain and (local := _local(name)):
            email = f"{local}@{desk.domain}"
            record.remarks.append("address_made")
        else:
            record.reject("address_missing", "email", value=name or "—")
            return ""
    if not is_address(email):
        record.reject("not_an_email", "email", value=email[:50])
    elif email in desk.taken:
        record.reject("address_twice", "email", value=email)
    desk.taken.add(email)
    return email


def _local(name: str) -> str:
    """Return `first.last`; nothing for a name that has other letters than a to z."""
    parts = ["".join(c for c in part.lower() if c.isalnum()) for part in name.split()]
    local = ".".join(part for part in parts if part)
    return local if local.isascii() and len(local) <= 64 else ""


def _role(record: Record, desk: _Desk, *, is_new: bool) -> str | None:
    text = record.text("role")
    if not text:
        answer = desk.occasion.answer(NO_ROLE, Role.REP)
        return (answer if answer in set(Role) else str(Role.REP)) if is_new else None
    role = desk.roles.get(plain_key(text)) or desk.occasion.answer(question_code("role", text), Role.REP)
    if role in set(Role):
        return str(role)
    record.reject("unknown_choice", "role", value=text[:50])
    return None


def _team(record: Record, desk: _Desk) -> int | None:
    """Return the team of a row: the one led by (or called after) its manager inside the named one, else that."""
    text, manager = record.text("team"), record.text("manager")
    named: int | None = None
    if text:
        found = [node.pk for node in desk.tree.named(text)]
        answer = desk.occasion.answer(question_code(TEAM, text), targets.REJECT)
        if len(found) == 1:
            named = found[0]
        elif (chosen := targets.answered_id(answer)) in desk.paths:
            named = chosen
        elif answer == targets.SKIP:
            record.remarks.append("team_left_out")
        else:
            record.reject("team_ambiguous" if found else "team_unknown", "team", value=text[:80])
    if not manager:
        return named
    led = [pk for pk in _led_by(manager, desk) if not named or desk.paths[pk].startswith(desk.paths[named])]
    if len(led) == 1:
        return led[0]
    record.remarks.append("manager_without_team")
    return named


def _led_by(manager: str, desk: _Desk) -> list[int]:
    found = desk.names.find(manager)
    leader = desk.active.get(found.key) if found.kind == "exact" and found.key is not None else None
    if leader is not None and leader.role == Role.MANAGER and leader.team_id:
        return [leader.team_id]
    return [node.pk for node in desk.tree.named(manager) if node.pk]


def _row(record: Record, desk: _Desk) -> PersonRow | None:
    email = _email(record, desk)
    flag = record.text("is_admin")
    admin = _YES_NO.get(plain_key(flag) or flag) if flag else None
    if flag and admin is None:
        record.reject("unknown_choice", "is_admin", value=flag)
    role, team = _role(record, desk, is_new=email not in desk.emails), _team(record, desk)
    if record.problems:
        return None
    return PersonRow(email, tidy(record.text("name")), role, team, None if admin is None else admin == "yes")


def _apply(records: Sequence[Record], occasion: Occasion) -> list[Outcome]:
    desk = _Desk(occasion)
    rows = [(record, row) for record in records if (row := _row(record, desk))]
    answers = importing.import_people([row for _record, row in rows], by=occasion.by, at=occasion.at)
    taken: dict[int, Outcome] = {}
    for (record, row), answer in zip(rows, answers, strict=True):
        if answer.refused:
            record.reject(answer.refused, "email", value=row.email)
            continue
        _note(answer, occasion)
        changed = Verdict.UPDATED if answer.before else Verdict.UNCHANGED
        verdict = Verdict.CREATED if answer.is_new else changed
        taken[record.number] = Outcome(record.number, verdict, (), tuple(dict.fromkeys(record.remarks)))
    return [
        taken.get(record.number) or Outcome(record.number, Verdict.REJECTED, tuple(record.problems))
        for record in records
    ]


def _note(answer: PersonTaken, occasion: Occasion) -> None:
    mark = OPEN_SEAT if answer.kind == "invitation" else answer.version
    if answer.is_new:
        occasion.ledger.created(answer.kind, answer.pk, mark)
    elif answer.before:
        occasion.ledger.changed(answer.kind, answer.pk, mark, answer.before)


def _key(record: Record) -> str:
    return record.text("email").lower() or f"name:{written_key(record.text('name'))}"


PROBLEMS: Mapping[str, targets.Text] = {
    "address_missing": _("“%(value)s” has no e-mail address, so nobody can be invited; add it to the file"),
    "address_missing_many": _("No e-mail address"),
    "address_twice": _("%(value)s stands in another row already"),
    "address_twice_many": _("The same address twice"),
    "team_unknown": _("there is no team “%(value)s”; bring the teams in first"),
    "team_unknown_many": _("Team unknown"),
    "team_ambiguous": _("“%(value)s” stands in several places of the tree; write the way from above, as A / B"),
    "team_ambiguous_many": _("Several teams have this name"),
    "member_inactive": _("%(value)s was deactivated; let them in again first"),
    "member_inactive_many": _("Deactivated"),
    "last_admin": _("%(value)s is the last admin and stays one"),
    "last_admin_many": _("The last admin"),
}

targets.register(
    Target(
        code="people",
        label=_("People"),
        hint=_("Members and their roles and teams. Who is no member yet is invited; nobody gets a password."),
        icon="users",
        position=4,
        permission=Permission.PEOPLE_EDIT,
        grave=frozenset({"is_admin", "role"}),
        fields=FIELDS,
        words={
            "name": pgettext_lazy("person", "Name"),
            "email": _("E-mail"),
            "role": _("Role"),
            "team": _("Team"),
            "manager": _("Reports to"),
            "is_admin": _("Admin (yes or no)"),
        },
        key=_key,
        apply=_apply,
        ask=_ask,
        problems=PROBLEMS,
        remarks={
            "address_made": _("Address made of the name, as you chose"),
            "team_left_out": _("Team unknown; left empty, as you chose"),
            "manager_without_team": _("Who they report to leads no team here; bring the teams in first"),
        },
        ended=send_when_ended,
    )
)
