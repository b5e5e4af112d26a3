// Current visitors over the last 24 hours: read again every minute, its end kept live.
import { drawChart, line, measure } from "../lib/chart.js";
import { $, formatWhole, language, readJson, t } from "../lib/page.js";

const READ_EVERY = 60_000;

export function showDay(config) {
  let day = readJson("day");
  const host = $(".day .plot");
  const clock = new Intl.DateTimeFormat(language, {
    timeZone: config.timezone,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const at = (index) => day.as_of - (day.visitors.length - 1 - index) * day.step;
  const chart = drawChart(host, () => ({
    times: day.visitors.map((_, index) => at(index) / 1000),
    timezone: config.timezone,
    interval: "minute",
    unit: "count",
    series: [{ values: day.visitors, colour: "--live", kind: "area" }],
    tip: (idx) => [
      line("when", clock.format(at(idx))),
      measure("live", t("Visitors"), formatWhole(day.visitors[idx])),
    ],
  }));

  function draw() {
    chart.refresh();
    const peak = Math.max(...day.visitors);
    $("[data-peak]").textContent = formatWhole(peak);
    const when = $("[data-peak-at]");
    if (when) when.textContent = clock.format(at(day.visitors.indexOf(peak)));
  }

  async function read() {
    if (document.hidden) return;
    try {
      const response = await fetch(`${config.addresses.day}?${config.query}`, { cache: "no-store" });
      if (!response.ok) return;
      day = await response.json();
      draw();
    } catch {
      // The connection's own state is shown at the top; the next minute tries again.
    }
  }

  setInterval(read, READ_EVERY);
  return {
    /** The number of now, which the stream knows first. */
    show(current) {
      if (day.visitors.at(-1) === current) return;
      day.visitors[day.visitors.length - 1] = current;
      draw();
    },
  };
}
