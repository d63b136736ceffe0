"""When and where a page is read, and what it says of other moments."""

from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from tenants import formats
from tenants.templatetags.stencil import Stencil

AGO = Stencil("components/ago.html", ("unit", "n"), ("stamp", "title", "shown"))


class Here(NamedTuple):
    """When and where a page is read, and in which language: asked for once for all that it shows."""

    now: datetime
    today: date
    zone: tzinfo
    language: str

    def day(self, value: date | datetime) -> date:
        """The day of a moment."""
        return value.astimezone(self.zone).date() if isinstance(value, datetime) else value

    def md(self, value: date | datetime | None) -> str:
        """As the filter of this name."""
        return formats.short_date(self.day(value), self.today, self.language) if value else ""

    def ago(self, value: date | datetime) -> SafeString:
        """As the tag of this name."""
        moment = value.astimezone(self.zone) if isinstance(value, datetime) else None
        title = f"{moment:%Y-%m-%d %H:%M}" if moment else f"{value:%Y-%m-%d}"
        look, stamp = self._since(self.day(value), moment), (moment or value).isoformat()
        return AGO.fill(look, stamp, title, self.md(value), language=self.language)

    def _since(self, day: date, moment: datetime | None) -> tuple[str, int]:
        """Return how long since: the unit, and how many of it."""
        days = (self.today - day).days
        past = self.now - moment if moment else timedelta(0)
        if moment and days == 0 and past >= timedelta(0):
            if past < timedelta(minutes=1):
                return "now", 0
            if past < timedelta(hours=1):
                return "minutes", past // timedelta(minutes=1)
            return "hours", past // timedelta(hours=1)
        if days == 0:
            return "today", 0
        return ("days", days) if 0 < days <= 7 else ("date", 0)


def here() -> Here:
    """The moment, the day and the zone of this request, and its language."""
    now, zone = timezone.now(), timezone.get_current_timezone()
    return Here(now, now.astimezone(zone).date(), zone, get_language() or "en")
