"""The addresses of this app."""

app_name = "activities"
urlpatterns: list[object] = []
