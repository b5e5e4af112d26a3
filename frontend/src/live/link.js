// The live connection: server-sent events, else polling; always tries to come back.
// Runs in the SharedWorker, or in the page where there is none.

const HELLO_WITHIN = 6_000; // a proxy that buffers never lets the hello through
const SILENCE = 25_000; // panels come every second; the server's heartbeat is 15 s
const POLL_EVERY = 2_000;
const TRY_SSE_AGAIN = 60_000;
const LONGEST_WAIT = 30_000;

export class LiveLink {
  /** `tell(kind, data)`; kinds: hello, feed, panels, state. */
  constructor({ addresses, query, tell }) {
    Object.assign(this, { addresses, query, tell });
    this.failures = 0;
    this.halfWay = 0; // ms from the server to here
    this.polledTo = 0; // `now` of the last poll
    this.sseBlocked = 0;
    this.refusals = 0;
    this.stopped = false;
  }

  start() {
    this.stopped = false;
    this.connect();
  }

  stop() {
    this.stopped = true;
    this.drop();
  }

  /** At once, without waiting for the back-off. */
  retryNow() {
    if (this.stopped || this.source || this.polling) return;
    this.failures = 0;
    this.drop();
    this.connect();
  }

  drop() {
    this.source?.close();
    this.source = null;
    this.polling = false;
    clearTimeout(this.timer);
    clearTimeout(this.watchdog);
  }

  state(name, extra = {}) {
    this.tell("state", { name, ...extra });
  }

  async getJson(address) {
    const sent = Date.now();
    const response = await fetch(address, {
      headers: { Accept: "application/json" },
      credentials: "same-origin",
      cache: "no-store",
    });
    if (response.status === 401 || response.status === 403 || response.redirected) {
      this.state("signed-out");
      this.stop();
      return null;
    }
    if (!response.ok) throw new Error(`status ${response.status}`);
    this.halfWay = (Date.now() - sent) / 2;
    return response.json();
  }

  async connect() {
    this.state(this.failures ? "waiting" : "connecting");
    if (Date.now() < this.sseBlocked) return this.poll();
    try {
      const answer = await this.getJson(`${this.addresses.token}?${this.query}`);
      if (answer && !this.stopped) this.listen(answer.token);
    } catch {
      this.failed();
    }
  }

  listen(token) {
    if (!("EventSource" in globalThis)) return this.blocked();
    const source = new EventSource(`${this.addresses.stream}?token=${encodeURIComponent(token)}`);
    let greeted = false;
    this.source = source;
    this.watchdog = setTimeout(() => !greeted && this.blocked(), HELLO_WITHIN);
    const on = (kind, handle) =>
      source.addEventListener(kind, (event) => {
        if (source !== this.source) return;
        clearTimeout(this.watchdog);
        this.watchdog = setTimeout(() => this.failed(), SILENCE);
        handle(JSON.parse(event.data));
      });
    on("hello", (hello) => {
      greeted = true;
      this.failures = 0;
      this.refusals = 0;
      this.tell("hello", hello);
      this.state("live", { offset: this.offsetAt(hello.now) });
    });
    on("feed", (feed) => this.tell("feed", feed));
    on("panels", (panels) => this.tell("panels", panels));
    source.onerror = () => {
      if (source !== this.source) return;
      if (!greeted && ++this.refusals >= 2) return this.blocked();
      this.failed();
    };
  }

  /** The server's clock minus ours, from what it said on its way here. */
  offsetAt(serverNow) {
    return serverNow + this.halfWay - Date.now();
  }

  /** The stream does not come through: ask every two seconds, try it again later. */
  blocked() {
    this.drop();
    this.sseBlocked = Date.now() + TRY_SSE_AGAIN;
    this.poll();
  }

  async poll() {
    if (this.stopped) return;
    this.polling = true;
    try {
      const since = this.polledTo ? `&since=${this.polledTo}` : "";
      const answer = await this.getJson(`${this.addresses.poll}?${this.query}${since}`);
      if (!answer || this.stopped) return;
      this.failures = 0;
      this.polledTo = answer.now;
      this.state("polling", { offset: this.offsetAt(answer.feed.sent_at) });
      if (answer.feed.events.length) this.tell("feed", answer.feed);
      if (answer.panels) this.tell("panels", answer.panels);
    } catch {
      return this.failed();
    }
    this.timer = setTimeout(() => {
      this.polling = false;
      if (Date.now() < this.sseBlocked) this.poll();
      else this.connect();
    }, POLL_EVERY);
  }

  failed() {
    if (this.stopped) return;
    this.drop();
    this.failures += 1;
    const longest = Math.min(LONGEST_WAIT, 500 * 2 ** (this.failures - 1));
    // Spread, so that all browsers do not come back in the same instant.
    const wait = longest * (0.5 + Math.random() / 2);
    this.state(this.failures > 2 ? "offline" : "waiting", { retry_at: Date.now() + wait });
    this.timer = setTimeout(() => this.connect(), wait);
  }
}
