"""The addresses of this app."""

from django.urls import path

from forecasting import views

app_name = "forecasting"
urlpatterns = [
    path("", views.forecast, name="forecast"),
    path("rows/", views.rows, name="rows"),
    path("strip/", views.strip, name="strip"),
    path("accuracy/", views.accuracy, name="accuracy"),
    path("compute/", views.compute, name="compute"),
    path("alerts/", views.alerts, name="alerts"),
    path("changes/", views.changes, name="changes"),
    path("past/", views.past, name="past"),
    path("flow/", views.flow, name="flow"),
    path("flow/time/", views.flow_time, name="flow_time"),
    path("flow/stages/", views.flow_stages, name="flow_stages"),
    path("behind/", views.behind, name="behind"),
    path("alerts/<int:pk>/", views.alerts_of, name="alerts_of"),
    path("alerts/<int:pk>/<slug:code>/mute/", views.mute, name="mute"),
    path("alerts/<int:pk>/<slug:code>/unmute/", views.unmute, name="unmute"),
    path("health/", views.health_limits, name="health"),
    path("health/judging/", views.judging, name="judging"),
    path("health/effects/", views.health_effects, name="health_effects"),
    path("shape/", views.shape, name="shape"),
    path("targets/", views.targets, name="targets"),
    path("targets/set/", views.set_target, name="set_target"),
]
