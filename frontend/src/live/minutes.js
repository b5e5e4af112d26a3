// Visitors and page views of the last 30 minutes.
import { drawChart, line, measure } from "../lib/chart.js";
import { $, formatWhole, language, readJson, t } from "../lib/page.js";

export function showMinutes(config) {
  let minutes = readJson("minutes") ?? [];
  const host = $(".minutes .plot");
  const body = $(".minutes tbody");
  const clock = new Intl.DateTimeFormat(language, {
    timeZone: config.timezone,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const stated = (idx) => {
    const time = clock.format(minutes[idx].minute);
    return idx === minutes.length - 1 ? `${time} · ${t("so far")}` : time;
  };
  const chart = drawChart(host, () => ({
    times: minutes.map((minute) => minute.minute / 1000),
    timezone: config.timezone,
    interval: "minute",
    unit: "count",
    running: minutes.length - 1,
    series: [
      { values: minutes.map((minute) => minute.page_views), colour: "--second-soft", kind: "columns" },
      { values: minutes.map((minute) => minute.visitors), colour: "--accent", kind: "area" },
    ],
    tip: (idx) => [
      line("when", stated(idx)),
      measure("", t("Visitors"), formatWhole(minutes[idx].visitors)),
      measure("second", t("Page views"), formatWhole(minutes[idx].page_views)),
    ],
  }));

  function fillTable() {
    const rows = minutes.map((minute, idx) => {
      const row = document.createElement("tr");
      const numbers = [minute.visitors, minute.page_views].map(formatWhole);
      for (const text of [stated(idx), ...numbers]) row.insertCell().textContent = text;
      for (const cell of [...row.cells].slice(1)) cell.className = "number";
      return row;
    });
    body.replaceChildren(...rows.reverse());
  }

  body.closest("details").addEventListener("toggle", fillTable);
  return {
    show(next) {
      const before = JSON.stringify(minutes);
      if (before === JSON.stringify(next)) return;
      minutes = next;
      chart.refresh();
      if (body.closest("details").open) fillTable();
    },
  };
}
