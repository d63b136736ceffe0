"""Words that would like to be more than words, and the eyes that see whether they became it."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from itertools import cycle

from tests.walls.crawl import Answer

MARK = "xqx"
UNEVALUATED = f"{MARK}{{{{7}}}}{MARK}"
EVALUATED = f"{MARK}7{MARK}"

LONG = (
    f"javascript:{MARK}(1)/*\"'><script>{MARK}()</script></title></textarea></style></script><{MARK} on{MARK}=1>"
    f"<img src=x onerror={MARK}()>--><svg/onload={MARK}()>{UNEVALUATED}{{% debug %}}&lt;b&gt;"
)
MIDDLE = f"javascript:{MARK}(\"'><{MARK} on{MARK}=1><script>{UNEVALUATED}"
SHORT = f"\"'><{MARK} on{MARK}=1>{MARK}"

RIGHT_TO_LEFT, NOTES = "\u202ekcab", 500  # names refuse it; notes keep it

FORMULAS = ["=cmd|'/C calc'!A0", "+1+1", "@SUM(1+1)", "-2+3+cmd|' /C calc'!A0", "\t=1+1", "＝1+1"]


def markup(limit: int) -> str:
    """Return a text of at most so many letters that breaks out of wherever it may stand."""
    fitting = next(text for text in (LONG, MIDDLE, SHORT, SHORT[:limit]) if len(text) <= limit)
    return f"{fitting}{RIGHT_TO_LEFT}" if limit >= NOTES else fitting


def formulas() -> Callable[[int], str]:
    """Return a maker of texts that a spreadsheet would run, one kind after the other."""
    kinds = cycle(FORMULAS)
    return lambda limit: next(text for text in kinds if len(text) <= limit)


class _Eyes(HTMLParser):
    """Note every place where the mark is more than text or a quoted value."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if MARK in tag:
            self.seen.append(f"an element <{tag}>")
        if tag in {"script", "style"}:
            self.inside = "data" if ("type", "application/json") in attrs else tag
        for name, value in attrs:
            said = re.sub(r"[\x00-\x20]", "", (value or "").lower())
            if MARK in name:
                self.seen.append(f"an attribute {name} of <{tag}>")
            if name.startswith(("on", "hx-on")) or name in {"style", "srcdoc"}:
                self.seen.append(f"a handler or style: {name} of <{tag}>")
            if name in ADDRESSES and said.startswith(("javascript:", "vbscript:", "data:text/html")):
                self.seen.append(f"an address that runs: {name}={value!r} of <{tag}>")
            if name in {"hx-vals", "hx-headers"} and said and MARK in said:
                json.loads(value or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style"}:
            self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "data":
            json.loads(data)
        elif self.inside and MARK in data:
            self.seen.append(f"the inside of <{self.inside}>")

    def handle_comment(self, data: str) -> None:
        if MARK in data:
            self.seen.append("a comment")


ADDRESSES = frozenset(
    {"href", "src", "action", "formaction", "xlink:href", "data", "poster", "cite", "background", "data-url"}
    | {"hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete", "hx-push-url", "hx-replace-url", "data-move-url"}
)


def became_more(answer: Answer) -> list[str]:
    """Return what hostile words became in an answer, besides words."""
    response = answer.response
    seen: list[str] = []
    for name, value in response.items():
        if name.startswith("HX-Trigger") and value.startswith("{"):
            json.loads(value)
        if "\r" in value or "\n" in value or not value.isascii():
            seen.append(f"a header: {name}")
        if name in {"Location", "HX-Redirect"} and value.lower().startswith("javascript:"):
            seen.append(f"an address that runs: {name}")
    if answer.is_page:
        page = response.content.decode()
        eyes = _Eyes()
        eyes.feed(page)
        eyes.close()
        seen += eyes.seen
        if EVALUATED in page:
            seen.append("a template that was run")
    elif "attachment" in response.headers.get("Content-Disposition", ""):
        if response.headers.get("X-Content-Type-Options") != "nosniff":
            seen.append("a file whose kind a browser may guess")
        seen += [f"a formula: {cell!r}" for cell in cells(response.content) if runs(cell)]
    elif response.headers.get("Content-Type", "").startswith("text/") and MARK in answer.text:
        seen.append("a file that is shown, not saved")
    return seen


def runs(cell: str) -> bool:
    """Return whether a spreadsheet would take a cell for a formula."""
    return bool(re.match(r"\s*[=+\-@＝＋－＠|]|[\t\r\n]", cell)) and not re.fullmatch(r"-?\d+(\.\d+)?%?", cell)


def cells(data: bytes) -> Iterator[str]:
    """Yield the cells of a CSV file or a workbook."""
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                sheet = archive.read(name).decode(errors="ignore")
                yield from (f"={found}" for found in re.findall(r"<f[ >]([^<]*)", sheet))
                yield from re.findall(r"<t[^>]*>([^<]*)", sheet)
    else:
        for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))):
            yield from row
