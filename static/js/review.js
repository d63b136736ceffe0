// Review: J/K rows, 1–5 decision, N next action, Enter saves; evidence to verify goes by the same keys
import { $, $$, on, typing } from "./core.js";
import { last } from "./requests.js";

export const rows = () => $$("[data-review] [data-row]");
export function activate(row, focus = true) {
  if (!row) return;
  for (const other of rows()) other.classList.toggle("active", other === row);
  if (focus) row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}
on("click", (e) => {
  const row = e.target.closest("[data-review] [data-row]");
  if (row && !row.classList.contains("active") && !e.target.closest("form, a, button")) activate(row);
});
on("focusin", (e) => {
  const row = e.target.closest("[data-review] [data-row]");
  if (row && !row.classList.contains("active")) activate(row, false);
});
on("review:saved", (e) => {
  const list = rows(), at = list.findIndex((row) => row.dataset.row === String(e.detail.pk));
  activate(list[Math.min(at + 1, list.length - 1)]);
});
// Other people's saves are polled in, but never over a row that is being edited.
const touched = (row) => $$("input", row).some((field) => (field.type === "radio" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue));
on("htmx:oobBeforeSwap", (e) => {
  const old = e.detail.target;
  if (!last.polled || !old?.matches?.("[data-row].active")) return;
  if (touched(old) || (old.contains(document.activeElement) && typing(document.activeElement))) e.detail.shouldSwap = false;
  else $("[data-row]", e.detail.fragment)?.classList.add("active");
});
on("toggle", (e) => { if (e.target.matches?.(".verdict details[open]")) $("input:not([type=hidden])", e.target)?.focus(); }, true);
