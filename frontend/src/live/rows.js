// Rows of the panels and of the list of sessions: cloned from the page's templates,
// kept by key, moved smoothly to their new places.
import {
  $,
  countryName,
  flagOf,
  formatDuration,
  formatWhole,
  lessMotion,
  t,
} from "../lib/page.js";

const DIMENSIONS = { pages: "page", sources: "source", countries: "country", devices: "device" };
const CURRENT_WINDOW = 5 * 60_000;

export function labelOf(dimension, value) {
  if (value === null || value === "") return dimension === "source" ? t("Direct") : t("Unknown");
  return dimension === "country" ? countryName(value) : t(value);
}

/** The page's address with a filter on this value, in place of one on the dimension. */
export function filterAddress(dimension, value) {
  const query = new URLSearchParams(location.search);
  const others = query.getAll("f").filter((each) => !each.startsWith(`${dimension}:`));
  query.delete("f");
  const escaped = (value ?? "").replace(/[\\|]/g, "\\$&");
  for (const each of [...others, `${dimension}:is:${escaped}`]) query.append("f", each);
  return `?${query}`;
}

/** Makes `parent`'s children those of `items`, in order, reusing rows by key. */
function reconcile(parent, items, keyOf, make, update) {
  const old = new Map([...parent.children].map((row) => [row.dataset.key, row]));
  const tops = new Map();
  const moving = !lessMotion();
  if (moving) for (const [key, row] of old) tops.set(key, row.offsetTop);
  const rows = items.map((item) => {
    const key = keyOf(item);
    const row = old.get(key) ?? make();
    row.classList.toggle("fresh", !old.has(key));
    row.dataset.key = key;
    old.delete(key);
    update(row, item);
    return row;
  });
  for (const row of old.values()) row.remove();
  rows.forEach((row, index) => {
    if (parent.children[index] !== row) parent.insertBefore(row, parent.children[index] ?? null);
  });
  if (!moving) return;
  for (const row of rows) {
    const from = tops.get(row.dataset.key);
    if (from === undefined || from === row.offsetTop) continue;
    row.animate(
      [{ transform: `translateY(${from - row.offsetTop}px)` }, { transform: "none" }],
      { duration: 360, easing: "cubic-bezier(.2,0,0,1)" },
    );
  }
}

const cloneOf = (id) => () => document.getElementById(id).content.firstElementChild.cloneNode(true);

export function showPanel(list, rows, config) {
  const dimension = DIMENSIONS[list.dataset.panel];
  const most = Math.max(1, ...rows.map((row) => row.visitors));
  reconcile(list, rows, (row) => row.name ?? "", cloneOf("bar-row"), (element, row) => {
    const label = labelOf(dimension, row.name);
    $("rect", element).setAttribute("width", `${(100 * row.visitors) / most}%`);
    const link = $("a", element);
    link.href = filterAddress(dimension, row.name);
    link.title = label;
    $(".truncate", element).textContent = label;
    $(".number", element).textContent = formatWhole(row.visitors);
    const flag = $(".flag", element);
    flag.hidden = dimension !== "country";
    flag.textContent = dimension === "country" ? flagOf(row.name) : "";
  });
  list.hidden = !rows.length;
  list.nextElementSibling.hidden = Boolean(rows.length);
}

export function sessionAddress(sessionId, config) {
  return `/sessions/${encodeURIComponent(sessionId)}/?site=${encodeURIComponent(config.site)}`;
}

export function showSessions(body, panels, config) {
  reconcile(
    body,
    panels.sessions,
    (session) => session.session_id + session.user_id,
    cloneOf("session-row"),
    (row, session) => {
      const put = (name, text) => ($(`[data-slot="${name}"]`, row).textContent = text);
      row.toggleAttribute("data-now", session.last_activity >= panels.as_of - CURRENT_WINDOW);
      $("a", row).href = sessionAddress(session.session_id, config);
      put("page", session.page ?? t("(no page)"));
      put("source", labelOf("source", session.source));
      put("flag", flagOf(session.country));
      put("country", labelOf("country", session.country));
      put("device", labelOf("device", session.device));
      put("browser", [session.browser, session.os].filter(Boolean).join(" · "));
      put("since", formatDuration(panels.as_of - session.since));
      put("events", formatWhole(session.events));
    },
  );
  const none = !panels.sessions.length;
  body.closest(".scroll").hidden = none;
  body.closest(".card").querySelector(".empty").hidden = !none;
}
