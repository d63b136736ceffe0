// Drafts: what is typed outlives a reload, and a form that was not taken.
import { $, $$, on, store } from "./core.js";

export const draftKey = (form) => `draft:${document.body.dataset.scope ?? ""}:${form.dataset.draft}`;
const unsaved = (field) => !field.name || field.disabled || /^(csrfmiddlewaretoken|version)$/.test(field.name) || /^(password|file|submit|button)$/.test(field.type);
export function saveDraft(form) {
  if (!form.dataset.draft) return;
  const values = [];
  for (const field of form.elements) {
    if (unsaved(field)) continue;
    if (/^(radio|checkbox)$/.test(field.type)) { if (field.checked) values.push([field.name, field.value]); }
    else if (field.multiple) for (const option of field.selectedOptions) values.push([field.name, option.value]);
    else values.push([field.name, field.value]);
  }
  form.draftTimer = 0;
  if (store.set(draftKey(form), JSON.stringify(values))) for (const note of $$("[data-draft-state]")) note.hidden = false;
}
export function dropDraft(form) {
  clearTimeout(form.draftTimer);
  form.draftTimer = 0;
  store.drop(draftKey(form));
  for (const note of $$("[data-draft-state]")) note.hidden = true;
}
export function restoreDraft(form) {
  const stored = store.get(draftKey(form));
  if (!stored || $(".errbox", form) || form.dataset.restored) return;
  form.dataset.restored = "1";
  const values = JSON.parse(stored), touched = [];
  for (const field of form.elements) {
    if (unsaved(field)) continue;
    const own = values.filter(([name]) => name === field.name).map(([, value]) => value);
    if (/^(radio|checkbox)$/.test(field.type)) {
      const want = own.includes(field.value);
      if (field.checked !== want) { field.checked = want; if (want || field.type === "checkbox") touched.push(field); }
    } else if (field.multiple) {
      for (const option of field.options) option.selected = own.includes(option.value);
      touched.push(field);
    } else if (own.length && field.value !== own[0]) { field.value = own[0]; touched.push(field); }
  }
  for (const note of $$("[data-draft-state]")) note.hidden = false;
  form.restoring = true;
  for (const field of touched) field.dispatchEvent(new Event("change", { bubbles: true }));
  form.restoring = false;
}
function draftTyped(e) {
  const form = e.target.form ?? e.target.closest?.("form");
  if (!form?.dataset.draft || form.restoring) return;
  clearTimeout(form.draftTimer);
  form.draftTimer = setTimeout(() => saveDraft(form), 400);
}
on("input", draftTyped);
on("change", draftTyped);
window.addEventListener("pagehide", () => $$("form[data-draft]").forEach((form) => { if (form.draftTimer) saveDraft(form); }));
// A form sent without htmx: the page after it tells whether it was taken.
try {
  const sent = sessionStorage.getItem("sent");
  if (sent) {
    sessionStorage.removeItem("sent");
    const form = $$("form[data-draft]").find((candidate) => draftKey(candidate) === sent);
    const arrived = performance.getEntriesByType("navigation")[0]?.type === "navigate";
    if (!form || (arrived && !$(".errbox", form))) store.drop(sent);
  }
} catch { /* no storage: nothing was kept */ }
