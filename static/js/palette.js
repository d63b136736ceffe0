// Command palette
import { acts } from "./acts.js";
import { $, $$, on } from "./core.js";

const palette = $("#palette");
const paletteInput = palette && $("input", palette);
const shownOptions = () => $$("[role=option]", palette).filter((option) => !option.hidden);
function selectOption(option) {
  for (const other of $$("[role=option]", palette)) other.setAttribute("aria-selected", String(other === option));
  paletteInput.setAttribute("aria-activedescendant", option?.id ?? "");
  option?.scrollIntoView({ block: "nearest" });
}
function filterPalette(found = false) {
  const query = paletteInput.value.trim().toLowerCase(), words = query.split(/\s+/).filter(Boolean);
  if (!query) $("#palette-found").replaceChildren();
  for (const option of $$("[data-commands] [role=option]", palette)) option.hidden = !words.every((word) => option.dataset.k.includes(word));
  for (const group of $$("[data-commands] .grp", palette)) {
    let next = group.nextElementSibling, any = false;
    for (; next && !next.matches(".grp"); next = next.nextElementSibling) any ||= !next.hidden;
    group.hidden = !any;
  }
  const options = shownOptions();
  $("#palette-none").hidden = options.length > 0 || !query || (!found && paletteInput.hasAttribute("hx-get"));
  const chosen = options.find((option) => option.getAttribute("aria-selected") === "true");
  selectOption(found && chosen ? chosen : options[0]);
}
export function openPalette() {
  if (!palette || palette.open) return;
  paletteInput.value = "";
  $("#palette-found").replaceChildren();
  palette.showModal();
  filterPalette();
  paletteInput.focus();
}
function runOption(option) {
  if (!option) return;
  palette.close();
  if (option.dataset.act) acts[option.dataset.act]?.(); else if (option.dataset.go) location.href = option.dataset.go;
}
palette?.addEventListener("input", () => filterPalette());
palette?.addEventListener("keydown", (e) => {
  if (e.isComposing) return;
  const options = shownOptions(), at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (e.key === "ArrowDown" || e.key === "ArrowUp") {
    e.preventDefault();
    selectOption(options[(at + (e.key === "ArrowDown" ? 1 : -1) + options.length) % options.length]);
  } else if (e.key === "Enter") { e.preventDefault(); runOption(options[at]); }
});
palette?.addEventListener("click", (e) => runOption(e.target.closest("[role=option]")));
on("htmx:afterSwap", (e) => { if (e.detail.target?.id === "palette-found") filterPalette(true); });
acts.palette = openPalette;
