// The LiveInsight tracker. Licence: Apache-2.0.
// One file, no dependency, one global: `LiveInsight`. Never throws into the page.
//
//   <script defer src="https://stats.example.com/liveinsight.js"
//           data-site="example.com"></script>
//
// Attributes (or, without `data-`, options of `LiveInsight.init`):
//   data-site="example.com"  the site; without it the page's host decides
//   data-api="/events"       where events go (apiUrl), relative to the script
//   data-cookieless          stores nothing in the browser, sends no user_id
//   data-spa="query"         a new query makes a new page, too; "off": nothing
//                            does. Else a new path does, however it came
//   data-clicks="off"        no `click` events for outbound links and downloads
//   data-manual              nothing is sent before LiveInsight.init()
// Global Privacy Control has the effect of data-cookieless.
//
//   LiveInsight.init({apiUrl: "YOUR_API_GATEWAY_URL", site: "example.com"})
//   LiveInsight.track("signup", {plan: "pro"}, {interactive: true})
//   LiveInsight.conversion("order", {amount: 49.9, currency: "EUR"})
//   <button data-liveinsight="name"> sends a `click` with that name.
// Before the script has loaded:
//   (window.LiveInsight = window.LiveInsight || []).push(["track", "signup"])
//
// A visitor opts out with localStorage.liveinsight_ignore = "true".
// A script without `defer` starts at init(), else when the page has been parsed.
(() => {
  const SILENCE = 30 * 60e3; // of a session; exactly 30:00.000 continues it
  const BATCH_EVENTS = 100;
  const BATCH_BYTES = 6e4; // browsers hold 64 KiB of keepalive bodies in flight
  const OUTBOX_AGE = 6 * 864e5; // after 7 days a server doubts the timestamp
  const TITLE_WAIT = 100; // frameworks set the title after the address

  const early = window.LiveInsight;
  if (early?.track) return;

  const safely =
    (work) =>
    (...args) => {
      try {
        return work(...args);
      } catch {
        // The page must not suffer from its statistics.
      }
    };
  // What happens to the document passes the window, while it is captured.
  const listen = (types, work, target = window) =>
    types.split(" ").forEach((type) => target.addEventListener(type, safely(work), true));

  const script = document.currentScript;
  const options = { ...script?.dataset };
  const isCookieless = () =>
    "cookieless" in options || navigator.globalPrivacyControl;

  // -- what the browser keeps; memory where it may not, or cannot -------------

  const memory = {};
  const read = (key) =>
    // Blocked: some browsers throw at the mere name.
    (isCookieless() ? "" : safely(() => localStorage["li_" + key])()) ||
    memory[key] ||
    "";
  const write = (key, value) => {
    memory[key] = value;
    safely(() => {
      if (isCookieless()) return;
      localStorage["li_" + key] = value;
      memory[key] = "";
    })();
  };

  // randomUUID exists on https only.
  const makeId = () =>
    [...crypto.getRandomValues(new Uint32Array(4))]
      .map((number) => (number + 2 ** 32).toString(36))
      .join("");

  function userId() {
    if (isCookieless()) return;
    if (!read("user")) write("user", makeId());
    return read("user");
  }

  // Shared by all tabs. Without an id of its own (cookieless) it takes the server's.
  function sessionId(now, extend) {
    let [id, last] = read("session").split(" ");
    if (!(now - last <= SILENCE)) {
      id = extend && !isCookieless() ? "sess_" + makeId() : "";
    }
    if (extend) write("session", id + " " + now);
    return id || undefined;
  }

  function adopt(sent, given) {
    const [id, last] = read("session").split(" ");
    if (given && id === (sent || "")) write("session", given + " " + last);
  }

  // -- making events ---------------------------------------------------------

  // By code points: half a surrogate pair would make the body invalid.
  const clip = (text, length) => [...String(text)].slice(0, length).join("");

  function clipProperties(given) {
    const kept = {};
    for (const key of Object.keys(given || {}).slice(0, 30)) {
      const value = given[key];
      kept[clip(key, 64)] =
        value == null || /bool|num/.test(typeof value)
          ? value
          : clip(Object(value) === value ? JSON.stringify(value) : value, 500);
    }
    return kept;
  }

  // Two events of one page never share a millisecond: their order would be lost.
  let latest = 0;
  let queue = [];
  let untitled; // the page view whose title is read when it is sent

  function add(type, fields, wait) {
    if (safely(() => localStorage.liveinsight_ignore)() === "true") return {};
    const now = (latest = Math.max(Date.now(), latest + 1));
    const event = {
      event_type: clip(type, 64),
      event_id: makeId(),
      timestamp: now,
      user_id: userId(),
      session_id: sessionId(now, fields.interactive !== false),
      site: options.site,
      page_url: clip(location.href, 2048),
      page_title: clip(document.title, 512),
      screen_width: screen.width,
      language: navigator.language,
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      ...fields,
    };
    queue.push(event);
    if (wait) setTimeout(safely(flush), wait);
    else queueMicrotask(safely(flush));
    return event;
  }

  // -- sending ---------------------------------------------------------------

  const sizeOf = (value) => new Blob([JSON.stringify(value)]).size;
  let bytesInFlight = 0;
  let failures = 0;
  let timer;

  function cutBatch(events) {
    let end = BATCH_EVENTS;
    let batch;
    do batch = events.slice(0, end);
    while (sizeOf(batch) > BATCH_BYTES - 99 && (end = batch.length >> 1));
    return batch;
  }

  function flush() {
    if (untitled) untitled.page_title = clip(document.title, 512);
    untitled = 0;
    while (queue[0]) {
      const batch = cutBatch(queue);
      queue = queue.slice(batch.length);
      // After a failure the rest waits behind it, in the outbox.
      (failures ? park : send)(batch);
    }
  }

  function send(events) {
    const body = JSON.stringify({ sent_at: Date.now(), events });
    const size = body.length;
    // If the page goes while the request hangs, nobody hears of its failure.
    const slow = setTimeout(safely(park), 2e3, events);
    bytesInFlight += size;
    const land = (status, retryAfter) => {
      clearTimeout(slow);
      bytesInFlight -= size;
      if (status === 429 || status > 499) return retryLater(events, retryAfter * 1e3);
      failures = 0;
      keep(without(events)); // also after 400, 413, 415: they would fail again
      drain();
    };
    const url = new URL(
      options.apiUrl || options.api || "/events",
      script?.src || location.href,
    );
    // Only where a request dies with its page; blocklists stop beacons.
    if (
      document.hidden &&
      !("keepalive" in Request.prototype) &&
      navigator.sendBeacon(url, body)
    ) {
      return land();
    }
    fetch(url, {
      method: "POST",
      body, // a string goes as text/plain, which needs no preflight
      credentials: "omit",
      keepalive: bytesInFlight < BATCH_BYTES,
    })
      .then(
        (reply) => {
          land(reply.status, reply.headers.get("Retry-After"));
          return reply.json();
        },
        () => land(503),
      )
      .then(({ results }) => adopt(events.pop().session_id, results.pop().session_id))
      .catch(() => {});
  }

  // -- the outbox: what could not be sent yet, for this page or the next ------
  // Two tabs may send it twice; the ids are the same, so that does no harm.

  const outbox = () => safely(() => JSON.parse(read("outbox")))() || [];

  function keep(events) {
    while (events[BATCH_EVENTS] || sizeOf(events) > BATCH_BYTES) events.shift();
    const text = events[0] ? JSON.stringify(events) : "";
    if (text !== read("outbox")) write("outbox", text);
  }

  const without = (events) =>
    outbox().filter((kept) => !events.some((event) => event.event_id === kept.event_id));

  function park(events) {
    keep([...without(events), ...events]);
  }

  function retryLater(events, atLeast) {
    park(events);
    failures++;
    const delay = 500 * 2 ** Math.min(failures, 9) * (0.5 + Math.random());
    clearTimeout(timer);
    timer = setTimeout(safely(drain), Math.max(atLeast, delay) || delay);
  }

  function drain() {
    const events = outbox().filter(
      (event) => event.timestamp > Date.now() - OUTBOX_AGE,
    );
    if (events[0] && !bytesInFlight) send(cutBatch(events));
  }

  // -- pages, and the time they had --------------------------------------------

  let view; // the event that engagement belongs to
  let shown; // the route of it
  let engagedSince; // 0: not visible, or without focus
  let engaged;
  let scrolled;
  let reported; // the depth that was last sent

  const route = () => location.pathname + (options.spa ? location.search : "");

  function measureScroll() {
    const seen = (scrollY + innerHeight) / document.documentElement.scrollHeight;
    scrolled = Math.max(scrolled, Math.min(100, Math.round(seen * 100)));
  }

  function countTime() {
    const now = performance.now();
    // Bounded: some clocks run on while the machine sleeps.
    if (engagedSince) engaged += Math.min(now - engagedSince, SILENCE);
    engagedSince = !document.hidden && document.hasFocus() && now;
    return engagedSince;
  }

  function reportEngagement() {
    countTime();
    measureScroll();
    if (scrolled > reported || engaged >= 3e3) {
      add("engagement", {
        page_url: view.page_url,
        page_title: view.page_title,
        engagement_ms: Math.round(engaged),
        scroll_percent: (reported = scrolled),
      });
      engaged = 0;
    }
    flush();
  }

  function viewPage(referrer, wait) {
    shown = route();
    countTime();
    engaged = scrolled = reported = 0;
    view = untitled = add(
      "page_view",
      { referrer: clip(referrer, 2048) || undefined },
      wait,
    );
  }

  function followRoute() {
    if (options.spa === "off" || route() === shown) return;
    reportEngagement();
    viewPage(view.page_url, TITLE_WAIT);
  }

  function reportClick({ target }) {
    const report = (properties) => calls.track("click", properties);
    const name = target.closest("[data-liveinsight]")?.dataset.liveinsight;
    if (name) report({ name });
    const { origin, host, pathname } = target.closest("a");
    const kind = /\.(pdf|zip|gz|dmg|exe|docx|xlsx|mp\d)$/i.test(pathname)
      ? "download"
      : host && host !== location.host && "outbound";
    if (kind && !options.clicks) report({ kind, url: origin + pathname });
  }

  function watch() {
    if (window.navigation) listen("currententrychange", followRoute, navigation);
    else {
      listen("popstate", followRoute);
      for (const name of ["pushState", "replaceState"]) {
        const original = history[name].bind(history);
        history[name] = (...args) => (original(...args), safely(followRoute)());
      }
    }
    listen("focus blur visibilitychange", () => countTime() || reportEngagement());
    listen("pagehide", reportEngagement);
    listen("pageshow", (event) => event.persisted && viewPage(location.href));
    listen("scroll", measureScroll);
    listen("click", reportClick);
  }

  // -- what pages call ---------------------------------------------------------

  const calls = {
    init(given) {
      Object.assign(options, given);
      start();
    },
    track(type, properties, { interactive } = {}) {
      add(type, { properties: clipProperties(properties), interactive });
    },
    conversion(what, revenue) {
      add("conversion", {
        properties: clipProperties(Object(what) === what ? what : { name: what }),
        revenue: revenue && { amount: +revenue.amount, currency: revenue.currency },
      });
    },
  };

  // What is tracked before the page view belongs after it.
  let held = [];
  const push = safely((call) => {
    const [name, ...args] = call;
    if (held && name !== "init") held.push(call);
    else calls[name](...args);
  });

  function begin() {
    watch();
    viewPage(document.referrer);
    const waiting = held;
    held = 0;
    waiting.forEach(push);
    drain();
  }

  let start = () => {
    start = () => {};
    // A prerendered page may never be seen.
    if (document.prerendering) listen("prerenderingchange", begin);
    else begin();
  };

  window.LiveInsight = { push };
  for (const name in calls) LiveInsight[name] = (...args) => push([name, ...args]);
  early?.map?.(push);

  if (!("manual" in options)) {
    const startNow = safely(() => start());
    if (document.readyState === "loading") listen("DOMContentLoaded", startNow);
    else startNow();
  }
})();
