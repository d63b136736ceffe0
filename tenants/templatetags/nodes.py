"""Tags of Django's that every page is full of, quicker: what they come to is looked for once."""

from django.template import Context, Node, defaulttags
from django.templatetags import i18n
from django.utils.translation import get_language

from tenants.templatetags.addresses import in_shape


class Words(Node):
    """Django's `translate` of words that stand in the template: looked for once in each language."""

    child_nodelists = ()

    def __init__(self, read: i18n.TranslateNode) -> None:
        self.read, self.said = read, dict[str | None, str]()

    def render(self, context: Context) -> str:
        now = get_language()
        if now not in self.said:
            self.said[now] = self.read.render(context)
        return self.said[now]


class Address(defaulttags.URLNode):
    """Django's `url`, which looks for the page anew only where its shape is not known."""

    def render(self, context: Context) -> str:
        name, args = self.view_name.resolve(context), [arg.resolve(context) for arg in self.args]
        known = None if self.kwargs else in_shape(name, args)
        if known is None:
            return str(super().render(context))
        if self.asvar:
            context[self.asvar] = known
            return ""
        return known
