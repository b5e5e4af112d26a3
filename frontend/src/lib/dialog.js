// The one dialog: pages that are linked with hx-target="#dialog-body" open in it.
import { $ } from "./page.js";

const dialog = $("#dialog");

function open() {
  if (dialog.open) return;
  dialog.showModal();
  // The first thing to do, rather than the button that closes.
  const first = $("[autofocus]", dialog) ?? $(":is(a, select, input:not([type=hidden], [type=checkbox]))", $("#dialog-body"));
  first?.focus();
}

export function openDialog(...content) {
  $("#dialog-body").replaceChildren(...content);
  open();
}

dialog?.addEventListener("click", (event) => {
  // The backdrop belongs to the dialog itself, its content does not.
  const closes = event.target === dialog || event.target.closest("[data-close]");
  if (!closes) return;
  event.preventDefault();
  dialog.close();
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "dialog-body") open();
});
