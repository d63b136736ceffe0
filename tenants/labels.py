"""Words for the codes of this app."""

from django.utils.translation import gettext_lazy as _

from tenants.permissions import Role

LANGUAGES = [("zh-hant", "繁體中文"), ("zh-hans", "简体中文"), ("en", "English")]
THEMES = [("light", _("Light")), ("dark", _("Dark"))]
ROLES = [
    (Role.REP, _("Rep")),
    (Role.MANAGER, _("Manager")),
    (Role.EXECUTIVE, _("Executive")),
    (Role.COLLEAGUE, _("Colleague")),
    (Role.PARTNER, _("Partner")),
]
CURRENCIES = [
    ("TWD", _("New Taiwan dollar")),
    ("CNY", _("Chinese yuan")),
    ("HKD", _("Hong Kong dollar")),
    ("USD", _("US dollar")),
    ("EUR", _("Euro")),
    ("JPY", _("Japanese yen")),
    ("SGD", _("Singapore dollar")),
    ("GBP", _("British pound")),
    ("KRW", _("South Korean won")),
    ("MYR", _("Malaysian ringgit")),
    ("VND", _("Vietnamese dong")),
    ("THB", _("Thai baht")),
]
