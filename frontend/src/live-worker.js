// One connection per browser, site and filter, shared by all tabs that show it.
import { LiveLink } from "./live/link.js";

const FEED_KEPT = 60;
const links = new Map(); // by token address, too: a shared link shows less than its owner sees
const keyOf = ({ addresses, query }) => `${addresses.token}?${query}`;

class Shared {
  constructor({ addresses, query }) {
    this.ports = new Set();
    this.last = new Map();
    this.feed = [];
    this.link = new LiveLink({
      addresses,
      query,
      tell: (kind, data) => this.tell(kind, data),
    });
    this.link.start();
  }

  tell(kind, data) {
    if (kind === "feed") this.feed = [...data.events, ...this.feed].slice(0, FEED_KEPT);
    else this.last.set(kind, data);
    for (const port of this.ports) port.postMessage({ kind, data });
  }

  join(port) {
    this.ports.add(port);
    for (const [kind, data] of this.last) port.postMessage({ kind, data });
    if (this.feed.length) port.postMessage({ kind: "feed", data: { events: this.feed, old: true } });
  }
}

function leave(port) {
  for (const [key, shared] of links) {
    shared.ports.delete(port);
    if (shared.ports.size) continue;
    shared.link.stop();
    links.delete(key);
  }
}

globalThis.onconnect = (event) => {
  const [port] = event.ports;
  port.onmessage = ({ data }) => {
    if (data.kind === "leave") return leave(port);
    const key = keyOf(data);
    if (data.kind === "retry") return links.get(key)?.link.retryNow();
    if (!links.has(key)) links.set(key, new Shared(data));
    links.get(key).join(port);
    // A tab that crashes says no goodbye, but its lock is let go.
    if (data.lock && globalThis.navigator?.locks) {
      navigator.locks.request(data.lock, () => leave(port));
    }
  };
  port.start();
};
