"""The addresses of this app."""

from django.urls import path

from coaching import views

app_name = "coaching"
urlpatterns = [
    path("review/", views.review, name="review"),
    path("reviews/", views.reviews, name="reviews"),
    path("reviews/<int:pk>/", views.meeting, name="meeting"),
    path("reviews/<int:pk>/pulse/", views.pulse, name="pulse"),
    path("reviews/<int:pk>/beside/<int:person>/", views.beside, name="beside"),
    path("reviews/<int:pk>/turn/", views.turn, name="turn"),
    path("reviews/<int:pk>/decide/<int:opportunity>/", views.review_entry, name="review_entry"),
    path("reviews/<int:pk>/end/", views.end, name="end"),
    path("reviews/<int:pk>/minutes/", views.minutes, name="minutes"),
    path("sessions/", views.sessions, name="sessions"),
    path("sessions/new/<int:pk>/", views.session_new, name="session_new"),
    path("sessions/<int:pk>/", views.session, name="session"),
    path("sessions/<int:pk>/edit/", views.session_edit, name="session_edit"),
    path("of-opportunity/<int:pk>/", views.of_opportunity, name="of_opportunity"),
]
