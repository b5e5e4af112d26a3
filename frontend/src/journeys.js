// The journeys page: works as plain links; here the diagram keeps its place when the
// report is swapped, and shows the ways of the block that is pointed at.
import { $, $$ } from "./lib/page.js";

/** Where the diagram and the focus were, while the report is being swapped. */
let before = null;

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "report") return;
  before = {
    scrolled: $(".ways-scroll")?.scrollLeft ?? 0,
    focused: document.activeElement?.id ?? "",
  };
});

document.addEventListener("htmx:afterSettle", () => {
  const pane = $(".ways-scroll");
  if (!pane || !before) return;
  const { scrolled, focused } = before;
  before = null;
  if (focused.startsWith("place-")) {
    pane.scrollLeft = scrolled;
    document.getElementById(focused)?.focus({ preventScroll: true });
  } else showEnd(pane);
});

function point(place) {
  const diagram = $(".sankey");
  if (!diagram) return;
  const key = place?.dataset.key;
  let some = false;
  for (const band of $$(".bands path[data-source]", diagram)) {
    const near = key !== undefined && (band.dataset.source === key || band.dataset.target === key);
    band.classList.toggle("near", near);
    some ||= near;
  }
  diagram.classList.toggle("pointed", some);
}

for (const type of ["pointerover", "focusin"]) {
  document.addEventListener(type, (event) => point(event.target.closest?.(".place")));
}

/** Backwards, the journey ends at the right: that is what one wants to see first. */
function showEnd(pane) {
  if ($("[data-mirrored]", pane)) pane.scrollLeft = pane.scrollWidth;
}

const pane = $(".ways-scroll");
if (pane) showEnd(pane);
