"""The change log as one asks it: what an opportunity was, from when until when."""

from django.db import models
from django.db.models import Q

from funnel.models.opportunities import Opportunity
from tenants.models import Membership, TenantForeignKey, TenantModel


class Spell(TenantModel):
    """A time in which an opportunity stood unchanged: from `from_at` on, and no longer at `until_at`.

    Derived: the database writes it from the change log in the same transaction, as it writes an index (ADR 9), and
    refuses whoever else would. What was undone leaves no trace in it; what was learnt late is in its place. The last
    one lasts until `history.ENDLESS`.

    `left_to` stands on the last spell of a stay in a stage: where it went (7 is won, 0 lost or abandoned), None while
    it stays. `priced` counts how often the amount itself was changed so far, not by the exchange rate alone.

    `proven_to` is how far the evidence reached, whatever was claimed; `proven_percent` is the percentage of the proven
    stage, never above the claimed one. None is not known: nobody recorded it then.
    """

    opportunity = TenantForeignKey(Opportunity, models.CASCADE, related_name="spells", db_index=False)
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()
    status = models.CharField(max_length=10)
    stage = models.PositiveSmallIntegerField()
    stage_entered_at = models.DateTimeField()
    left_to = models.PositiveSmallIntegerField(null=True)
    percent = models.PositiveSmallIntegerField()
    proven_to = models.PositiveSmallIntegerField(null=True)
    proven_percent = models.PositiveSmallIntegerField(null=True)
    category = models.CharField(max_length=10)
    owner = TenantForeignKey(Membership, models.PROTECT, related_name="+", db_index=False)
    amount = models.BigIntegerField(null=True)
    priced = models.PositiveSmallIntegerField()
    expected_close_on = models.DateField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["organization", "until_at", "from_at"],
                condition=Q(status="open"),
                include=[
                    *("opportunity", "stage", "percent", "category", "owner", "amount", "expected_close_on"),
                    "proven_percent",
                ],
                name="spell_open",
            ),
            models.Index(
                fields=["organization", "expected_close_on", "until_at", "from_at"],
                condition=Q(status="open") & ~Q(category="omitted"),
                include=["opportunity", "owner", "amount", "priced", "stage"],
                name="spell_due",
            ),
            models.Index(
                fields=["organization", "closed_at", "until_at", "from_at"],
                condition=~Q(status="open"),
                include=["opportunity", "owner", "amount", "status"],
                name="spell_closed",
            ),
            models.Index(
                fields=["organization", "stage", "stage_entered_at"],
                condition=Q(left_to__isnull=False),
                include=["until_at", "left_to", "opportunity", "owner"],
                name="spell_left",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["organization", "opportunity", "from_at"], name="one_spell_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.opportunity_id} {self.from_at}"
