// Parts that are of this moment: asked for again every few seconds, while one looks.
import { $$ } from "./page.js";

const EVERY_MS = 5000;
// A question that takes long is asked less often.
const REST = 10;

// What is open stays open, and what has the focus keeps it.
function carryOver(old, fresh) {
  $$("details", old).forEach((details, index) => {
    const same = $$("details", fresh)[index];
    if (same) same.open = details.open;
  });
  const focusable = "a, summary, button";
  const at = $$(focusable, old).indexOf(document.activeElement);
  old.replaceWith(fresh);
  if (at >= 0) ($$(focusable, fresh)[at] ?? fresh).focus();
}

async function refresh(part) {
  const answer = await fetch(part.dataset.refresh);
  // Signed out meanwhile: the page itself says so.
  if (answer.redirected) return location.reload();
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(part.id);
  // Swapped for another meanwhile: that one is newer.
  if (fresh && part.isConnected) carryOver(part, document.adoptNode(fresh));
}

async function refreshAll() {
  const began = performance.now();
  if (!document.hidden) {
    // Not reached: the next time will do.
    await Promise.allSettled($$("[data-refresh]").map(refresh));
  }
  setTimeout(refreshAll, Math.max(EVERY_MS, REST * (performance.now() - began)));
}

setTimeout(refreshAll, EVERY_MS);
