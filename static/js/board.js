// Board: drag with a pointer, Shift + ← → on a card, or its menu
import { $, $$, on } from "./core.js";
import { isOpen, openBeside } from "./menus.js";
import { last } from "./requests.js";

// A card lies in its new column at once; moves are sent one after the other, so that answers come in their order.
let drag = null, over, sending = Promise.resolve(), moves = 0, held = new Map();
const boardBusy = () => Boolean(drag || $(`#move-menu${isOpen}`));
export function move(card, stage, seen = card?.dataset.version) {
  if (!card?.dataset.moveUrl || String(stage) === card.dataset.stage) return;
  const { id } = card, left = card.dataset.stage, known = seen === card.dataset.version ? null : seen, field = card.closest("[data-field]")?.dataset.field ?? "stage";
  const place = { column: card.closest(".col"), before: card.nextSibling };
  const stack = $$(".board .col").find((column) => column.dataset.stage === String(stage))?.querySelector(".stack");
  stack?.prepend(card);
  card.classList.add("pending");
  last.focus = id;
  moves += 1;
  sending = sending.then(() => send(id, field, stage, left, known)).catch(() => {}).then(() => {
    const now = document.getElementById(id);
    if (now === card && card.classList.contains("pending")) putBack(card, place);
    if (now && !$("#dialog")?.open) now.focus({ preventScroll: true });
  });
}
function send(id, field, stage, left, known) {   // `known`: the version that was seen, where the card has changed since
  const card = document.getElementById(id);
  if (!card) return null;
  const values = { [field]: stage, from: left };
  if (card.dataset.version) values.version = known ?? card.dataset.version;
  const marked = (e) => { e.detail.moving = true; };
  document.addEventListener("htmx:configRequest", marked, { once: true });
  return htmx.ajax("POST", card.dataset.moveUrl, { source: card, swap: "none", values });
}
function putBack(card, { column, before }) {   // it was not taken: nothing is lost
  card.classList.remove("pending");
  const home = document.getElementById(column?.id)?.querySelector(".stack");
  home?.insertBefore(card, before?.parentNode === home ? before : home.firstChild);
}
// Columns that arrive while a card is held, or its menu is open, wait; scrolled columns stay where they were.
const scrolled = new Map();
on("htmx:oobBeforeSwap", (e) => {
  const old = e.detail.target;
  if (!old?.matches?.(".col, #board")) return;
  if (boardBusy()) {
    e.detail.shouldSwap = false;
    held.set(old.id, [...(e.detail.fragment.children ?? [])].map((part) => part.outerHTML).join(""));
    return;
  }
  for (const column of old.matches(".col") ? [old] : $$(".col", old)) scrolled.set(column.id, $(".stack", column)?.scrollTop ?? 0);
  scrolled.set("board", $("#board")?.scrollLeft ?? 0);
  if (old.contains(document.activeElement)) last.focus = document.activeElement.id || document.activeElement.closest("[id]")?.id || last.focus;
});
function rescroll() {
  for (const [id, top] of scrolled) {
    const stack = id === "board" ? $("#board") : document.getElementById(id)?.querySelector(".stack");
    if (stack) stack[id === "board" ? "scrollLeft" : "scrollTop"] = top;
  }
  scrolled.clear();
}
on("htmx:oobAfterSwap", (e) => { if (e.detail.target?.matches?.(".col, #board") || $("#board")) rescroll(); });
function release() {
  if (boardBusy()) return;
  for (const [id, html] of held) {
    const old = document.getElementById(id);
    if (!old) continue;
    scrolled.set(id, $(".stack", old)?.scrollTop ?? 0);
    htmx.swap(old, html, { swapStyle: id === "board" ? "innerHTML" : "outerHTML" });
  }
  held.clear();
  rescroll();
}
on("toggle", (e) => { if (e.target.id === "move-menu" && e.newState === "closed") setTimeout(release); }, true);
// What others did comes by a poll; one that was asked before a move of mine tells of an older board.
on("htmx:beforeRequest", (e) => {
  const { elt, requestConfig } = e.detail;
  if (elt.id !== "board-pulse") return;
  if (boardBusy() || $("#dialog")?.open) return e.preventDefault();
  requestConfig.moves = moves;
});
on("htmx:beforeSwap", (e) => { if (e.detail.requestConfig?.elt?.id === "board-pulse" && (e.detail.requestConfig.moves !== moves || boardBusy())) e.detail.shouldSwap = false; });
on("pointerdown", (e) => {
  const card = e.target.closest(".card[data-move-url]");
  if (!card || e.target.closest("button, [data-move]") || e.button !== 0 || e.pointerType === "touch") return;   // touch has the menu
  drag = { card, x: e.clientX, y: e.clientY };
});
on("dragstart", (e) => { if (e.target.closest?.(".card[data-move-url]")) e.preventDefault(); });
on("pointermove", (e) => {
  if (!drag) return;
  if (!drag.ghost) {
    if (Math.hypot(e.clientX - drag.x, e.clientY - drag.y) < 5) return;
    const box = drag.card.getBoundingClientRect();
    drag.dx = drag.x - box.left; drag.dy = drag.y - box.top;
    drag.seen = drag.card.dataset.version;
    drag.ghost = drag.card.cloneNode(true);
    drag.ghost.classList.add("ghost");
    drag.ghost.removeAttribute("id");
    drag.ghost.setAttribute("aria-hidden", "true");
    drag.ghost.style.width = `${box.width}px`;
    document.body.append(drag.ghost);
    drag.card.classList.add("lifted");
    document.body.style.userSelect = "none";
  }
  drag.ghost.style.left = `${e.clientX - drag.dx}px`;
  drag.ghost.style.top = `${e.clientY - drag.dy}px`;
  const board = drag.card.closest(".board"), edge = board?.getBoundingClientRect();
  if (edge) board.scrollLeft += e.clientX > edge.right - 40 ? 12 : e.clientX < edge.left + 40 ? -12 : 0;
  const column = document.elementFromPoint(e.clientX, e.clientY)?.closest(".col[data-stage]");
  for (const other of $$(".col.over")) if (other !== column) other.classList.remove("over");
  over = column && column.dataset.stage !== drag.card.dataset.stage ? column.dataset.stage : undefined;
  if (over !== undefined) column.classList.add("over");
});
function drop(e) {
  if (!drag) return;
  const { card: { id }, ghost, seen } = drag;
  drag = null;
  release();
  const card = document.getElementById(id);
  if (!ghost) return;
  ghost.remove();
  card?.classList.remove("lifted");
  document.body.style.userSelect = "";
  const column = $(".col.over"), stage = over;
  over = undefined;
  column?.classList.remove("over");
  if (e.type !== "pointerup") return;
  const swallow = (click) => { click.preventDefault(); click.stopPropagation(); };   // the click that ends the drag, if there is one
  on("click", swallow, { once: true, capture: true });
  setTimeout(() => document.removeEventListener("click", swallow, true));
  if (stage !== undefined) move(card, stage, seen);
}
on("pointerup", drop);
on("pointercancel", drop);
on("keydown", (e) => { if (e.key === "Escape" && drag?.ghost) drop({ type: "cancel" }); });
on("click", (e) => {
  const button = e.target.closest(".card [data-move]"), menu = $("#move-menu");
  if (button && menu) {
    const card = button.closest(".card");
    menu.dataset.card = card.id;
    for (const choice of $$("[data-to]", menu)) choice.disabled = choice.dataset.to === card.dataset.stage;
    openBeside(button, menu);
  }
  const choice = e.target.closest("#move-menu [data-to]");
  if (choice) { menu.hidePopover(); move(document.getElementById(menu.dataset.card), choice.dataset.to); }
});
on("click", (e) => {   // a card or a row opens where it has no link or control of its own
  const target = e.target.closest(".card[data-href], tr[data-href]");
  if (!target || e.target.closest("a, button, input, label, select, textarea") || String(getSelection())) return;
  if (e.metaKey || e.ctrlKey) window.open(target.dataset.href); else location.href = target.dataset.href;
});
