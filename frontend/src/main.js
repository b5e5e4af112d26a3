// On every page: the colour scheme, menus, the dialog, keys, copying, confirmation.
import "./lib/keys.js";
import "./lib/parts.js";
import "./lib/refresh.js";
import { $, $$, t } from "./lib/page.js";

const root = document.documentElement;

function isDark() {
  const chosen = root.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

// On a narrow screen the reports scroll: the one that is shown is in sight.
const here = $(".nav [aria-current]");
if (here) {
  const nav = here.parentElement;
  nav.scrollLeft = here.offsetLeft + here.offsetWidth - nav.clientWidth + 10;
}

// A cookie, so that the server already sends the page in the right scheme.
$("[data-scheme]")?.addEventListener("click", () => {
  const scheme = isDark() ? "light" : "dark";
  root.dataset.theme = scheme;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `liveinsight_theme=${scheme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  document.dispatchEvent(new Event("li:scheme"));
});

// Menus close when one looks elsewhere, and give the focus back on Escape.
document.addEventListener("click", (event) => {
  for (const menu of $$("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("focusin", (event) => {
  for (const menu of $$("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const open = $("details.menu[open]");
  if (!open) return;
  if (event.key === "Escape") {
    open.open = false;
    $("summary", open).focus();
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.target.matches("input, select")) return;
  event.preventDefault();
  const items = $$(".menu-list :is(a, button)", open);
  const at = items.indexOf(document.activeElement);
  items.at((at + step + items.length) % items.length)?.focus();
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const label = $("span", button);
  const before = label.textContent;
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    label.textContent = t("Copied");
  } catch {
    // Not allowed over plain http: select it, so that the keyboard copies.
    getSelection().selectAllChildren(source);
    label.textContent = t("Selected: press Ctrl+C");
  }
  setTimeout(() => (label.textContent = before), 2500);
});

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

// Selects that are a form of their own submit when changed.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});

// Forms that show more once something is written ask for themselves again, when the
// writing pauses; an answer that comes while somebody writes would undo it.
let pause;
document.addEventListener("input", ({ target }) => {
  const { form } = target;
  if (!form?.matches("[data-again]")) return;
  form.dispatchEvent(new Event("htmx:abort"));
  clearTimeout(pause);
  pause = setTimeout(() => form.dispatchEvent(new Event("li:again")), 400);
});

// The browser knows the owner's time zone.
for (const input of $$("[data-guess-timezone]")) {
  const guess = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (guess && (input.value === "" || input.value === "UTC")) input.value = guess;
}
