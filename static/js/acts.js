// Things a button, a command or a key may do
import { $, on, root, store } from "./core.js";

export const acts = {
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
