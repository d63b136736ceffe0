"""The addresses of this app."""

app_name = "forecasting"
urlpatterns: list[object] = []
