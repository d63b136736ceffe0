"""Raises the walls around every tenant table as the project starts."""

from django.apps import AppConfig, apps


class TenantsConfig(AppConfig):
    """The app that everything else stands on."""

    name = "tenants"

    def ready(self) -> None:
        """Give every tenant model its wall; memberships only carry the key that others point at."""
        from tenants.models import Membership, TenantModel  # models exist only now
        from tenants.walls import raise_walls

        inside = (TenantModel, Membership)
        for model in apps.get_models():
            if issubclass(model, inside) and model._meta.managed and not model._meta.proxy:
                raise_walls(model, rows=issubclass(model, TenantModel), inside=inside)
