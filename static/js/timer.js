// Timer: data-timer is the seconds already spent
export function startTimer(clock) {
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
