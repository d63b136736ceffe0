"""Every address: `/o/<organization>/<app>/…`, sign-in, health."""

from django.urls import include, path

from funnel.views import web_lead
from salesops import health, views

urlpatterns = [
    path("", views.home, name="home"),
    path("health/", health.health, name="health"),
    path("ready/", health.ready, name="ready"),
    path("accounts/", include("tenants.sign_in_urls")),
    path("leads/<str:key>/", web_lead, name="web_lead"),
    path("o/<slug:org>/", include("salesops.org_urls")),
]

handler400 = "salesops.errors.bad_request"
handler403 = "salesops.errors.forbidden"
handler404 = "salesops.errors.not_found"
handler500 = "salesops.errors.server_error"
