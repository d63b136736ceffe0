// htmx: token, loading bar, errors, conflict, dialog, focus
import { $, $$, on, text, typing } from "./core.js";
import { dropDraft } from "./drafts.js";
import { free } from "./forms.js";
import { toast } from "./toasts.js";

const csrf = () => $("meta[name=csrf]")?.content ?? "";
let running = 0, barTimer = 0, lastForm = null;
export const last = { focus: "", polled: false };   // the id that had the focus; whether the answer is one of a poll
const polling = (elt) => elt?.closest?.("[data-poll]") || /every /.test(elt?.getAttribute?.("hx-trigger") ?? "");
function bar(change) {
  running = Math.max(0, running + change);
  const line = $("#loading");
  if (!line) return;
  if (!running) { clearTimeout(barTimer); barTimer = 0; line.hidden = true; }
  else if (!barTimer) barTimer = setTimeout(() => { if (running) line.hidden = false; }, 300);
}
on("htmx:configRequest", (e) => { e.detail.headers["X-CSRFToken"] = csrf(); });
on("htmx:beforeRequest", (e) => {
  const { elt, requestConfig } = e.detail;
  if (document.hidden && polling(elt)) return e.preventDefault();
  if (!navigator.onLine && requestConfig.verb !== "get") {
    e.preventDefault();
    free(elt);
    return toast({ text: text("offline"), kind: "error" });
  }
  if (requestConfig.verb !== "get") lastForm = elt.closest?.("form") ?? lastForm;
  if (!polling(elt)) { requestConfig.shown = true; bar(1); }
});
const ended = new WeakSet();
function end(e) {
  const { requestConfig, xhr } = e.detail;
  const key = xhr ?? requestConfig;
  if (!key || ended.has(key)) return;
  ended.add(key);
  if (requestConfig?.shown) bar(-1);
}
// An element that was swapped out no longer reaches `document`, so the request itself is watched.
on("htmx:beforeSend", (e) => {
  const { xhr, elt } = e.detail;
  xhr.addEventListener("loadend", () => { end(e); free(elt); });
});
on("htmx:sendError", (e) => {
  if (polling(e.detail.elt)) return;
  toast({ text: text(navigator.onLine ? "error" : "offline"), kind: "error" });
});
on("htmx:responseError", (e) => {
  const { xhr, elt } = e.detail;
  if (polling(elt) || xhr.status === 409) return;
  const words = { 403: "forbidden", 404: "missing", 413: "large", 429: "busy", 503: "held" }[xhr.status] ?? "error";
  toast({ text: text(words), kind: "error", reference: xhr.status >= 500 && xhr.status !== 503 ? xhr.getResponseHeader("X-Request-ID") ?? "" : "" });
});
on("htmx:beforeSwap", (e) => {
  const { xhr, requestConfig } = e.detail;
  last.polled = Boolean(polling(requestConfig?.elt));
  if (xhr.status === 409 || (xhr.status === 422 && requestConfig?.moving)) {
    e.detail.shouldSwap = Boolean(xhr.responseText);
    e.detail.isError = false;
    e.detail.target = $("#dialog");
    e.detail.swapOverride = "innerHTML";
  }
  const active = document.activeElement;
  if (active && active !== document.body && active.id) last.focus = active.id;
});
// To the first of those that ask for it, an error before a field, and once.
function lead(within) {
  const wanted = $$("[data-focus]", within);
  for (const each of wanted) each.removeAttribute("data-focus");
  wanted[0]?.focus();
  return wanted.length;
}
on("htmx:afterSwap", (e) => {
  const dialog = $("#dialog");
  if (e.detail.target !== dialog) return;
  if (!dialog.childElementCount) return dialog.close();
  if (!dialog.open) dialog.showModal();
  lead(dialog);   // at once: who types before it settles types there
});
on("htmx:afterSettle", (e) => {
  if (typing(document.activeElement) && document.activeElement.closest("[hx-preserve]")) return;   // who types on is not led away
  if (lead(e.detail.elt?.parentElement ?? document)) return;
  if (document.activeElement === document.body && last.focus) document.getElementById(last.focus)?.focus({ preventScroll: true });
});
// A form inside the dialog that was accepted closes it, unless the answer went into the dialog itself.
on("htmx:beforeOnLoad", (e) => {
  const { xhr, elt, target, requestConfig } = e.detail;
  if (xhr.status >= 400 || requestConfig?.verb === "get") return;   // a look-up made while typing sends nothing
  const form = elt.closest?.("form") ?? (elt.matches?.("form") ? elt : null);
  if (form?.dataset.draft) dropDraft(form);
  const dialog = $("#dialog");
  const swap = elt.getAttribute?.("hx-swap") ?? form?.getAttribute("hx-swap") ?? "";
  const stays = dialog?.contains(target) && !swap.startsWith("none") && !xhr.getResponseHeader("HX-Retarget");
  if (form && dialog?.open && dialog.contains(form) && !stays) dialog.close();
});
on("dialog:close", () => $("#dialog")?.close());
on("click", (e) => {
  const dialog = e.target.closest("dialog");
  if (dialog && (e.target === dialog || e.target.closest("[data-close]"))) dialog.close();
  if (e.target.closest("[data-reload]")) location.reload();
  const keep = e.target.closest("[data-keep]");
  if (keep) {
    const form = (lastForm?.isConnected && lastForm.elements.version ? lastForm : null)
      ?? $("form:has([name=version])", keep.closest("dialog") ?? document) ?? $("form:has([name=version])");
    if (!form) return;
    form.elements.version.value = keep.dataset.keep;
    keep.closest("dialog")?.close();
    form.requestSubmit();
  }
});
