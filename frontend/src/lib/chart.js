// uPlot, dressed: one place for axes, tooltip, keyboard and resizing.
import uPlot from "uplot";
import { colour, formatTick, language, onSchemeChange, withAlpha } from "./page.js";

const DAY = 86_400;
const CLOCK_STEPS = [5, 10, 15, 30, 60, 120, 180, 240, 360, 720]; // minutes
const LEAST = { ratio: 0.1, ms: 1000 }; // height of the axis, however small the values

function niceIncrements(unit) {
  if (unit === "ms") return [1, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600].map((s) => s * 1000);
  if (unit === "ratio") return [0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5];
  if (unit === "mean") return [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50];
  const increments = [];
  for (let size = 1; size <= 1e9; size *= 10) increments.push(size, 2 * size, 5 * size);
  return increments;
}

/** The room inside the host's padding. */
function roomIn(host) {
  const style = getComputedStyle(host);
  const inside = (size, ...sides) =>
    Math.max(0, size - sides.reduce((sum, side) => sum + parseFloat(style[side]), 0));
  return {
    width: inside(host.clientWidth, "paddingLeft", "paddingRight"),
    height: inside(host.clientHeight, "paddingTop", "paddingBottom"),
  };
}

function tooltip(render) {
  const box = document.createElement("div");
  box.className = "tip";
  box.hidden = true;
  return {
    hooks: {
      init: (plot) => plot.over.append(box),
      setCursor: (plot) => {
        const { left, idx } = plot.cursor;
        box.hidden = idx === null || idx === undefined || left < 0;
        if (box.hidden) return;
        box.replaceChildren(...render(idx));
        const x = plot.valToPos(plot.data[0][idx], "x");
        const width = plot.over.clientWidth;
        const beside = x > width / 2 ? x - 14 - box.offsetWidth : x + 14;
        box.style.top = "6px";
        box.style.left = `${Math.max(0, Math.min(beside, width - box.offsetWidth))}px`;
      },
    },
  };
}

/** A dashed line with a knob at each of the marked points. */
function drawMarks(plot, marks) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour("--warn-ink");
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([3 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const index of new Set(marks)) {
    const x = Math.round(plot.valToPos(plot.data[0][index], "x", true));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.arc(x, bbox.top, 4 * devicePixelRatio, 0, 2 * Math.PI);
    ctx.fill();
  }
  ctx.restore();
}

export function line(className, text) {
  const element = document.createElement("div");
  element.className = className;
  element.textContent = text;
  return element;
}

export function measure(className, name, value) {
  const element = line(`what ${className}`, name);
  const bold = document.createElement("b");
  bold.textContent = value;
  element.append(bold);
  return element;
}

/** Left and right move along the points of a focused chart. */
function followKeys(host, plotOf) {
  host.addEventListener("keydown", (event) => {
    const plot = plotOf();
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!plot || (!step && event.key !== "Escape")) return;
    event.preventDefault();
    const last = plot.data[0].length - 1;
    const at = plot.cursor.idx ?? (step > 0 ? -1 : last + 1);
    const idx = Math.min(last, Math.max(0, at + (step ?? 0)));
    const left = step ? plot.valToPos(plot.data[0][idx], "x") : -10;
    plot.setCursor({ left, top: step ? 10 : -10 });
    if (step) host.dispatchEvent(new CustomEvent("li:point", { detail: idx }));
  });
  host.addEventListener("blur", () => plotOf()?.setCursor({ left: -10, top: -10 }));
}

/** Times (s) at which the local clock shows a whole multiple of a step. */
function splitClock(times, room, least, clock) {
  const last = times.at(-1);
  const fits = (step) => step >= least && (last - times[0]) / 60 / step <= room;
  const step = CLOCK_STEPS.find(fits) ?? CLOCK_STEPS.at(-1);
  const [hours, minutes] = clock.format(last * 1000).split(":").map(Number);
  const ticks = [];
  let tick = last - (last % 60) - ((hours * 60 + minutes) % step) * 60;
  for (; tick >= times[0]; tick -= step * 60) ticks.unshift(tick);
  return ticks;
}

