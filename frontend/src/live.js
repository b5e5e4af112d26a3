// The live page: takes the server-rendered first paint over and keeps it current.
import { connect } from "./live/connect.js";
import { showDay } from "./live/day.js";
import { Delay } from "./live/delay.js";
import { showFeed } from "./live/feed.js";
import { showMinutes } from "./live/minutes.js";
import { showPanel, showSessions } from "./live/rows.js";
import { $, $$, formatWhole, readJson, t } from "./lib/page.js";

const config = readJson("live-config");
const site = $(".top [data-site]")?.textContent.trim() ?? "";
const state = { panels: null, dirty: false, name: "connecting", retryAt: 0, heardAt: Date.now() };
const delay = new Delay();
const minutes = showMinutes(config);
const day = showDay(config);
const sessions = $("[data-sessions]");
const feed = sessions && showFeed(config); // by a shared link there are neither

function setText(name, value) {
  for (const element of $$(`[data-live="${name}"]`)) {
    const text = formatWhole(value);
    if (element.textContent !== text) element.textContent = text;
  }
}

function showTitle(panels) {
  document.title = `${formatWhole(panels.current_visitors)} · ${site || t("Live")} · LiveInsight`;
}

function render() {
  const { panels } = state;
  if (!panels || document.hidden) {
    state.dirty = true;
    return;
  }
  state.dirty = false;
  setText("current", panels.current_visitors);
  setText("sessions", panels.active_sessions);
  setText("views", panels.per_minute.reduce((sum, minute) => sum + minute.page_views, 0));
  for (const list of $$("[data-panel]")) showPanel(list, panels[list.dataset.panel], config);
  if (sessions) showSessions(sessions, panels, config);
  minutes.show(panels.per_minute);
  day.show(panels.current_visitors);
  if (panels.active_sessions > 0) firstEvent();
}

/** The empty state turns into the page itself at the first event. */
function firstEvent() {
  const waiting = $("[data-waiting]");
  if (!waiting || waiting.classList.contains("received")) return;
  waiting.classList.add("received");
  $(".until span:last-child", waiting).textContent = t("The first event has arrived");
  setTimeout(() => (waiting.hidden = true), 2500);
}

function explain(lines) {
  const box = $("[data-explain]");
  if (!box.closest("details").open) return;
  box.replaceChildren(
    ...lines.map((text) => Object.assign(document.createElement("p"), { textContent: text })),
  );
}

function showState() {
  const box = $(".link-state");
  const silent = Date.now() - state.heardAt;
  const fresh = state.name === "live" || state.name === "polling";
  const shown = fresh && silent > 8_000 ? "stale" : state.name;
  box.dataset.state = shown;
  const seconds = Math.max(0, Math.ceil((state.retryAt - Date.now()) / 1000));
  const texts = {
    connecting: t("Connecting…"),
    live: t("Live"),
    polling: t("Live, by polling"),
    stale: t("No news for {s} s", { s: Math.round(silent / 1000) }),
    waiting: t("Reconnecting…"),
    offline: t("Offline, next try in {s} s", { s: seconds }),
    "signed-out": t("Signed out"),
  };
  const name = $("b", box);
  if (name.textContent !== texts[shown]) name.textContent = texts[shown];
  $(".delay", box).textContent = fresh && shown !== "stale" ? delay.text() : "";
  explain(fresh ? delay.explain(state.backlog) : [texts[shown]]);
  $(".pulse")?.toggleAttribute("data-off", !fresh);
}

const handlers = {
  state(data) {
    state.name = data.name;
    state.retryAt = data.retry_at ?? 0;
    if (data.offset !== undefined) delay.offset = data.offset;
    if (data.name === "signed-out") location.reload();
  },
  hello() {
    state.heardAt = Date.now();
  },
  feed(data) {
    if (!data.old) {
      state.heardAt = Date.now();
      delay.measure(data.events);
    }
    feed?.add(data.events, { quiet: Boolean(data.old) });
  },
  panels(data) {
    state.heardAt = Date.now();
    state.panels = data.panels;
    state.backlog = data.backlog_events ?? 0;
    if (data.sent_at) delay.link(data.sent_at);
    showTitle(data.panels);
    render();
  },
};

const link = connect({
  addresses: config.addresses,
  query: config.query,
  worker: config.worker,
  tell: (kind, data) => {
    handlers[kind]?.(data);
    showState();
  },
});

$(".link-state").addEventListener("click", () => {
  link.retry();
  setTimeout(showState);
});
// Hidden tabs keep their title current and draw nothing.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && state.dirty) render();
});
setInterval(() => {
  if (document.hidden) return;
  showState();
  feed?.tick(delay.offset);
}, 1000);
