"""What a page offers to send: its forms, and its buttons that send by themselves, with what stands in them."""

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from html.parser import HTMLParser

Attributes = dict[str, str]

SOON = (date.today() + timedelta(days=9)).isoformat()  # noqa: DTZ011  # some day ahead, in any zone

# What an empty required field is given; by its name, else by its type.
BY_NAME = {
    "email": "somebody@else.example",
    "emails": "first@else.example",
    "why": "Because",
    "company": "Somebody Ltd",
    "amount": "1200",
    "when": "now",
    "rate": "31",
    "currency": "EUR",
    "next_text": "Call again",
}
BY_TYPE = {
    "date": SOON,
    "datetime-local": f"{SOON}T10:00",
    "number": "1",
    "email": "somebody@else.example",
    "tel": "1",
    "url": "https://else.example",
}


@dataclass
class Form:
    """One thing that can be sent: where to, and what. `choices` are the fields whose values the page prescribes."""

    url: str
    method: str
    data: dict[str, list[str]] = field(default_factory=dict)
    choices: set[str] = field(default_factory=set)
    files: dict[str, str] = field(default_factory=dict)
    """A name of a file that each such field takes."""

    def put(self, name: str, value: str) -> None:
        """Send `value` too."""
        self.data.setdefault(name, []).append(value)

    @property
    def fields(self) -> list[str]:
        """Return the names of all fields, ticked or not."""
        return sorted({*self.data, *self.choices} - {"csrfmiddlewaretoken"})


class _Reader(HTMLParser):
    """Walks through a page and notes what it offers."""

    def __init__(self, here: str) -> None:
        super().__init__()
        self.here = here
        self.found: list[Form] = []
        self.open: Form | None = None
        self.radios: dict[str, list[str]] = {}
        self.select: tuple[str, list[tuple[str, bool]]] | None = None
        self.area: tuple[str, list[str]] | None = None
        self.wanted = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._begin(given)
        elif "hx-post" in given:
            self._button(given)
        if self.open is not None:
            if tag == "input":
                self._input(self.open, given)
            elif tag == "button" and given.get("name") and "hx-post" not in given:
                self._named_button(given)
            elif tag == "select" and given.get("name"):
                self.select = (given["name"], [])
            elif tag == "textarea" and given.get("name"):
                self.area = (given["name"], [])
                self.wanted = "Something" if "required" in given else ""
        if tag == "option" and self.select is not None:
            self.select[1].append((given.get("value", ""), "selected" in given))

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.area[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self.open is not None:
            self._end(self.open)
        elif tag == "select" and self.select is not None and self.open is not None:
            name, options = self.select
            self.select = None
            self.open.choices.add(name)
            chosen = [value for value, selected in options if selected] or [value for value, _ in options[:1]]
            if chosen == [""] and len(options) > 1 and name not in {"parent", "team"}:
                chosen = [options[1][0]]
            self.open.put(name, (chosen or [""])[0])
        elif tag == "textarea" and self.area is not None and self.open is not None:
            name, parts = self.area
            self.area = None
            self.open.put(name, "".join(parts).strip() or BY_NAME.get(name, self.wanted))

    def _begin(self, given: Attributes) -> None:
        method = "post" if "hx-post" in given else given.get("method", "get").lower()
        self.open = Form(given.get("hx-post") or given.get("hx-get") or given.get("action") or self.here, method)
        self.radios = {}

    def _end(self, form: Form) -> None:
        for name, values in self.radios.items():
            form.choices.add(name)
            if name not in form.data:
                form.put(name, BY_NAME[name] if BY_NAME.get(name) in values else values[0])
        self.found.append(form)
        self.open = None

    def _button(self, given: Attributes) -> None:
        """Note a button that sends by itself; inside a form it sends the form's fields along, which are noted there."""
        form = Form(given["hx-post"], "post")
        for name, value in json.loads(given.get("hx-vals") or "{}").items():
            form.put(name, str(value))
        if given.get("name"):
            form.put(given["name"], given.get("value", ""))
        self.found.append(form)

    def _named_button(self, given: Attributes) -> None:
        if self.open is not None and given.get("formaction"):
            self.found.append(Form(given["formaction"], "post", {given["name"]: [given.get("value", "")]}))
        elif self.open is not None and given["name"] not in self.open.data and given["name"] != "ask":
            self.open.put(given["name"], given.get("value", ""))

    def _input(self, form: Form, given: Attributes) -> None:
        name, kind, value = given.get("name", ""), given.get("type", "text"), given.get("value", "")
        if not name or kind in {"submit", "button", "image", "reset"}:
            return
        if kind == "file":
            form.files[name] = "file.csv" if ".csv" in given.get("accept", ".csv") else "file.txt"
        elif kind == "radio":
            self.radios.setdefault(name, []).append(value)
            if "checked" in given:
                form.put(name, value)
        elif kind == "checkbox":
            form.choices.add(name)
            if "checked" in given:
                form.put(name, value or "on")
        elif kind == "hidden":
            form.put(name, value)
        else:
            wanted = BY_TYPE.get(kind, "Something") if "required" in given else ""
            form.put(name, value or BY_NAME.get(name, wanted))


def forms_of(page: str, here: str) -> list[Form]:
    """Return what can be sent from a page that was opened at `here`."""
    reader = _Reader(here)
    reader.feed(page)
    reader.close()
    return reader.found
