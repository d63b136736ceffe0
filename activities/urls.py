"""The addresses of this app."""

from django.urls import path

from activities import views

app_name = "activities"
urlpatterns = [
    path("", views.visits, name="visits"),
    path("new/", views.visit_new, name="visit_new"),
    path("plan/", views.visit_plan, name="visit_plan"),
    path("due/", views.due, name="due"),
    path("<int:pk>/", views.visit, name="visit"),
    path("<int:pk>/edit/", views.visit_edit, name="visit_edit"),
    path("<int:pk>/call-off/", views.call_off, name="call_off"),
    path("<int:pk>/put-back/", views.put_back, name="put_back"),
    path("actions/<int:pk>/complete/", views.complete, name="complete"),
    path("actions/<int:pk>/drop/", views.drop, name="drop"),
    path("actions/<int:pk>/take-back/", views.take_back, name="take_back"),
    path("actions/<int:pk>/postpone/", views.postpone, name="postpone"),
    path("of-opportunity/<int:pk>/", views.of_opportunity, name="of_opportunity"),
    path("of-account/<int:pk>/", views.of_account, name="of_account"),
    path("seek/<int:pk>/", views.seek, name="seek"),
]
