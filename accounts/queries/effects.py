"""What the settings of this app stand at, for the page that lists them."""

from datetime import date

from django.utils.translation import get_language, gettext, ngettext

from accounts.models import AssessmentSetting, Product
from tenants import formats
from tenants.effects import stands
from tenants.models import Membership


def _products_stand(_reader: Membership, _today: date) -> str:
    n = Product.objects.filter(is_active=True).count()
    return ngettext("{n} on sale", "{n} on sale", n).format(n=f"{n:,}")


def _segments_stand(reader: Membership, _today: date) -> str:
    setting = AssessmentSetting.current()
    amount = formats.compact(setting.benchmark, get_language() or "en")
    return gettext("high from {currency} {amount} a year").format(currency=reader.organization.currency, amount=amount)


stands("accounts:products", _products_stand)

stands("accounts:segments", _segments_stand)
