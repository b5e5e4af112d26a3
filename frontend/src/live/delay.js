// How old a number is when it reaches the screen, measured on the server's clock.
import { formatWhole, t } from "../lib/page.js";

const KEPT = 20;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

export class Delay {
  constructor() {
    this.offset = 0; // server's clock minus ours, ms
    this.ways = []; // from the door to this screen
    this.actions = []; // from the visitor's action to this screen
    this.links = []; // from the server's sending to this screen
  }

  now() {
    return Date.now() + this.offset;
  }

  keep(list, value) {
    list.push(Math.max(0, Math.round(value)));
    if (list.length > KEPT) list.shift();
  }

  measure(events) {
    for (const event of events) {
      this.keep(this.ways, this.now() - event.received_at);
      this.keep(this.actions, this.now() - event.present_at);
    }
  }

  link(sentAt) {
    this.keep(this.links, this.now() - sentAt);
  }

  text() {
    const values = this.ways.length ? this.ways : this.links;
    return values.length ? t("{ms} ms", { ms: formatWhole(median(values)) }) : "";
  }

  explain(backlog) {
    const lines = [];
    const say = (text, list) => {
      if (list.length) lines.push(t(text, { ms: formatWhole(median(list)) }));
    };
    say("From the collector to this screen: {ms} ms", this.ways);
    say("From the visitor's action to this screen: {ms} ms", this.actions);
    say("From the server to this screen: {ms} ms", this.links);
    if (backlog) lines.push(t("Events not yet in the panels: {n}", { n: formatWhole(backlog) }));
    return lines;
  }
}
