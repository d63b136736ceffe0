"""The addresses of this app."""

from django.urls import path

from accounts.views import customers, editing, judgement, people, products

app_name = "accounts"
urlpatterns = [
    path("", customers.account_list, name="list"),
    path("new/", editing.account_new, name="new"),
    path("suggest/", customers.suggest, name="suggest"),
    path("quick/", editing.quick_new, name="quick_new"),
    path("products/", products.product_list, name="products"),
    path("products/new/", products.product_new, name="product_new"),
    path("products/<int:pk>/", products.product_edit, name="product_edit"),
    path("segments/", judgement.segments, name="segments"),
    path("segments/preview/", judgement.segments_preview, name="segments_preview"),
    path("contacts/<int:pk>/", people.contact_edit, name="contact_edit"),
    path("<int:pk>/", customers.account_page, name="account"),
    path("<int:pk>/edit/", editing.account_edit, name="edit"),
    path("<int:pk>/assess/", judgement.account_assess, name="assess"),
    path("<int:pk>/timeline/", customers.account_timeline, name="timeline"),
    path("<int:pk>/contacts/new/", people.contact_new, name="contact_new"),
    path("<int:pk>/members/", people.members, name="members"),
    path("<int:pk>/members/<int:member>/remove/", people.member_remove, name="member_remove"),
]