function timeAxis(ink, timezone, interval) {
  const zoned = (options) =>
    new Intl.DateTimeFormat(language, { timeZone: timezone, ...options });
  const formats = {
    minute: zoned({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
    hour: zoned({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
    day: zoned({ day: "numeric", month: "short" }),
    week: zoned({ day: "numeric", month: "short" }),
    month: zoned({ month: "short", year: "2-digit" }),
  };
  return {
    stroke: ink,
    font: `12px ${getComputedStyle(document.body).fontFamily}`,
    grid: { show: false },
    ticks: { show: false },
    gap: 8,
    size: 34,
    // At the points themselves: buckets are local days, which no fixed step meets.
    splits: (plot) => {
      const times = plot.data[0];
      const width = plot.bbox.width / devicePixelRatio;
      const room = Math.max(2, Math.floor(width / (width < 480 ? 64 : 84)));
      if (interval === "minute") return splitClock(times, room, 1, formats.minute);
      if (interval === "hour") return splitClock(times, room, 60, formats.hour);
      const every = Math.ceil(times.length / room);
      return times.filter((_, index) => (times.length - 1 - index) % every === 0);
    },
    values: (plot, splits) => splits.map((time) => formats[interval].format(time * 1000)),
  };
}

/** The series; a line whose bucket at `running` is not over yet, in two: dashed to there. */
function splitRunning(series, running) {
  if (running === null || running === undefined) return series;
  return series.flatMap((each) => {
    if (each.kind !== "area") return [each];
    const over = each.values.map((value, index) => (index < running ? value : null));
    const coming = each.values.map((value, index) =>
      index === running || index === running - 1 ? value : null,
    );
    return [
      { ...each, values: over },
      { ...each, values: coming, isRunning: true },
    ];
  });
}

/**
 * Draws `series` into `host` and keeps it right on resize and scheme change.
 * `spec()` returns {times (s), timezone, interval, unit, series, tip(idx)} and
 * perhaps marks: [index], and running: the index of the bucket that is not over yet;
 * series: [{values, colour, kind: "area"|"line"|"dashed"|"columns"}].
 */
export function drawChart(host, spec) {
  let plot = null;
  let shown = read();

  function read() {
    const asked = spec();
    return { ...asked, series: splitRunning(asked.series, asked.running) };
  }

  /** Columns stand half outside of the first and last point. */
  function widthOf(min, max) {
    if (min === max) return [min - DAY, max + DAY];
    const half = shown.series.some((each) => each.kind === "columns") ? (max - min) / 58 : 0;
    return [min - half, max + half];
  }

  function seriesOf({ colour: name, kind, isRunning }) {
    const stroke = colour(name);
    if (kind === "columns") {
      return {
        stroke: "transparent",
        fill: stroke,
        width: 0,
        paths: uPlot.paths.bars({ size: [0.62, 26], radius: 0.28 }),
        points: { show: false },
      };
    }
    return {
      stroke,
      width: kind === "dashed" ? 1.5 : 2.25,
      dash: kind === "dashed" ? [5, 5] : isRunning ? [3, 4] : undefined,
      paths: uPlot.paths.spline(),
      spanGaps: true,
      points: {
        show: shown.times.length === 1 || (isRunning && shown.running === 0),
        size: 7,
        fill: stroke,
      },
      fill:
        kind !== "area"
          ? undefined
          : (u) => {
              const gradient = u.ctx.createLinearGradient(0, u.bbox.top, 0, u.bbox.top + u.bbox.height);
              gradient.addColorStop(0, withAlpha(stroke, 0.24));
              gradient.addColorStop(1, withAlpha(stroke, 0.01));
              return gradient;
            },
    };
  }

  function draw() {
    shown = read();
    const ink = colour("--ink-3");
    plot?.destroy();
    host.replaceChildren();
    plot = new uPlot(
      {
        ...roomIn(host),
        padding: [12, 30, 0, 0],
        legend: { show: false },
        cursor: {
          y: false,
          drag: { x: false, y: false },
          points: {
            size: 9,
            width: 2,
            stroke: () => colour("--surface"),
            fill: (u, index) => colour(shown.series[index - 1].colour),
          },
        },
        scales: {
          x: { time: false, range: (u, min, max) => widthOf(min, max) },
          y: { range: (u, min, max) => [0, Math.max(max * 1.08, LEAST[shown.unit] ?? 4)] },
        },
        axes: [
          timeAxis(ink, shown.timezone, shown.interval),
          {
            stroke: ink,
            font: `12px ${getComputedStyle(document.body).fontFamily}`,
            size: 52,
            gap: 8,
            ticks: { show: false },
            grid: { stroke: colour("--line"), width: 1 },
            space: (u, axis, least, most, height) => (height < 200 ? 30 : 44),
            incrs: niceIncrements(shown.unit),
            values: (u, splits) => splits.map((value) => formatTick(value, shown.unit)),
          },
        ],
        series: [{}, ...shown.series.map(seriesOf)],
        plugins: [tooltip((idx) => shown.tip(idx))],
        hooks: { draw: [(u) => drawMarks(u, shown.marks ?? [])] },
      },
      [shown.times, ...shown.series.map((each) => each.values)],
      host,
    );
  }

  draw();
  followKeys(host, () => plot);
  onSchemeChange(draw);
  const observer = new ResizeObserver(() => {
    if (!host.isConnected) return observer.disconnect();
    if (plot && host.clientWidth) plot.setSize(roomIn(host));
  });
  observer.observe(host);
  return {
    refresh() {
      shown = read();
      plot.setData([shown.times, ...shown.series.map((each) => each.values)]);
    },
  };
}

