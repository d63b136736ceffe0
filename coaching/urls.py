"""The addresses of this app."""

app_name = "coaching"
urlpatterns: list[object] = []
