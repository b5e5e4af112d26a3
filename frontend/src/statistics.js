// The history page: works as plain links; here parts are swapped instead of pages.
import htmx from "htmx.org";
import { drawChart, line, measure } from "./lib/chart.js";
import { $, formatMetric, language, readJson, t } from "./lib/page.js";

const STYLES = {
  minute: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  hour: { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  day: { weekday: "short", day: "numeric", month: "short", year: "numeric" },
  week: { day: "numeric", month: "short", year: "numeric" },
  month: { month: "long", year: "numeric" },
};

function drawHistory() {
  const host = $(".history .plot");
  const data = readJson("series");
  if (!host || !data || host.dataset.drawn) return;
  host.dataset.drawn = "yes";
  const when = new Intl.DateTimeFormat(language, {
    timeZone: data.timezone,
    ...STYLES[data.interval],
  });
  const format = (value) => formatMetric(value, data.unit);
  const stated = (time) =>
    data.interval === "week" ? t("Week from {day}", { day: when.format(time) }) : when.format(time);
  const series = [{ values: data.values, colour: "--accent", kind: "area" }];
  if (data.before.length) {
    series.unshift({
      values: data.times.map((_, index) => data.before[index] ?? null),
      colour: "--ink-3",
      kind: "dashed",
    });
  }
  drawChart(host, () => ({
    times: data.times.map((time) => time / 1000),
    timezone: data.timezone,
    interval: data.interval,
    unit: data.unit,
    format,
    series,
    tip(idx) {
      const rows = [
        line("when", stated(data.times[idx])),
        measure("", data.label, format(data.values[idx])),
      ];
      if (data.before[idx] !== undefined) {
        rows.push(measure("before", t("Period before"), format(data.before[idx])));
      }
      return rows;
    },
  }));
}

Object.assign(htmx.config, {
  includeIndicatorStyles: false,
  allowEval: false,
  selfRequestsOnly: true,
  scrollIntoViewOnBoost: false,
  // A kept copy would hold the chart's style attributes, which the policy refuses.
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
});
document.addEventListener("htmx:afterSettle", drawHistory);
// Signed out meanwhile: the answer is another page, so go there.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.responseURL.includes("/accounts/")) location.reload();
});
document.addEventListener("htmx:responseError", () => location.reload());
drawHistory();
