"""The addresses of this app."""

from django.urls import path

from funnel import views

app_name = "funnel"
urlpatterns = [
    path("", views.board, name="board"),
    path("table/", views.table, name="table"),
    path("new/", views.new, name="new"),
    path("new/price/", views.price, name="price"),
    path("of/<int:pk>/", views.of_account, name="of_account"),
    path("undo/<int:pk>/", views.undo, name="undo"),
    path("stages/", views.stages, name="stages"),
    path("stages/effect/", views.effect, name="stages_effect"),
    path("stages/<int:stage>/items/", views.item_new, name="item_new"),
    path("stages/items/<slug:key>/", views.item_edit, name="item_edit"),
    path("stages/items/<slug:key>/move/", views.item_move, name="item_move"),
    path("stages/items/<slug:key>/switch/", views.item_switch, name="item_switch"),
    path("<int:pk>/", views.opportunity, name="opportunity"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/move/", views.move, name="move"),
    path("<int:pk>/close/<slug:outcome>/", views.close_as, name="close_as"),
    path("<int:pk>/close/", views.close, name="close"),
    path("<int:pk>/reopen/", views.reopen, name="reopen"),
    path("<int:pk>/evidence/<slug:key>/", views.evidence, name="evidence"),
    path("<int:pk>/evidence/<slug:key>/withdraw/", views.evidence_withdraw, name="evidence_withdraw"),
    path("<int:pk>/members/", views.members, name="members"),
    path("<int:pk>/members/<int:member>/remove/", views.member_remove, name="member_remove"),
]
