// Builds the tracker that pages load from its readable source; also on its own:
// `node frontend/tracker.mjs`.
import { build } from "esbuild";
import { fileURLToPath } from "node:url";

const tracker = fileURLToPath(new URL("../src/liveinsight/tracker/", import.meta.url));

await build({
  entryPoints: [`${tracker}liveinsight.js`],
  outfile: `${tracker}build/liveinsight.js`,
  minify: true,
  logLevel: "warning",
  target: "es2020",
});
