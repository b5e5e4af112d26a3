// One-key shortcuts: whatever says aria-keyshortcuts can be pressed; "?" lists them.
import { openDialog } from "./dialog.js";
import { $, $$, t } from "./page.js";

const OFF = "liveinsight_keys_off";
const isOff = () => localStorage.getItem(OFF) === "yes";

const isTyping = (element) =>
  element.isContentEditable || element.matches("input, select, textarea");

/** What can be pressed now: the first element of each key. */
function targets() {
  const found = new Map();
  for (const element of $$("[aria-keyshortcuts]")) {
    const key = element.getAttribute("aria-keyshortcuts");
    if (!found.has(key)) found.set(key, element);
  }
  return found;
}

function press(element) {
  if (element.matches("input")) return element.focus();
  if (!element.matches("summary")) return element.click();
  const menu = element.parentElement;
  menu.open = !menu.open;
  if (!menu.open) return;
  const list = $(".menu-list", menu);
  ($("[aria-current]", list) ?? $("a, button, input", list))?.focus();
}

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children);
  return element;
}

const nameOf = (element) =>
  element.dataset.keyName || element.getAttribute("aria-label") || element.textContent.trim();

function makeSwitch() {
  const box = make("input", "");
  Object.assign(box, { type: "checkbox", id: "keys-on", checked: !isOff() });
  box.addEventListener("change", () => {
    if (box.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "yes");
  });
  const label = make("label", "", t("Use these keys"));
  label.htmlFor = box.id;
  return make("p", "check", box, label);
}

function showHelp() {
  const rows = [...targets()].map(([key, element]) =>
    make("div", "", make("dt", "", make("kbd", "", key)), make("dd", "", nameOf(element))),
  );
  const title = make("h2", "", t("Keyboard shortcuts"));
  title.id = "dialog-title";
  openDialog(title, make("dl", "keys", ...rows), makeSwitch());
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (isTyping(event.target) || $("dialog[open]")) return;
  const element = isOff() ? null : targets().get(event.key.toLowerCase());
  if (!element) return;
  event.preventDefault();
  press(element);
});
for (const button of $$("[data-show-keys]")) {
  button.hidden = false;
  button.addEventListener("click", showHelp);
}
