// Forms: never sent twice, filled by a tap, shown as far as they apply; rows that are picked.
import { $, $$, on, store, text } from "./core.js";
import { draftKey, saveDraft } from "./drafts.js";
import { toast } from "./toasts.js";

export function free(elt) {
  const form = elt?.closest?.("form") ?? elt;
  if (!form?.dataset?.busy) return;
  delete form.dataset.busy;
  for (const button of $$("[aria-busy]", form)) button.removeAttribute("aria-busy");
}
on("submit", (e) => {
  const form = e.target;
  if (form.method === "dialog" || (form.method === "get" && !form.hasAttribute("hx-post"))) return;
  if (form.dataset.busy) { e.preventDefault(); e.stopImmediatePropagation(); return; }
  if (!navigator.onLine) {
    e.preventDefault(); e.stopImmediatePropagation();
    saveDraft(form);
    toast({ text: text("offline"), kind: "error" });
    return;
  }
  form.dataset.busy = "1";
  e.submitter?.setAttribute("aria-busy", "true");
  setTimeout(() => free(form), 20000);
  if (form.dataset.draft && !form.matches("[hx-post], [hx-put], [hx-patch]")) {
    saveDraft(form);
    try { sessionStorage.setItem("sent", draftKey(form)); } catch { /* no storage */ }
  }
  if (form.matches("[data-signout]")) for (const key of store.keys()) if (key.startsWith("draft:")) store.drop(key);
}, true);
window.addEventListener("pageshow", () => $$("form[data-busy]").forEach(free));
window.addEventListener("online", () => $$(".toast[data-kind=error]").forEach((item) => {
  if ($("[data-text]", item)?.textContent === text("offline")) item.remove();
}));
window.addEventListener("offline", () => { if ($("form[data-draft]")) toast({ text: text("offline"), kind: "error" }); });

on("change", (e) => {
  const field = e.target;
  if (field.closest("form[data-autosubmit]") && !field.closest("fieldset")) field.form.requestSubmit(); // from, to: when both stand
  if (field.form || field.closest("form")) showWhen(field.closest("form"));
  if (field.matches("[data-select-all]")) for (const box of $$(`input[type=checkbox][name="${field.dataset.selectAll}"]`)) box.checked = field.checked;
  if (field.type === "file") {
    const name = $("[data-file-name]", field.closest("label, .drop, form"));
    if (name) name.textContent = [...field.files].map((file) => file.name).join(", ");
  }
});
// Rows that are picked show what can be done to them; "all that match" goes by the filters, counted by the server.
function showPicked() {
  const bar = $("#bulk");
  if (!bar) return;
  const all = $("[data-pick-all]", bar), every = all?.getAttribute("aria-pressed") === "true";
  const count = every ? all.dataset.pickAll : $$("input[name=pk]:checked").length;
  bar.hidden = count === 0;
  $("[data-picked]", bar).textContent = count;
  $("[data-all]", bar).value = every ? "1" : "";
}
on("change", (e) => {
  if (!e.target.matches("input[name=pk], [data-select-all=pk]")) return;
  $("[data-pick-all]")?.setAttribute("aria-pressed", "false");
  showPicked();
});
on("click", (e) => {
  const all = e.target.closest("[data-pick-all]");
  if (!all) return;
  all.setAttribute("aria-pressed", String(all.getAttribute("aria-pressed") !== "true"));
  for (const box of $$("input[name=pk], [data-select-all=pk]")) box.checked = true;
  showPicked();
});
on("reset", (e) => {
  if (e.target.id !== "bulk") return;
  for (const box of $$("[data-select-all=pk]")) box.checked = false;
  $("[data-pick-all]")?.setAttribute("aria-pressed", "false");
  setTimeout(showPicked);
});
// data-show-when="kind=visit|call": shown while the form's field has one of these values.
export function showWhen(scope) {
  for (const part of $$("[data-show-when]", scope ?? document)) {
    const [name, wanted] = part.dataset.showWhen.split("=");
    const form = part.closest("form");
    if (!form) continue;
    const values = new FormData(form).getAll(name);
    part.hidden = !wanted.split("|").some((value) => values.includes(value) || (value === "" && !values.length));
  }
}
// data-fill="#id" data-value="…": a tap that fills a field.
on("click", (e) => {
  const filler = e.target.closest("[data-fill]");
  if (!filler) return;
  const field = $(filler.dataset.fill);
  if (!field) return;
  field.value = filler.dataset.value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
});
for (const type of ["dragenter", "dragover"]) on(type, (e) => e.target.closest?.(".drop")?.classList.add("over"));
for (const type of ["dragleave", "drop"]) on(type, (e) => e.target.closest?.(".drop")?.classList.remove("over"));
