// Sees to it that the page comes whole: a script or style sheet that did not arrive is asked for again, with the page.
// No module, and before all others in the page: where one of them fails, nothing of the dock would run.

(() => {
  const AGAIN_MS = 1000, LONG_MS = 8000;

  /** Load the page again as soon as the program answers; before that, the browser would show a page of its own. */
  async function again() {
    try {
      if ((await fetch("/healthz", { cache: "no-store" })).ok) return location.reload();
    } catch { /* not yet */ }
    setTimeout(again, AGAIN_MS);
  }

  let failed = false;
  addEventListener("error", ({ target }) => {
    if (failed || !(target instanceof HTMLLinkElement || target instanceof HTMLScriptElement)) return;
    failed = true;
    setTimeout(again, AGAIN_MS);
  }, true);

  setTimeout(() => {
    if (document.documentElement.dataset.begun || failed) return;
    document.getElementById("gone").textContent = "This page is still waiting for its parts. Where many windows of it are open in this browser, close some.";
  }, LONG_MS);
})();
