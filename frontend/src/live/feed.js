// Events as they happen, newest on top; can be paused, and waits while it is read.
import { $, $$, countryName, flagOf, formatWhole, t } from "../lib/page.js";
import { labelOf, sessionAddress } from "./rows.js";

const SHOWN = 60;

export function showFeed(config) {
  const list = $("[data-feed]");
  const empty = list.nextElementSibling;
  const pause = $("[data-pause]");
  const template = document.getElementById("feed-row");
  const seen = new Set($$("li", list).map((row) => row.dataset.key));
  let paused = false;
  let held = [];
  let offset = 0;

  function make(event, quiet) {
    const row = template.content.firstElementChild.cloneNode(true);
    row.dataset.key = event.event_id;
    row.dataset.at = event.present_at;
    row.classList.toggle("fresh", !quiet);
    const kind = $(".kind", row);
    kind.dataset.kind = event.event_type;
    const icon = document.getElementById(`icon-${event.event_type}`) ?? document.getElementById("icon-event");
    kind.append(icon.content.cloneNode(true));
    $("a", row).href = sessionAddress(event.session_id, config);
    const isView = event.event_type === "page_view";
    $("[data-slot=what]", row).textContent = isView
      ? (event.page ?? t("(no page)"))
      : `${t(event.event_type)}${event.page ? ` · ${event.page}` : ""}`;
    const country = event.country ? `${flagOf(event.country)} ${countryName(event.country)}` : "";
    $("small", row).textContent = [
      country,
      labelOf("source", event.source),
      [event.browser, event.device && t(event.device)].filter(Boolean).join(", "),
    ]
      .filter(Boolean)
      .join(" · ");
    showAge(row);
    return row;
  }

  function showAge(row) {
    const seconds = Math.max(0, Math.round((Date.now() + offset - Number(row.dataset.at)) / 1000));
    const text =
      seconds < 3
        ? t("now")
        : seconds < 60
          ? t("{s}s", { s: seconds })
          : t("{m}m", { m: Math.floor(seconds / 60) });
    const time = $("time", row);
    if (time.textContent !== text) time.textContent = text;
  }

  function insert(events, quiet) {
    // Newest first in, newest first shown.
    const rows = [...events]
      .sort((a, b) => b.present_at - a.present_at)
      .slice(0, SHOWN)
      .map((event) => make(event, quiet));
    list.prepend(...rows);
    for (const row of $$("li", list).slice(SHOWN)) {
      seen.delete(row.dataset.key);
      row.remove();
    }
    empty.hidden = list.childElementCount > 0;
    list.hidden = !empty.hidden;
  }

  function showPause() {
    pause.setAttribute("aria-pressed", String(paused));
    $("span", pause).textContent = !paused
      ? t("Pause")
      : held.length
        ? t("Go on ({n} new)", { n: formatWhole(held.length) })
        : t("Go on");
  }

  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    if (!paused) insert(held.splice(0), true);
    showPause();
  });

  return {
    add(events, { quiet = false } = {}) {
      const fresh = events.filter((event) => !seen.has(event.event_id));
      for (const event of fresh) seen.add(event.event_id);
      if (!fresh.length) return;
      if (paused) {
        held = [...fresh, ...held].slice(0, SHOWN);
        showPause();
      } else insert(fresh, quiet || document.hidden);
    },
    tick(newOffset) {
      offset = newOffset;
      for (const row of $$("li", list)) showAge(row);
    },
  };
}
