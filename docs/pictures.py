"""Take the pictures of the README from a running demo.

`make run`, and in another terminal: `.venv/bin/python docs/pictures.py [ADDRESS]`
"""

import base64
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

BASE = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000"
ORG = f"{BASE}/o/obsidian"
TO = Path(__file__).parent / "pictures"
WIDE, PHONE = ViewportSize(width=1440, height=720), ViewportSize(width=390, height=844)
FILE = """公司名稱,統一編號,產業,地區,年營收
弘岳精密,24681357,機械,北區,"12,000,000"
晶旺半導體,12345675,半導體,北區,"86,000,000"
立鋒電子,22099131,電子,中區,"9,500,000"
,04595257,食品,南區,"1,200,000"
永泰物流,04541302,物流,南區,三百萬左右
"""


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
    page.goto(f"{ORG}/{path}")
    keep(page, name)


def keep(page: Page, name: str) -> None:
    """Keep a picture of what this page shows once it is complete."""
    page.wait_for_load_state("networkidle")
    page.evaluate("document.activeElement?.blur()")
    taken = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": 82})
    (TO / f"{name}.webp").write_bytes(base64.b64decode(taken["data"]))
    print(name)  # noqa: T201


def preview_import(page: Page) -> None:
    """Choose a file with two mistakes and keep the picture of what would happen; nothing is imported."""
    page.goto(f"{ORG}/import/new/")
    page.check("[name=target][value=accounts]")
    page.set_input_files("#id_file", {"name": "客戶名單.csv", "mimeType": "text/csv", "buffer": FILE.encode("big5")})
    page.click("#content form button.primary")
    page.wait_for_url("**/columns/**", timeout=60_000)
    page.click("form:has(table.pairs) button.primary")
    page.wait_for_url("**/preview/**", timeout=60_000)
    keep(page, "import")


def main() -> None:
    """Take them all."""
    shutil.rmtree(TO, ignore_errors=True)
    TO.mkdir()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        manager = sign_in(browser, "lin")
        take(manager, "funnel/", "board")
        manager.goto(f"{ORG}/accounts/")
        manager.click("tbody tr:has-text('A+') a >> nth=0")
        keep(manager, "account")
        preview_import(manager)
        manager.goto(f"{ORG}/funnel/competitors/")
        manager.click("main tbody a >> nth=-1")
        manager.click("main section:last-of-type .list a >> nth=0")  # an open opportunity with a sheet
        keep(manager, "strategy")
        manager.click(".top .crumb a")
        keep(manager, "path")
        take(manager, "forecast/shape/", "shape")
        take(manager, "forecast/alerts/", "health")
        executive = sign_in(browser, "wang")
        take(executive, "forecast/", "forecast")
        take(executive, "forecast/changes/", "changes")
        take(executive, "funnel/matrix/", "matrix")
        rep = sign_in(browser, "chen", phone=True)
        rep.goto(f"{ORG}/visits/new/")
        rep.click("#content ul.list a[href*='account=']", timeout=10_000)
        rep.click(".pick:has([name=contacts]) >> nth=0")
        rep.click(".pick:has([name=result][value=advanced])")
        rep.fill("[name=note]", "廠長希望看到節電試算")
        rep.fill("[name=next_text]", "下週三 拜訪廠長")
        rep.wait_for_selector("#due *")
        rep.eval_on_selector("#due", "it => it.scrollIntoView({block: 'center'})")
        keep(rep, "visit-phone")
        leader = sign_in(browser, "lin", dark=True)
        leader.goto(f"{ORG}/coaching/review/")
        if "/reviews/" not in leader.url:  # a review that runs already is gone on with
            leader.click("form.formfoot button.primary")
            leader.wait_for_url("**/reviews/**")
        keep(leader, "review-dark")
        browser.close()


if __name__ == "__main__":
    main()
