"""The addresses of this app."""

from django.urls import path

from exchange import views

app_name = "exchange"
urlpatterns = [
    path("", views.imports, name="imports"),
    path("new/", views.import_new, name="import_new"),
    path("template/<slug:target>/", views.import_template, name="import_template"),
    path("<int:pk>/", views.import_detail, name="import_detail"),
    path("<int:pk>/columns/", views.import_mapping, name="import_mapping"),
    path("<int:pk>/reading/", views.import_reading, name="import_reading"),
    path("<int:pk>/preview/", views.import_preview, name="import_preview"),
    path("<int:pk>/run/", views.import_run, name="import_run"),
    path("<int:pk>/rejects/", views.import_rejects, name="import_rejects"),
]
