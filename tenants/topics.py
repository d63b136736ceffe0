"""Which part of the audit stands at the foot of which page of the settings. No Django here."""

from dataclasses import dataclass

from tenants.permissions import Permission


@dataclass(frozen=True)
class Topic:
    """What of the audit belongs to a page: who may read it there, the kinds of thing, and how the verbs begin.

    `owner_key` names the key of an event's data that holds whose it is: who sees only some people's records then
    reads only these people's changes.
    """

    permission: Permission
    kinds: tuple[str, ...]
    verbs: tuple[str, ...]
    owner_key: str = ""


TOPICS: dict[str, Topic] = {
    "organization": Topic(Permission.SETTINGS_EDIT, ("tenants.organization",), ("organization.",)),
    "currencies": Topic(Permission.SETTINGS_EDIT, ("tenants.exchangerate",), ("rate.",)),
    "calendar": Topic(Permission.SETTINGS_EDIT, ("tenants.holiday",), ("holiday.",)),
    "security": Topic(Permission.SETTINGS_EDIT, ("tenants.organization",), ("security.",)),
    "people": Topic(Permission.PEOPLE_EDIT, ("tenants.membership", "tenants.invitation"), ("member.", "invitation.")),
    "teams": Topic(Permission.PEOPLE_EDIT, ("tenants.team",), ("team.",)),
}


def name_topic(code: str, topic: Topic) -> None:
    """Give a page of your app its part of the audit: `{% include "tenants/history.html" with topic="products" %}`."""
    TOPICS[code] = topic
