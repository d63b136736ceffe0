// Everything is delegated from `document`, so fragments swapped in by htmx need no initialisation.
// State lives in data-*, aria-* and classes; words come from the page (#texts, <template>).
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const root = document.documentElement;
const on = (type, handler, capture = false) => document.addEventListener(type, handler, capture);
const typing = (el) => el.closest?.("input:not([type=radio], [type=checkbox], [type=button], [type=submit]), textarea, select, [contenteditable]");
const text = (name) => $("#texts")?.dataset[name] ?? "";
const csrf = () => $("meta[name=csrf]")?.content ?? "";
const visible = (el) => el.checkVisibility ? el.checkVisibility() : el.offsetParent !== null;
const store = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); return true; } catch { return false; } },
  drop(key) { try { localStorage.removeItem(key); } catch { /* no storage */ } },
  keys() { try { return Object.keys(localStorage); } catch { return []; } },
};

/* Things a button, a command or a key may do -------------------------------------------------- */
const acts = {
  theme() {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    store.set("theme", `${root.dataset.theme} ${root.dataset.given ?? ""}`);   // holds until the profile says something else
  },
  projector() {
    const mode = root.dataset.mode === "projector" ? "" : "projector";
    root.dataset.mode = mode;
    const url = new URL(location.href);
    if (mode) url.searchParams.set("mode", mode); else url.searchParams.delete("mode");
    history.replaceState(history.state, "", url);
  },
  palette: () => openPalette(),
  shortcuts: () => $("#shortcuts")?.showModal(),
  print: () => window.print(),
};
on("click", (e) => {
  const actor = e.target.closest("button[data-act], a[data-act]");
  if (!actor) return;
  e.preventDefault();
  actor.closest("[popover]")?.hidePopover?.();
  acts[actor.dataset.act]?.();
});

/* Toasts: one at a time, eight seconds, longer under the pointer; errors stay ------------------ */
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
function toast({ text: words, undo_url: undo, kind = "status", reference = "" }) {
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

/* htmx: token, loading bar, errors, conflict, dialog, focus ------------------------------------- */
let running = 0, barTimer = 0, lastForm = null, focusOn = "", polled = false;
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
  polled = Boolean(polling(requestConfig?.elt));
  if (xhr.status === 409 || (xhr.status === 422 && requestConfig?.moving)) {
    e.detail.shouldSwap = Boolean(xhr.responseText);
    e.detail.isError = false;
    e.detail.target = $("#dialog");
    e.detail.swapOverride = "innerHTML";
  }
  const active = document.activeElement;
  if (active && active !== document.body && active.id) focusOn = active.id;
});
on("htmx:afterSwap", (e) => {
  const dialog = $("#dialog");
  if (e.detail.target === dialog) {
    if (dialog.childElementCount) { if (!dialog.open) dialog.showModal(); } else dialog.close();
  }
  if (e.detail.target?.id === "palette-found") filterPalette(true);
});
on("htmx:afterSettle", (e) => {
  const wanted = $("[data-focus]", e.detail.elt?.parentElement ?? document) ?? $("#dialog[open] [data-focus]");
  if (wanted) { wanted.removeAttribute("data-focus"); return wanted.focus(); }
  if (document.activeElement === document.body && focusOn) document.getElementById(focusOn)?.focus({ preventScroll: true });
});
on("htmx:load", (e) => fresh(e.detail.elt));
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

