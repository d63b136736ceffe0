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
    path("leads/", views.lead_list, name="leads"),
    path("leads/new/", views.lead_new, name="lead_new"),
    path("leads/today/", views.leads_today, name="leads_today"),
    path("leads/asked/", views.lead_settings, name="lead_settings"),
    path("leads/forms/", views.web_form_list, name="web_forms"),
    path("leads/forms/<int:pk>/", views.web_form, name="web_form"),
    path("leads/forms/<int:pk>/secret/", views.web_form_secret, name="web_form_secret"),
    path("leads/forms/<int:pk>/renew/", views.web_form_renew, name="web_form_renew"),
    path("leads/<int:pk>/", views.lead, name="lead"),
    path("leads/<int:pk>/edit/", views.lead_edit, name="lead_edit"),
    path("leads/<int:pk>/move/", views.lead_move, name="lead_move"),
    path("leads/<int:pk>/answers/", views.lead_answers, name="lead_answers"),
    path("leads/<int:pk>/note/", views.lead_note, name="lead_note"),
    path("leads/<int:pk>/drop/", views.lead_drop, name="lead_drop"),
    path("leads/<int:pk>/resume/", views.lead_resume, name="lead_resume"),
    path("leads/<int:pk>/convert/", views.lead_convert, name="lead_convert"),
    path("leads/<int:pk>/merge/", views.lead_merge, name="lead_merge"),
    path("stages/", views.stages, name="stages"),
    path("stages/effect/", views.effect, name="stages_effect"),
    path("stages/<int:stage>/items/", views.item_new, name="item_new"),
    path("stages/items/<slug:key>/", views.item_edit, name="item_edit"),
    path("stages/items/<slug:key>/move/", views.item_move, name="item_move"),
    path("stages/items/<slug:key>/switch/", views.item_switch, name="item_switch"),
    path("<int:pk>/", views.opportunity, name="opportunity"),
    path("<int:pk>/lead/", views.lead_of, name="lead_of"),
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
