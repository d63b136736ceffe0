"""A real browser for the journeys: Debian's Chromium, driven by Playwright; any console message fails the test."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, ViewportSize, sync_playwright
from pytest_django.live_server_helper import LiveServer

from jobs.models import Job
from jobs.running import run
from tenants.models import Membership, Organization
from tenants.scoping import reading
from tests.cast import sign_in

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop runs in this thread; the ORM is called beside it

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE, PHONE = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)


@dataclass
class Visitor:
    """Someone at a browser: `page` to act on, `troubles` for what the browser complained about."""

    page: Page
    context: BrowserContext
    base: str
    slug: str
    allowed: set[int] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        """Open a path inside the organization: `visitor.go("funnel/")`."""
        self.page.goto(f"{self.base}/o/{self.slug}/{path}")
        return self.page

    def listen(self) -> None:
        """Note every console message, script error and failed answer; `allowed` names the status codes expected."""

        def console(message: ConsoleMessage) -> None:
            if not any(f"status of {code}" in message.text for code in self.allowed):
                self.troubles.append(f"console {message.type}: {message.text}")

        def answered(response: Response) -> None:
            if response.status >= 400 and response.status not in self.allowed:
                self.troubles.append(f"{response.status} {response.url}")

        self.page.on("console", console)
        self.page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        self.page.on("response", answered)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the session."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, live_server: LiveServer) -> Iterator[Callable[..., Visitor]]:
    """Open a browser as a member: `visit(acme.rep, phone=True, language="zh-hant", dark=True)`."""
    opened: list[Visitor] = []

    def open_as(member: Membership, *, phone: bool = False, language: str = "zh-hant", dark: bool = False) -> Visitor:
        member.user.language = language
        member.user.save(update_fields=["language"])
        client: Client = sign_in(member)
        context = chromium.new_context(
            viewport=PHONE if phone else WIDE,
            has_touch=phone,
            is_mobile=phone,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale="zh-TW" if language.startswith("zh") else "en-GB",
        )
        context.set_default_timeout(8_000)
        context.set_default_navigation_timeout(30_000)  # the first page of a run compiles every template
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        visitor = Visitor(context.new_page(), context, live_server.url, member.organization.slug)
        visitor.listen()
        opened.append(visitor)
        return visitor

    yield open_as
    for visitor in opened:
        visitor.context.close()
    assert [trouble for visitor in opened for trouble in visitor.troubles] == []


def work(organization: Organization) -> None:
    """Do what a worker would: run the jobs that wait."""
    with reading(organization):
        waiting = list(Job.objects.running().order_by("id"))
    for job in waiting:
        run(job)
