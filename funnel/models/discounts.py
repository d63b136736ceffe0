"""How much discount may be given without asking."""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from funnel.discounts import DiscountLimits
from tenants.models import Membership, TenantForeignKey, TenantModel


class DiscountSetting(TenantModel):
    """What a rep and what a manager may give alone, in percent. No row yet means the defaults."""

    rep_percent = models.DecimalField(_("A rep may give alone"), max_digits=4, decimal_places=1, default=Decimal(5))
    manager_percent = models.DecimalField(
        _("A manager may give and grant"), max_digits=4, decimal_places=1, default=Decimal(15)
    )
    version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(null=True)
    updated_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization"], name="one_discount_setting"),
            models.CheckConstraint(
                condition=Q(rep_percent__gte=0, manager_percent__gte=models.F("rep_percent"), manager_percent__lte=100),
                name="discount_limits_in_order",
            ),
        ]

    @classmethod
    def current(cls) -> "DiscountSetting":
        """Return what stands now."""
        found: DiscountSetting | None = cls.objects.first()
        return found or cls()

    @property
    def limits(self) -> DiscountLimits:
        """The same as the rules take it."""
        return DiscountLimits(self.rep_percent, self.manager_percent)
