// Before first paint, so that a stored theme never flashes. A theme from the profile or the address wins.
try {
  const root = document.documentElement;
  const stored = localStorage.getItem("theme");
  if (stored && !root.dataset.theme) root.dataset.theme = stored;
} catch { /* no storage: follow the system */ }
