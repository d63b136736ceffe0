"""Each kind of file on its way through the browser, to its last page, on a desk and in a hand."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from exchange.models import Import
from tenants.scoping import reading
from tests.accounts.factories import make_account
from tests.cast import Cast
from tests.exchange.factories import make_csv
from tests.journeys.conftest import Visitor, work

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]

FILES: dict[str, bytes] = {
    "assessments": make_csv(
        ["客戶名稱", "評估日期", "評估人", "組織特徵", "方案適用性", "支持者", "文化相容性", "備註"],
        ["弘岳精密", "2026/3/2", "Rep Acme", "5", "4", "3：還沒見到總經理", "2", "上半年再看"],
        ["晶旺半導體", "2026/3/3", "王大明", "1", "-", "未知", "3.5", ""],
        ["立鋒電子", "2026/3/4", "", "9", "", "", "", ""],
        ["", "2026/3/4", "", "3", "", "", "", ""],
    ),
    "visits": make_csv(
        ["客戶名稱", "拜訪日期", "時間", "業務", "聯絡人", "拜訪方式", "結果", "備註", "客戶承諾", "下一步", "期限"],
        ["弘岳精密", "2026/3/2", "下午2:30", "Rep Acme", "陳怡君、王小明", "電話", "有進展", "談了規格", "提供數據",
         "寄報價", ""],
        ["晶旺半導體", "2026/3/3", "", "王大明", "", "拜會", "還在觀望", "", "", "", ""],
        ["立鋒電子", "2026/13/3", "", "", "", "", "", "", "", "", ""],
    ),
    "targets": make_csv(
        ["業務員", "期間", "業績目標", "幣別"],
        ["Rep Acme", "2026年第3季", "1,200,000", ""],
        ["Rep2 Acme", "2026-07", "30萬", "美元"],
        ["路人甲", "2026年第3季", "5", ""],
        ["Rep Acme", "2026", "5", ""],
    ),
    "teams": make_csv(
        ["團隊", "上級團隊", "主管"],
        ["台北", "北一區", "Rep Acme"],
        ["北一區", "North", "林小姐"],
        ["A", "B", ""],
        ["B", "A", ""],
    ),
    "people": make_csv(
        ["姓名", "電子郵件", "角色", "團隊", "管理員"],
        ["林怡", "lin@acme.example", "主管", "North", "否"],
        ["陳大文", "", "業務", "南區", ""],
        ["Rep Acme", "rep@acme.example", "區長", "South", ""],
    ),
}  # fmt: skip


@pytest.mark.parametrize("target", FILES)
@pytest.mark.parametrize(("phone", "language", "dark"), [(False, "zh-hant", False), (True, "en", True)])
def test_a_file_goes_in_through_the_browser(
    acme: Cast,
    visit: Callable[..., Visitor],
    tmp_path: Path,
    target: str,
    phone: bool,
    language: str,
    dark: bool,
) -> None:
    keep = os.environ.get("SALESOPS_PICTURES", "")  # a folder, to look at what the pages look like

    def look(name: str) -> None:
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0  # nothing stands out sideways
        if keep:
            page.screenshot(path=Path(keep) / f"{target}-{name}-{'phone' if phone else 'wide'}.png", full_page=True)

    with reading(acme.org):
        make_account(acme, name="弘岳精密", owner=acme.rep)
    file = tmp_path / "file.csv"
    file.write_bytes(FILES[target])
    by = acme.admin if target in {"teams", "people"} else acme.manager
    page = visit(by, phone=phone, language=language, dark=dark).go("import/new/")
    look("new")
    page.check(f"[name=target][value={target}]")
    page.set_input_files("[name=file]", file)
    page.click("form:has([name=file]) button.primary")
    work(acme.org)
    page.goto(page.url)
    page.wait_for_url("**/columns/**")
    look("mapping")
    page.click(".formfoot button.primary")
    page.wait_for_url(lambda url: "/columns/" not in url)
    work(acme.org)
    page.goto(page.url)
    page.wait_for_url("**/preview/**")
    look("preview")
    page.click("form[action$='/run/'] button.primary")
    page.wait_for_url(lambda url: "/preview/" not in url)
    work(acme.org)
    page.goto(page.url)
    look("done")
    with reading(acme.org):
        imported = Import.objects.get()
    assert (imported.state, imported.target) == ("done", target)
    assert imported.tally.verdicts.get("created")
    assert imported.tally.verdicts.get("rejected")
    expect(page.locator("h1")).to_contain_text("file.csv")
