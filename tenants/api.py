"""The door for API classes: the same three questions as `org_view`, the same scope and transaction."""

from contextlib import ExitStack
from typing import Any, ClassVar, cast

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from tenants.models import User
from tenants.permissions import Permission
from tenants.scoping import working_for
from tenants.web import OrgRequest, enter, lacks_second_factor, membership_or_404


class SecondFactorNeeded(PermissionDenied):
    """403: the organization asks for a second factor, and this person has none."""

    default_detail = {
        "detail": _("This organization asks for a second factor. Set one up in the browser first."),
        "code": "second_factor_needed",
    }


class OrgViewSet(GenericViewSet[Any]):
    """The base of every API class; `policy` maps an action's name to its permission."""

    permission_classes = [IsAuthenticated]
    policy: ClassVar[dict[str, Permission]] = {}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """Hold scope and transaction open until the answer is rendered."""
        self._entered = False
        with ExitStack() as self._stack:
            response = cast("Response", super().dispatch(request, *args, **kwargs))
            response.render()
            return response

    def handle_exception(self, exc: Exception) -> Response:
        """Answer an error, and write nothing of what led to it."""
        response = super().handle_exception(exc)
        if self._entered:
            transaction.set_rollback(True)
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Ask the three questions, then enter.

        :raises Http404: not a member. :raises PermissionDenied: no second factor where one is asked for; not permitted.
        """
        super().initial(request, *args, **kwargs)
        self.membership = membership_or_404(cast("User", request.user), kwargs["org"])
        if lacks_second_factor(self.membership):
            raise SecondFactorNeeded
        if self.action not in self.policy or not self.membership.can(self.policy[self.action]):
            raise PermissionDenied
        self._stack.enter_context(working_for(self.membership.organization))
        self._stack.enter_context(transaction.atomic())
        self._entered = True
        self.entered: OrgRequest = enter(request._request, self.membership)
