// Toasts: one at a time, eight seconds, longer under the pointer; errors stay
import { $, $$, on } from "./core.js";

const toasts = $("#toasts");
function raise() {   // above an open dialog
  try { toasts.hidePopover?.(); toasts.showPopover?.(); } catch { /* an old browser shows it anyway */ }
}
function watchToast(toast) {
  raise();
  if (toast.dataset.kind === "error") return;
  const leave = () => setTimeout(() => (toast.matches(":hover, :focus-within") ? leave() : toast.remove()), 8000);
  leave();
}
export function toast({ text: words, undo_url: undo, kind = "status", reference = "" }) {
  if (!toasts || !words) return null;
  const item = $("#toast-template").content.firstElementChild.cloneNode(true);
  $("[data-text]", item).textContent = words;
  item.dataset.kind = kind;
  if (kind === "error") item.setAttribute("role", "alert");
  const button = $("[data-undo]", item);
  if (undo) { button.hidden = false; button.dataset.undo = undo; } else button.remove();
  const note = $("[data-reference]", item);
  if (reference) { note.hidden = false; $("b", note).textContent = reference; } else note.remove();
  toasts.replaceChildren(item);
  watchToast(item);
  return item;
}
if (toasts) {
  $$(".toast", toasts).slice(0, -1).forEach((old) => old.remove());
  $$(".toast", toasts).forEach(watchToast);
  // a fragment may also bring one by hx-swap-oob="beforeend:#toasts"
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) {
      if (node.nodeType !== 1 || node.dataset.watched) continue;
      node.dataset.watched = "1";
      $$(".toast", toasts).filter((other) => other !== node).forEach((other) => other.remove());
      watchToast(node);
    }
  }).observe(toasts, { childList: true });
}
on("toast", (e) => { const { elt: _, ...detail } = e.detail ?? {}; const item = toast(detail); if (item) item.dataset.watched = "1"; });
on("click", (e) => {
  const undo = e.target.closest("[data-undo]");
  if (undo) {
    const url = undo.dataset.undo;
    undo.closest(".toast")?.remove();
    htmx.ajax("POST", url, { source: document.body, swap: "none" });
  }
  if (e.target.closest("[data-dismiss]")) e.target.closest(".toast")?.remove();
});
