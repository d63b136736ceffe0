"""Take the pictures of the README from a running demo.

`make run`, and in another terminal: `.venv/bin/python docs/pictures.py [ADDRESS]`
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

BASE = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000"
ORG = f"{BASE}/o/obsidian"
TO = Path(__file__).parent / "pictures"
WIDE, PHONE = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)


def sign_in(browser: Browser, who: str, *, phone: bool = False, dark: bool = False) -> Page:
    """Return a page on which this person of the demo company is signed in."""
    context = browser.new_context(
        viewport=PHONE if phone else WIDE,
        is_mobile=phone,
        has_touch=phone,
        color_scheme="dark" if dark else "light",
        locale="zh-TW",
        device_scale_factor=1.5 if phone else 1,
    )
    page = context.new_page()
    page.goto(f"{BASE}/accounts/login/")
    page.fill("[name=login]", f"{who}@obsidian.example")
    page.fill("[name=password]", "salesops-demo")
    page.click("form:has([name=password]) button.primary")
    page.wait_for_url("**/o/obsidian/**")
    return page


def take(page: Page, path: str, name: str) -> None:
    """Open a page of the organization and keep its picture."""
    page.goto(f"{ORG}/{path}", wait_until="networkidle")
    page.screenshot(path=TO / f"{name}.png")
    print(name)  # noqa: T201


def main() -> None:
    """Take them all."""
    TO.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        manager = sign_in(browser, "lin")
        take(manager, "funnel/", "board")
        take(manager, "accounts/", "accounts")
        manager.click("tbody tr[data-href] a >> nth=0")
        manager.wait_for_load_state("networkidle")
        manager.screenshot(path=TO / "account.png")
        take(manager, "import/", "import")
        take(sign_in(browser, "wang"), "forecast/", "forecast")
        take(sign_in(browser, "chen", phone=True), "visits/new/", "visit-phone")
        take(sign_in(browser, "lin", dark=True), "coaching/review/", "review-dark")
        browser.close()


if __name__ == "__main__":
    main()
