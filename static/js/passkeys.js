// Passkeys: allauth's scripts talk to the device; this says in words what came of it.
const line = document.getElementById("passkey-trouble");
const say = (name) => {
  if (!line) return;
  line.textContent = line.dataset[name];
  line.hidden = false;
};
const reasons = { NotAllowedError: "cancelled", AbortError: "cancelled", InvalidStateError: "known", NotSupportedError: "unsupported", SecurityError: "unsupported" };
document.addEventListener("allauth.error", (e) => {
  e.preventDefault();
  say(reasons[e.detail?.exception?.name] ?? "failed");
});
document.addEventListener("click", (e) => {
  if (line && e.target.closest("[data-passkey]")) line.hidden = true;
}, true);
if (!window.PublicKeyCredential) {
  for (const button of document.querySelectorAll("[data-passkey]")) button.disabled = true;
  say("unsupported");
}
