// Combobox: the server (or the page) has the options, this only moves among them
import { $, $$, on } from "./core.js";

const listOf = (input) => document.getElementById(input.getAttribute("aria-controls"));
const choices = (input) => $$("[role=option]", listOf(input) ?? document.createElement("i")).filter((option) => !option.hidden);
function mark(input, option) {
  for (const other of $$("[role=option]", listOf(input))) other.setAttribute("aria-selected", String(other === option));
  input.setAttribute("aria-activedescendant", option?.id ?? "");
  option?.scrollIntoView({ block: "nearest" });
}
function closeList(input) {
  const list = listOf(input);
  if (!list) return;
  if (input.closest("[data-combo=local]")) for (const option of $$("[role=option]", list)) option.hidden = true; else list.replaceChildren();
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-activedescendant", "");
}
function choose(input, option) {
  // data-create: POSTed with the name; its answer is the option of what was made, marked data-chosen.
  if (option.dataset.create) {
    return htmx.ajax("POST", option.dataset.create, { source: input, target: listOf(input), swap: "innerHTML", values: { name: option.dataset.text } });
  }
  const value = $("[data-combo-value]", input.closest("[data-combo]"));
  input.value = option.dataset.text ?? option.textContent.trim();
  closeList(input);
  if (value) { value.value = option.dataset.value ?? ""; value.dispatchEvent(new Event("change", { bubbles: true })); }
  else input.dispatchEvent(new Event("change", { bubbles: true }));
}
function filterLocal(input) {
  const query = input.value.trim().toLowerCase();
  let left = 50;
  for (const option of $$("[role=option]", listOf(input))) option.hidden = !((option.dataset.k ?? option.textContent).toLowerCase().includes(query) && left-- > 0);
  input.setAttribute("aria-expanded", String(choices(input).length > 0));
}
on("input", (e) => {
  const input = e.target.closest("[data-combo] [role=combobox]");
  if (!input) return;
  const value = $("[data-combo-value]", input.closest("[data-combo]"));
  if (value) value.value = "";
  if (input.closest("[data-combo=local]")) filterLocal(input);
});
on("focusin", (e) => { const input = e.target.closest("[data-combo=local] [role=combobox]"); if (input) { filterLocal(input); input.select(); } });
on("focusout", (e) => {
  const box = e.target.closest("[data-combo]"), input = box && $("[role=combobox]", box);
  if (input) setTimeout(() => { if (!box.contains(document.activeElement)) closeList(input); }, 150);
});
on("mousedown", (e) => { if (e.target.closest("[data-combo] [role=option]")) e.preventDefault(); });
on("click", (e) => {
  const option = e.target.closest("[data-combo] [role=option]");
  if (option) choose($("[role=combobox]", option.closest("[data-combo]")), option);
});
on("htmx:afterSwap", (e) => {
  const input = e.detail.target?.closest?.("[data-combo]") && $("[role=combobox]", e.detail.target.closest("[data-combo]"));
  if (!input) return;
  input.setAttribute("aria-expanded", String(choices(input).length > 0));
  mark(input, null);
  const chosen = $("[data-chosen]", listOf(input));
  if (chosen) choose(input, chosen);
});
on("keydown", (e) => {
  const input = e.target.closest?.("[data-combo] [role=combobox]");
  if (!input || e.isComposing) return;
  const options = choices(input), at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if ((e.key === "ArrowDown" || e.key === "ArrowUp") && options.length) {
    e.preventDefault();
    mark(input, options[(at + (e.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1) + options.length) % options.length]);
  } else if (e.key === "Enter" && options.length) { e.preventDefault(); choose(input, options[Math.max(at, 0)]); }
  else if (e.key === "Escape" && options.length) { e.stopPropagation(); e.preventDefault(); closeList(input); }
});
