// Menus: popovers beside their button, walked with the arrow keys
import { $, $$, on } from "./core.js";

const visible = (el) => el.checkVisibility ? el.checkVisibility() : el.offsetParent !== null;
export const isOpen = CSS.supports("selector(:popover-open)") ? ":popover-open" : "[data-open]";
if (!HTMLElement.prototype.showPopover) {   // older in-app browsers: the same two methods, without the top layer
  HTMLElement.prototype.showPopover = function show() { this.dataset.open = ""; this.dispatchEvent(Object.assign(new Event("toggle"), { newState: "open" })); };
  HTMLElement.prototype.hidePopover = function hide() { delete this.dataset.open; };
  on("click", (e) => {
    const button = e.target.closest("[popovertarget]"), menu = button && document.getElementById(button.getAttribute("popovertarget"));
    const open = menu?.matches("[data-open]");
    for (const other of $$(".menu[data-open]")) if (!other.contains(e.target)) other.hidePopover();
    if (menu && !open) menu.showPopover();
  });
}
let opener = null;
export function openBeside(button, menu) {
  opener = button;
  menu.showPopover();
}
on("click", (e) => { opener = e.target.closest("[popovertarget], [data-popover]") ?? opener; }, true);
on("click", (e) => {
  const link = e.target.closest("[data-popover]");
  const menu = link && document.getElementById(link.dataset.popover);
  if (!menu || e.metaKey || e.ctrlKey) return;
  e.preventDefault();
  if (!menu.matches(isOpen)) menu.showPopover();
});
function place(menu, anchor) {
  if (!anchor) return;
  const box = anchor.getBoundingClientRect();
  menu.style.left = `${Math.max(8, Math.min(box.left, innerWidth - menu.offsetWidth - 8))}px`;
  const below = box.bottom + 4, above = box.top - 4 - menu.offsetHeight;
  menu.style.top = `${below + menu.offsetHeight > innerHeight - 8 && above > 8 ? above : Math.min(below, Math.max(8, innerHeight - menu.offsetHeight - 8))}px`;
}
on("toggle", (e) => {
  const menu = e.target;
  if (!menu.matches?.(".menu[popover]") || e.newState !== "open") return;
  if (!menu.matches(".more-menu")) place(menu, opener);
  $("a, button:enabled", menu)?.focus({ focusVisible: false });
}, true);
on("htmx:afterSettle", (e) => { const menu = e.detail.target?.closest?.(`.menu${isOpen}`); if (menu) place(menu, opener); });
on("keydown", (e) => {
  const menu = e.target.closest?.(".menu[popover]");
  if (!menu || (e.key !== "ArrowDown" && e.key !== "ArrowUp")) return;
  e.preventDefault();
  const items = $$("a, button:enabled", menu).filter(visible), at = items.indexOf(document.activeElement);
  items[(at + (e.key === "ArrowDown" ? 1 : -1) + items.length) % items.length]?.focus();
});
