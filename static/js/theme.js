// Before first paint, so that a theme chosen on this device never flashes.
// It holds as long as the page brings the theme that it was chosen against.
try {
  const root = document.documentElement;
  root.dataset.given = root.dataset.theme ?? "";
  const [theme, given = ""] = (localStorage.getItem("theme") ?? "").split(" ");
  if (theme && given === root.dataset.given) root.dataset.theme = theme;
} catch { /* no storage: follow the system */ }
