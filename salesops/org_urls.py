"""The addresses inside one organization."""

from django.urls import include, path

urlpatterns = [
    path("", include("salesops.home_urls")),
    path("", include("tenants.urls")),
    path("jobs/", include("jobs.urls")),
    path("import/", include("exchange.urls")),
    path("accounts/", include("accounts.urls")),
    path("funnel/", include("funnel.urls")),
    path("visits/", include("activities.urls")),
    path("forecast/", include("forecasting.urls")),
    path("coaching/", include("coaching.urls")),
]
