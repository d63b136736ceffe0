"""The start page, today, and the search of the palette."""

from django.urls import path

from salesops import views

app_name = "salesops"
urlpatterns = [
    path("", views.start, name="start"),
    path("search/", views.search, name="search"),
    path("today/", views.today, name="today"),
    path("people/<int:pk>/sees/", views.sees, name="sees"),
    path("people/<int:pk>/holds/", views.holds, name="holds"),
]