/* Forms: never sent twice, never lost ------------------------------------------------------------ */
function free(elt) {
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

const draftKey = (form) => `draft:${document.body.dataset.scope ?? ""}:${form.dataset.draft}`;
const unsaved = (field) => !field.name || field.disabled || /^(csrfmiddlewaretoken|version)$/.test(field.name) || /^(password|file|submit|button)$/.test(field.type);
function saveDraft(form) {
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
function dropDraft(form) {
  clearTimeout(form.draftTimer);
  form.draftTimer = 0;
  store.drop(draftKey(form));
  for (const note of $$("[data-draft-state]")) note.hidden = true;
}
function restoreDraft(form) {
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

on("change", (e) => {
  const field = e.target;
  if (field.closest("form[data-autosubmit]")) field.form.requestSubmit();
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
  bar.hidden = !Number(count);
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
function showWhen(scope) {
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
function fresh(scope) {
  if (!scope?.querySelectorAll) return;
  for (const form of [...(scope.matches?.("form[data-draft]") ? [scope] : []), ...$$("form[data-draft]", scope)]) restoreDraft(form);
  showWhen(scope.closest?.("form") ?? scope);
  for (const clock of $$("[data-timer]", scope)) startTimer(clock);
}

/* Command palette ---------------------------------------------------------------------------------- */
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
function openPalette() {
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

/* Menus: popovers beside their button, walked with the arrow keys -------------------------------------- */
const isOpen = CSS.supports("selector(:popover-open)") ? ":popover-open" : "[data-open]";
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

/* Board: drag with a pointer, Shift + ← → on a card, or its menu ------------------------------------------ */
// A card lies in its new column at once; moves are sent one after the other, so that answers come in their order.
let drag = null, over, sending = Promise.resolve(), moves = 0, held = new Map();
const boardBusy = () => Boolean(drag || $(`#move-menu${isOpen}`));
function move(card, stage, seen = card?.dataset.version) {
  if (!card?.dataset.moveUrl || String(stage) === card.dataset.stage) return;
  const { id } = card, left = card.dataset.stage, known = seen === card.dataset.version ? null : seen, field = card.closest("[data-field]")?.dataset.field ?? "stage";
  const place = { column: card.closest(".col"), before: card.nextSibling };
  const stack = $$(".board .col").find((column) => column.dataset.stage === String(stage))?.querySelector(".stack");
  stack?.prepend(card);
  card.classList.add("pending");
  focusOn = id;
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
  if (old.contains(document.activeElement)) focusOn = document.activeElement.id || document.activeElement.closest("[id]")?.id || focusOn;
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
    opener = button;
    menu.dataset.card = card.id;
    for (const choice of $$("[data-to]", menu)) choice.disabled = choice.dataset.to === card.dataset.stage;
    menu.showPopover();
  }
  const choice = e.target.closest("#move-menu [data-to]");
  if (choice) { menu.hidePopover(); move(document.getElementById(menu.dataset.card), choice.dataset.to); }
});
on("click", (e) => {   // a card or a row opens where it has no link or control of its own
  const target = e.target.closest(".card[data-href], tr[data-href]");
  if (!target || e.target.closest("a, button, input, label, select, textarea") || String(getSelection())) return;
  if (e.metaKey || e.ctrlKey) window.open(target.dataset.href); else location.href = target.dataset.href;
});

/* Review: J/K rows, 1–5 decision, N next action, Enter saves ------------------------------------------------ */
const rows = () => $$("[data-review] [data-row]");
function activate(row, focus = true) {
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
  if (!polled || !old?.matches?.("[data-row].active")) return;
  if (touched(old) || (old.contains(document.activeElement) && typing(document.activeElement))) e.detail.shouldSwap = false;
  else $("[data-row]", e.detail.fragment)?.classList.add("active");
});

/* Combobox: the server (or the page) has the options, this only moves among them ----------------------------- */
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

/* Timer: data-timer is the seconds already spent ---------------------------------------------------------------- */
function startTimer(clock) {
  if (clock.dataset.started) return;
  clock.dataset.started = "1";
  const begun = Date.now() - Number(clock.dataset.timer) * 1000;
  const tick = () => {
    if (!clock.isConnected) return clearInterval(timer);
    const spent = Math.max(0, Math.floor((Date.now() - begun) / 1000));
    clock.textContent = `${String(Math.floor(spent / 60)).padStart(2, "0")}:${String(spent % 60).padStart(2, "0")}`;
  };
  const timer = setInterval(tick, 1000);
}

/* Keys ------------------------------------------------------------------------------------------------------------ */
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
    if (decision) { e.preventDefault(); decision.checked = true; return decision.dispatchEvent(new Event("change", { bubbles: true })); }
    if (key === "n" && row) { e.preventDefault(); return $("[data-next-step], input[name=next]", row)?.focus(); }
    if (key === "Enter" && row && !e.target.closest("a, button")) { e.preventDefault(); return $("form", row)?.requestSubmit(); }
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

/* First page ---------------------------------------------------------------------------------------------------------- */
fresh(document);
$("[data-focus]")?.focus();
