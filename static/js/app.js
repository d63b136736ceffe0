// Everything is delegated from `document`, so fragments swapped in by htmx need no initialisation.
// State lives in data-*, aria-* and classes; words come from the page (#texts, <template>).
// Who comes first hears an event first: the keys are asked last.
import "./acts.js";
import "./toasts.js";
import { restoreDraft } from "./drafts.js";
import { showWhen } from "./forms.js";
import "./requests.js";
import "./palette.js";
import "./menus.js";
import "./board.js";
import "./review.js";
import "./combobox.js";
import { startTimer } from "./timer.js";
import "./keys.js";
import { $, $$, on } from "./core.js";

function fresh(scope) {
  if (!scope?.querySelectorAll) return;
  for (const form of [...(scope.matches?.("form[data-draft]") ? [scope] : []), ...$$("form[data-draft]", scope)]) restoreDraft(form);
  showWhen(scope.closest?.("form") ?? scope);
  for (const clock of $$("[data-timer]", scope)) startTimer(clock);
}
on("htmx:load", (e) => fresh(e.detail.elt));
fresh(document);
for (const here of $$("main nav [aria-current]")) {   // the tab that is open is in sight
  const nav = here.closest(".scroll, .tabs, .sublist");
  if (nav && nav.scrollWidth > nav.clientWidth) nav.scrollLeft += here.getBoundingClientRect().left - nav.getBoundingClientRect().left - (nav.clientWidth - here.offsetWidth) / 2;
}
$("[data-focus]")?.focus();
