"""My own page: how I am called, how I see the pages, where I work."""

from django.contrib import messages
from django.http import HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tenants import actions, labels, queries
from tenants.forms.organization import ProfileForm
from tenants.permissions import Permission
from tenants.web import OrgRequest, go, org_view, render_page, to_page


@org_view(Permission.PROFILE_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: OrgRequest) -> HttpResponse:
    """Show and change my profile."""
    if request.method != "POST":
        return _page(request, ProfileForm(initial=ProfileForm.values_of(request.membership.user)))
    form = ProfileForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    actions.change_profile(request.membership.user, by=request.membership, at=request.now, **form.cleaned_data)
    with translation.override(form.cleaned_data["language"] or request.organization.language):
        messages.success(request, _("Your profile is saved."))
    return go(request, to_page(request, "tenants:profile"))


def _page(request: OrgRequest, form: ProfileForm, status: int = 200) -> HttpResponse:
    roles = dict(labels.ROLES)
    places = [(place, roles[place.role]) for place in queries.memberships_of(request.user)]
    context = {"form": form, "places": places}
    return render_page(request, "tenants/profile.html", context, partial="form", status=status)
