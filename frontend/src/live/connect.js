// Joins the page to the shared connection, or opens its own where workers are missing.
import { LiveLink } from "./link.js";

export function connect({ addresses, query, worker, tell }) {
  if ("SharedWorker" in globalThis) {
    try {
      return joinWorker({ addresses, query, worker, tell });
    } catch {
      // Refused by a policy or a private window: go on alone.
    }
  }
  return goAlone({ addresses, query, tell });
}

function goAlone({ addresses, query, tell }) {
  const link = new LiveLink({ addresses, query, tell });
  link.start();
  addEventListener("online", () => link.retryNow());
  addEventListener("pagehide", () => link.stop());
  addEventListener("pageshow", (event) => event.persisted && link.start());
  return { retry: () => link.retryNow() };
}

function joinWorker({ addresses, query, worker, tell }) {
  const shared = new SharedWorker(worker, { name: "liveinsight-live" });
  let alone = null;
  // In a frame on another site a browser may refuse it, and say so only later.
  shared.onerror = () => (alone ??= goAlone({ addresses, query, tell }));
  const lock = `liveinsight-tab-${Math.random().toString(36).slice(2)}`;
  const join = () => shared.port.postMessage({ kind: "join", addresses, query, lock });
  shared.port.onmessage = ({ data }) => tell(data.kind, data.data);
  if (navigator.locks) {
    navigator.locks.request(lock, () => new Promise(() => {})).catch(() => {});
  }
  // After the lock is held, or the worker would take it first.
  if (navigator.locks) navigator.locks.query().then(join, join);
  else join();
  addEventListener("pagehide", () => shared.port.postMessage({ kind: "leave" }));
  addEventListener("pageshow", (event) => event.persisted && join());
  const retry = () => {
    if (alone) alone.retry();
    else shared.port.postMessage({ kind: "retry", addresses, query });
  };
  addEventListener("online", retry);
  return { retry };
}
