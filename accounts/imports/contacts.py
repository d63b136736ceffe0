"""What files can bring in: contacts."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from accounts import actions, names
from accounts.imports.companies import ACCOUNT_FIELDS
from accounts.imports.customers import Customers, ask_customers
from accounts.imports.outcomes import ACCOUNT_PROBLEMS, in_order, note, outcome, present
from accounts.records import ContactRow
from exchange import targets
from exchange.mapping import Field, words
from exchange.queries import heir_of, reach_of
from exchange.records import Record
from exchange.staging import Outcome
from exchange.targets import Occasion, Target

CONTACT_FIELDS = (
    Field(
        "name",
        required=True,
        max_length=120,
        synonyms=words(
            "contact, contact name, full name, person, 聯絡人, 姓名, 聯絡人姓名, 窗口, 联系人, 联系人姓名, 名字"
        ),
    ),
    Field("account", "reference", required=True, synonyms=ACCOUNT_FIELDS[0].synonyms),
    Field("position", max_length=120, synonyms=words("title, job title, role, 職稱, 職務, 职务, 职位, 头衔")),
    Field("department", max_length=120, synonyms=words("dept, division, 部門, 单位, 部门, 科室")),
    Field(
        "phone",
        "phone",
        max_length=40,
        synonyms=words(
            "telephone, tel, mobile, cell, phone number, 電話, 手機, 行動電話, 电话, 手机, 联系电话, 手机号"
        ),
    ),
    Field(
        "email",
        "email",
        max_length=254,
        synonyms=words("e-mail, mail, email address, 電子郵件, 信箱, 電子信箱, 邮箱, 电子邮件, 电子邮箱"),
        hints=words("mail, 信箱, 邮箱"),
    ),
    Field("birthday", "date", synonyms=words("birth date, date of birth, dob, 生日, 出生日期")),
    Field("notes", "notes", max_length=5_000, synonyms=words("note, comment, comments, 備註, 备注, 說明, 说明")),
)


def _apply_contacts(records: Sequence[Record], occasion: Occasion) -> list[Outcome]:
    customers = Customers(occasion, records)
    reach, heir = reach_of(occasion.by), heir_of(occasion.by)
    for record in records:
        customers.want(record, heir, blank=False)
    customers.make()
    sound: list[tuple[Record, ContactRow]] = []
    for record in records:
        if record.problems:
            continue
        account = customers.find(record)
        if reach is not None and customers.owners.get(account, heir) not in reach:
            record.reject("not_yours", "account")
            continue
        fields = present(record, ("position", "department", "phone", "email", "birthday", "notes"))
        sound.append((record, ContactRow(account, record.text("name"), fields)))
    answers = actions.import_contacts([row for _record, row in sound], by=occasion.by, at=occasion.at)
    note(occasion, "contact", answers)
    taken = {record.number: outcome(record, answer) for (record, _row), answer in zip(sound, answers, strict=True)}
    return in_order(records, taken)


targets.register(
    Target(
        code="contacts",
        label=_("Contacts"),
        hint=_("People at your customers, with position, phone and e-mail."),
        icon="contact",
        position=30,
        fields=CONTACT_FIELDS,
        words={
            "name": _("Name"),
            "account": _("Customer"),
            "position": _("Position"),
            "department": _("Department"),
            "phone": _("Phone"),
            "email": _("E-mail"),
            "birthday": _("Birthday"),
            "notes": _("Notes"),
        },
        key=lambda record: f"{names.key(record.text('account'))}|{names.key(record.text('name'))}",
        apply=_apply_contacts,
        ask=lambda survey, by: ask_customers(survey, blank=False),
        problems=ACCOUNT_PROBLEMS,
    )
)
