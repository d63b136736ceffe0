"""The addresses of this app."""

from django.urls import path

from jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.jobs, name="list"),
    path("<int:pk>/", views.panel, name="panel"),
    path("<int:pk>/cancel/", views.cancel, name="cancel"),
    path("files/<int:pk>/", views.file, name="file"),
    path("bell/", views.bell, name="bell"),
    path("notifications/", views.notifications, name="notifications"),
    path("notifications/read/", views.read, name="read"),
]
