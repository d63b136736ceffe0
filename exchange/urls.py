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
    path("<int:pk>/stop/", views.import_stop, name="import_stop"),
    path("<int:pk>/undo/", views.import_undo, name="import_undo"),
    path("<int:pk>/delete/", views.import_delete, name="import_delete"),
    path("<int:pk>/save/", views.mapping_save, name="mapping_save"),
    path("mappings/", views.mappings, name="mappings"),
    path("mappings/<int:pk>/rename/", views.mapping_rename, name="mapping_rename"),
    path("mappings/<int:pk>/delete/", views.mapping_delete, name="mapping_delete"),
]
