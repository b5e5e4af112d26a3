// The history page: works as plain links; here parts are swapped instead of pages.
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
  const running = (idx, text) => (idx === data.running ? `${text} · ${t("so far")}` : text);
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
    series,
    marks: data.notes.map((note) => note.index),
    running: data.running,
    tip(idx) {
      const rows = [
        line("when", running(idx, stated(data.times[idx]))),
        measure("", data.label, format(data.values[idx])),
      ];
      if (data.before[idx] !== undefined) {
        rows.push(measure("before", data.before_label, format(data.before[idx])));
      }
      const notes = data.notes.filter((note) => note.index === idx);
      return [...rows, ...notes.map((note) => line("noted", note.text))];
    },
  }));
}

document.addEventListener("htmx:afterSettle", drawHistory);
drawHistory();
