"""The addresses of this app."""

app_name = "funnel"
urlpatterns: list[object] = []
