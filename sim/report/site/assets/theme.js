"use strict";
// The theme that was chosen last, else the system's.
(function () {
  const root = document.documentElement;
  const kept = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const keep = (t) => { try { t ? localStorage.setItem("theme", t) : localStorage.removeItem("theme"); } catch { /* none is kept */ } };
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  if (kept()) root.dataset.theme = kept();
  window.toggleTheme = () => { root.dataset.theme = dark() ? "light" : "dark"; keep(root.dataset.theme); };
  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    if (button) button.addEventListener("click", window.toggleTheme);
    for (const b of document.querySelectorAll("button[data-copy]")) {
      b.addEventListener("click", async () => {
        try { await navigator.clipboard.writeText(b.dataset.copy); } catch {
          const r = document.createRange(); r.selectNodeContents(b.previousElementSibling);
          const s = getSelection(); s.removeAllRanges(); s.addRange(r); document.execCommand("copy");
        }
        b.textContent = "copied"; setTimeout(() => { b.textContent = "copy"; }, 1200);
      });
    }
  });
})();
