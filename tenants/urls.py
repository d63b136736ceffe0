"""The addresses of this app."""

from django.urls import path

from tenants.views import audit, calendar, currencies, inviting, joining, organization, people, profile, sight, teams
from tenants.views.security import security

app_name = "tenants"
urlpatterns = [
    path("join/<str:token>/", joining.join, name="join"),
    path("profile/", profile.profile, name="profile"),
    path("settings/", organization.settings, name="settings"),
    path("settings/organization/", organization.organization, name="organization"),
    path("settings/organization/effects/", organization.organization_effects, name="organization_effects"),
    path("settings/currencies/", currencies.currencies, name="currencies"),
    path("settings/currencies/effects/", currencies.rate_effects, name="rate_effects"),
    path("settings/currencies/restore/", currencies.restore_rate, name="restore_rate"),
    path("settings/currencies/<int:pk>/delete/", currencies.delete_rate, name="delete_rate"),
    path("settings/calendar/", calendar.calendar, name="calendar"),
    path("settings/calendar/effects/", calendar.calendar_effects, name="calendar_effects"),
    path("settings/calendar/restore/", calendar.restore_holiday, name="restore_holiday"),
    path("settings/calendar/<int:pk>/delete/", calendar.delete_holiday, name="delete_holiday"),
    path("settings/people/", people.people, name="people"),
    path("settings/people/invite/", inviting.invite, name="invite"),
    path("settings/people/invite/preview/", inviting.preview, name="invite_preview"),
    path("settings/people/<int:pk>/", people.person, name="person"),
    path("settings/people/<int:pk>/effects/", people.person_effects, name="person_effects"),
    path("settings/people/<int:pk>/deactivate/", people.deactivate, name="deactivate"),
    path("settings/people/<int:pk>/reactivate/", people.reactivate, name="reactivate"),
    path("settings/invitations/<int:pk>/resend/", inviting.resend, name="resend"),
    path("settings/invitations/<int:pk>/withdraw/", inviting.withdraw, name="withdraw"),
    path("settings/teams/", teams.teams, name="teams"),
    path("settings/teams/new/", teams.new_team, name="new_team"),
    path("settings/teams/<int:pk>/", teams.team, name="team"),
    path("settings/teams/<int:pk>/effects/", teams.team_effects, name="team_effects"),
    path("settings/teams/<int:pk>/delete/", teams.delete_team, name="delete_team"),
    path("settings/security/", security, name="security"),
    path("settings/audit/", audit.audit, name="audit"),
    path("settings/changes/<slug:topic>/", audit.history, name="history"),
    path("people/<int:pk>/sight/", sight.sight, name="person_sight"),
]
