"""What files can bring in: the team tree, in whatever order, and who leads each team."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from exchange import targets
from exchange.mapping import Field, words
from exchange.matching import Names, written_key
from exchange.records import Record
from exchange.staging import Outcome
from exchange.states import Verdict
from exchange.targets import Group, Occasion, Option, Question, Survey, Target
from exchange.team_plan import Node, Plan, Tree, Wish, lay
from tenants.actions import importing
from tenants.actions.importing import NewTeam, PersonRow
from tenants.models import Membership, Team
from tenants.names import is_odd, tidy
from tenants.permissions import Permission, Role

TOP, PARENTS = "team-top", "team-parents"
ROOT = "root"

FIELDS = (
    Field(
        "name",
        max_length=80,
        synonyms=words(
            "team, team name, department, group, unit, 團隊, 團隊名稱, 部門, 部門名稱, 小組, 团队, 团队名称, 部门, 小组"
        ),
    ),
    Field(
        "parent",
        "reference",
        max_length=200,
        synonyms=words(
            "parent team, parent, belongs to, part of, above, region, division, regional_office, office, 上級團隊, "
            "上級部門, 所屬部門, 上層, 大區, 區域, 上级团队, 上级部门, 所属部门, 大区, 区域"
        ),
    ),
    Field(
        "manager",
        "owner",
        synonyms=words(
            "lead, leader, team lead, head, led by, supervisor, 主管, 經理, 負責人, 團隊主管, 部門主管, 经理, 负责人, "
            "团队主管, 部门主管"
        ),
    ),
)


def _ask(survey: Survey, by: Membership) -> list[Group]:
    roots = list(Team.objects.filter(parent=None))
    options = [Option(f"id:{root.pk}", root.name) for root in roots] + [
        Option(ROOT, _("At the top, beside the others"))
    ]
    first = options[0].value if len(roots) == 1 else ROOT
    asked = [Question(TOP, _("New teams that name no team above them stand under"), options, first)]
    known = Names([(team.name, team.pk) for team in Team.objects.all()])
    here = {written_key(text) for text in survey.values("name")}
    unknown = {
        text: rows
        for text, rows in survey.values("parent").items()
        if known.find(text).kind != "exact" and written_key(text) not in here
    }
    if unknown:
        choices = [Option(targets.CREATE, _("Add them as teams")), targets.REJECT_ROWS]
        label = _("Teams that are only named above others")
        asked.append(Question(PARENTS, label, choices, targets.CREATE, sum(unknown.values())))
    return [Group("teams", _("Teams"), asked)]


def _wishes(records: Sequence[Record]) -> list[Wish]:
    """Return what rows want; a team without a name is called after who leads it."""
    found = []
    for record in records:
        name = tidy(record.text("name") or record.text("manager"))
        if not name:
            record.reject("team_missing", "name")
        elif len(name) > 80 or len(record.text("parent")) > 80 or any(is_odd(c) for c in record.text("parent")):
            record.reject("team_unreadable", "name")
        else:
            found.append(Wish(record.number, name, record.text("parent")))
    return found


def _apply(records: Sequence[Record], occasion: Occasion) -> list[Outcome]:
    tree = Tree(Team.objects.order_by("path").values_list("pk", "name", "parent_id"))
    plan = lay(
        tree,
        _wishes(records),
        top=targets.answered_id(occasion.answer(TOP)),
        add_parents=occasion.answer(PARENTS, targets.CREATE) == targets.CREATE,
    )
    for record in records:
        if found := plan.refused.get(record.number):
            code, name = found
            record.reject(code, "parent" if code != "team_ambiguous" else "name", value=name[:80])
    ids = _write(plan, occasion)
    led = _lead(records, plan, ids, occasion)
    new, moved = {id(node) for node in plan.new}, {id(node) for node in plan.moved}
    outcomes = []
    for record in records:
        if record.problems:
            outcomes.append(Outcome(record.number, Verdict.REJECTED, tuple(record.problems)))
            continue
        node = plan.nodes[record.number]
        changed = id(node) in moved or record.number in led
        verdict = Verdict.CREATED if id(node) in new else Verdict.UPDATED if changed else Verdict.UNCHANGED
        new.discard(id(node))  # the first row makes it, another one of the same team changes nothing
        moved.discard(id(node))
        if record.number in plan.adding:
            record.remarks.append("parent_added")
        outcomes.append(Outcome(record.number, verdict, (), tuple(dict.fromkeys(record.remarks))))
    return outcomes


def _write(plan: Plan, occasion: Occasion) -> dict[int, int]:
    """Write the plan, note it in the ledger, and return the id of each team by the identity of its node."""

    def place(node: Node | None) -> object:
        return None if node is None else node.pk or f"new-{id(node)}"

    written = importing.import_teams(
        [NewTeam(f"new-{id(node)}", tidy(node.name), place(node.parent)) for node in plan.new],
        {node.pk: place(node.parent) for node in plan.moved if node.pk},
        by=occasion.by,
        at=occasion.at,
    )
    for pk in written.made.values():
        occasion.ledger.created("team", pk)
    for pk, (version, former) in written.moved.items():
        occasion.ledger.changed("team", pk, version, {"parent_id": former})
    return {id(node): node.pk or written.made[f"new-{id(node)}"] for node in [*plan.nodes.values(), *plan.new]}


def _lead(records: Sequence[Record], plan: Plan, ids: dict[int, int], occasion: Occasion) -> set[int]:
    """Let members lead the teams that name them; returns the rows that changed anybody."""
    members = list(Membership.objects.in_current_organization().active())
    by_id = {member.pk: member for member in members}
    people = targets.member_names(members)
    asked: dict[int, PersonRow] = {}
    for record in records:
        text = record.text("manager")
        if not text or record.problems:
            continue
        found = people.find(text)
        member = by_id[found.key] if found.kind == "exact" and found.key is not None else None
        if member is None:
            record.remarks.append("manager_unknown")
        elif member.role == Role.EXECUTIVE:
            record.remarks.append("executive_sees_all")
        elif any(row.email == member.user.email for row in asked.values()):
            record.remarks.append("leads_another")
        else:
            team_id = ids[id(plan.nodes[record.number])]
            asked[record.number] = PersonRow(member.user.email, role=str(Role.MANAGER), team_id=team_id)
    answers = importing.import_people(list(asked.values()), by=occasion.by, at=occasion.at)
    changed = set()
    for number, answer in zip(asked, answers, strict=True):
        if answer.before:
            occasion.ledger.changed("member", answer.pk, answer.version, answer.before)
            changed.add(number)
    return changed


targets.register(
    Target(
        code="teams",
        label=_("Teams"),
        hint=_("The tree of teams, in any order of rows, and who leads each. Bring it in before people."),
        icon="network",
        position=2,
        permission=Permission.PEOPLE_EDIT,
        fields=FIELDS,
        words={"name": _("Team"), "parent": _("Team above it"), "manager": _("Led by")},
        key=lambda record: None,  # a team may stand in many rows, one for each of its people
        apply=_apply,
        ask=_ask,
        problems={
            "team_missing": _("names neither a team nor who leads it"),
            "team_missing_many": _("No team named"),
            "team_unreadable": _("has a name that is too long or cannot be read"),
            "team_unreadable_many": _("Name too long or unreadable"),
            "team_ambiguous": _("“%(value)s” stands in several places of the tree; write the way from above, as A / B"),
            "team_ambiguous_many": _("Several teams have this name"),
            "team_under_itself": _("“%(value)s” would stand under itself"),
            "team_under_itself_many": _("A team under itself"),
            "team_name_taken": _("there is a team “%(value)s” in that place already"),
            "team_name_taken_many": _("Name taken in that place"),
            "parent_unknown": _("there is no team “%(value)s”"),
            "parent_unknown_many": _("Team above it unknown"),
            "parent_refused": _("the team above “%(value)s” was rejected"),
            "parent_refused_many": _("The team above it was rejected"),
        },
        remarks={
            "parent_added": _("The team above was added as well"),
            "manager_unknown": _("Who leads it is no member yet; invite them with the role of a manager"),
            "leads_another": _("Who leads it leads another team of this file already"),
            "executive_sees_all": _("Who leads it is an executive and sees every team anyway"),
        },
    )
)
