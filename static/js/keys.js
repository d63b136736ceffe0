// Keys
import { acts } from "./acts.js";
import { move } from "./board.js";
import { $, $$, on, root, typing } from "./core.js";
import { isOpen } from "./menus.js";
import { openPalette } from "./palette.js";
import { activate, rows } from "./review.js";

let chord = "", chordTimer = 0;
const hotkey = (keys) => { const link = $(`[data-hotkey="${keys}"]`); link?.click(); return Boolean(link); };
on("keydown", (e) => {
  if (e.isComposing || e.keyCode === 229) return;                // an input method is at work
  const key = e.key.length === 1 ? e.key.toLowerCase() : e.key;
  if ((e.metaKey || e.ctrlKey) && key === "k") { e.preventDefault(); return openPalette(); }
  if (e.metaKey || e.ctrlKey || e.altKey || e.defaultPrevented || $("dialog[open]")) return;
  const card = e.target.closest?.(".card[data-move-url]");
  if (card && e.target === card) {
    if (e.shiftKey && (key === "ArrowRight" || key === "ArrowLeft")) {
      const stages = $$(".col[data-stage]").map((column) => column.dataset.stage);
      const to = stages[stages.indexOf(card.dataset.stage) + (key === "ArrowRight" ? 1 : -1)];
      e.preventDefault();
      return to && move(card, to);
    }
    if (key === "Enter") { const link = $("a[href]", card); if (link) return link.click(); }
  }
  if (typing(e.target)) {
    if (key === "Escape") { const row = e.target.closest("[data-row]"); if (row) row.focus(); else e.target.blur(); }
    return;
  }
  if (root.dataset.keys === "off" || e.target.closest?.(`.menu${isOpen}`)) return;
  const list = rows();
  if (list.length) {
    const at = list.findIndex((row) => row.classList.contains("active")), row = list[at];
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[key];
    if (step && !(e.target.matches("[type=radio]") && key.startsWith("Arrow"))) { e.preventDefault(); return activate(list[Math.max(0, Math.min(at + step, list.length - 1))]); }
    const decision = row && /^[1-9]$/.test(key) && $(`[data-key="${key}"]`, row);
    if (decision && !decision.matches("[type=radio]")) { e.preventDefault(); return e.repeat || decision.click(); }
    if (decision) { e.preventDefault(); decision.checked = true; return decision.dispatchEvent(new Event("change", { bubbles: true })); }
    if (key === "n" && row) { e.preventDefault(); return $("[data-next-step], input[name=next]", row)?.focus(); }
    if (key === "Enter" && row && !e.target.closest("a, button, summary")) { e.preventDefault(); return e.repeat || $("form .primary", row)?.click(); }
    if (key === "]") { const next = $("[data-next-person]"); if (next) { e.preventDefault(); return next.click(); } }
  }
  if (chord === "g") {
    chord = "";
    clearTimeout(chordTimer);
    if (hotkey(`g ${key}`)) e.preventDefault();
  } else if (key === "g") { chord = "g"; chordTimer = setTimeout(() => { chord = ""; }, 1200); }
  else if (key === "/") { e.preventDefault(); openPalette(); }
  else if (key === "?") { e.preventDefault(); acts.shortcuts(); }
  else if (key === "p" && !e.shiftKey) acts.projector();
  else if (key === "c" && !e.shiftKey) { if (hotkey("c")) e.preventDefault(); }
  else if (key === "Escape" && root.dataset.mode === "projector") acts.projector();
});
