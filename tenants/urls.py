"""The addresses of this app."""

from django.urls import path

from tenants.views import audit, inviting, joining, organization, people, profile, sight, teams
from tenants.views.security import security

app_name = "tenants"
urlpatterns = [
    path("join/<str:token>/", joining.join, name="join"),
    path("profile/", profile.profile, name="profile"),
    path("settings/", organization.settings, name="settings"),
    path("settings/organization/", organization.organization, name="organization"),
    path("settings/currencies/", organization.currencies, name="currencies"),
    path("settings/currencies/restore/", organization.restore_rate, name="restore_rate"),
    path("settings/currencies/<int:pk>/delete/", organization.delete_rate, name="delete_rate"),
    path("settings/calendar/", organization.calendar, name="calendar"),
    path("settings/calendar/restore/", organization.restore_holiday, name="restore_holiday"),
    path("settings/calendar/<int:pk>/delete/", organization.delete_holiday, name="delete_holiday"),
    path("settings/people/", people.people, name="people"),
    path("settings/people/invite/", inviting.invite, name="invite"),
    path("settings/people/invite/preview/", inviting.preview, name="invite_preview"),
    path("settings/people/<int:pk>/", people.person, name="person"),
    path("settings/people/<int:pk>/deactivate/", people.deactivate, name="deactivate"),
    path("settings/people/<int:pk>/reactivate/", people.reactivate, name="reactivate"),
    path("settings/invitations/<int:pk>/resend/", inviting.resend, name="resend"),
    path("settings/invitations/<int:pk>/withdraw/", inviting.withdraw, name="withdraw"),
    path("settings/teams/", teams.teams, name="teams"),
    path("settings/teams/new/", teams.new_team, name="new_team"),
    path("settings/teams/<int:pk>/", teams.team, name="team"),
    path("settings/teams/<int:pk>/delete/", teams.delete_team, name="delete_team"),
    path("settings/security/", security, name="security"),
    path("settings/audit/", audit.audit, name="audit"),
    path("settings/changes/<slug:topic>/", audit.history, name="history"),
    path("people/<int:pk>/sight/", sight.sight, name="person_sight"),
]
