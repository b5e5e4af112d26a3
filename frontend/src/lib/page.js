// What every module needs of the page: its data, words, formats and colours.

export const language = document.documentElement.lang || "en";
export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

export function readJson(id) {
  const element = document.getElementById(id);
  return element ? JSON.parse(element.textContent) : null;
}

const words = readJson("messages") ?? {};

/** The text in the page's language; `{name}` is replaced by values.name. */
export function t(text, values = {}) {
  return (words[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

const whole = new Intl.NumberFormat(language);
const short = new Intl.NumberFormat(language, {
  notation: "compact",
  useGrouping: true,
  maximumFractionDigits: 1,
  maximumSignificantDigits: 3,
  roundingPriority: "morePrecision",
});
const decimal = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
// As in the page itself: a share has one digit after the point, always.
const percent = new Intl.NumberFormat(language, {
  style: "percent",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const wholePercent = new Intl.NumberFormat(language, { style: "percent" });

export const formatWhole = (value) => whole.format(value);
export const formatCount = (value) =>
  Math.abs(value) < 10_000 ? whole.format(value) : short.format(value);

/** "1h 2m", "3m 4s", "5s" from ms. */
export function formatDuration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h) return t("{h}h {m}m", { h, m });
  if (m) return t("{m}m {s}s", { m, s });
  return t("{s}s", { s });
}

export function formatMetric(value, unit) {
  if (value === null || value === undefined) return "–";
  if (unit === "ratio") return percent.format(value);
  if (unit === "ms") return formatDuration(value);
  return Number.isInteger(value) ? formatCount(value) : decimal.format(value);
}

/** A value beside an axis, where each is a multiple of its step. */
export function formatTick(value, unit) {
  return unit === "ratio" ? wholePercent.format(value) : formatMetric(value, unit);
}

/** The flag of an ISO country code, as regional indicator letters. */
export function flagOf(code) {
  if (!/^[A-Z]{2}$/.test(code ?? "")) return "";
  return String.fromCodePoint(...[...code].map((letter) => 0x1f1a5 + letter.charCodeAt(0)));
}

let countries;
export function countryName(code) {
  if (!code) return "";
  countries ??= new Intl.DisplayNames(language, { type: "region", fallback: "code" });
  try {
    return countries.of(code);
  } catch {
    return code;
  }
}

/** A custom property as the colour it computes to in the scheme in force. */
export function colour(name) {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  probe.style.color = `var(${name})`;
  const computed = getComputedStyle(probe).color;
  probe.remove();
  return computed;
}

export function withAlpha(rgb, alpha) {
  const [r, g, b] = rgb.match(/[\d.]+/g);
  return `rgba(${r}, ${g}, ${b}, ${alpha})`;
}

/** Calls `draw` again whenever the colour scheme changes; paper is always light. */
export function onSchemeChange(draw) {
  for (const media of ["(prefers-color-scheme: dark)", "print"])
    matchMedia(media).addEventListener("change", draw);
  document.addEventListener("li:scheme", draw);
}

export const lessMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
