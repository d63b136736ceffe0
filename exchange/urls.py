"""The addresses of this app."""

app_name = "exchange"
urlpatterns: list[object] = []
