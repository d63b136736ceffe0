"""The door for background work."""

from typing import Any

from celery.contrib.django.task import DjangoTask

from tenants.models import Organization
from tenants.scoping import working_for


class OrgTask(DjangoTask):  # type: ignore[type-arg]  # not generic when it runs
    """The base of every task that works for one organization; carries its id and values, never a row."""

    abstract = True

    def __call__(self, *, organization_id: int, **kwargs: Any) -> Any:
        """Enter the scope, then run; an organization that is gone ends the task quietly."""
        organization = Organization.objects.filter(pk=organization_id).first()
        if organization is None:
            return None
        with working_for(organization):
            return super().__call__(organization_id=organization_id, **kwargs)
