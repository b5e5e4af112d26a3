// Parts of a page that are fetched and swapped, by attributes (hx-…) in the templates.
import htmx from "htmx.org";

Object.assign(htmx.config, {
  includeIndicatorStyles: false,
  allowEval: false,
  selfRequestsOnly: true,
  scrollIntoViewOnBoost: false,
  // A kept copy would hold the chart's style attributes, which the policy refuses.
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
});

// Signed out meanwhile: the answer is another page, so go there.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.responseURL.includes("/accounts/")) location.reload();
});
// What cannot be answered has a page that says why.
document.addEventListener("htmx:responseError", (event) => {
  location.assign(event.detail.pathInfo.finalRequestPath);
});
