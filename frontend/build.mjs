// Bundles scripts and styles into the package: hashed names, and a manifest
// that the template tag `asset` reads. Also writes the country names that
// Node's own CLDR data knows, so that pages need no list of their own, and the map.
import { build } from "esbuild";
import { worldMap } from "./map.mjs";
import "./tracker.mjs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = join(here, "../src/liveinsight/dashboard/static/build");
const LANGUAGES = ["en", "ko"];

const shared = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  metafile: true,
  legalComments: "linked",
  logLevel: "warning",
  outdir: out,
  target: ["chrome111", "firefox115", "safari16.4"],
  entryNames: "[name]-[hash]",
  chunkNames: "chunk-[hash]",
};

function builtNames(metafile) {
  const names = {};
  for (const [path, output] of Object.entries(metafile.outputs)) {
    if (!output.entryPoint) continue;
    const built = basename(path);
    names[built.replace(/-[0-9A-Z]{8}(?=\.\w+$)/, "")] = built;
  }
  return names;
}

function countryNames() {
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  const codes = letters.flatMap((a) => letters.map((b) => a + b));
  const names = {};
  for (const language of LANGUAGES) {
    const known = new Intl.DisplayNames(language, { type: "region", fallback: "none" });
    names[language] = Object.fromEntries(
      codes.map((code) => [code, known.of(code)]).filter(([, name]) => name),
    );
  }
  return names;
}

const map = await worldMap();
/** Lets a stylesheet name the picture of the land, which is made here. */
const landPicture = {
  name: "land",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^land\.svg$/ }, ({ path }) => ({ path, namespace: "land" }));
    onLoad({ filter: /./, namespace: "land" }, () => ({ contents: map.picture, loader: "file" }));
  },
};

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

const [modules, worker, styles] = await Promise.all([
  build({
    ...shared,
    entryPoints: ["src/main.js", "src/live.js", "src/statistics.js", "src/journeys.js"],
    format: "esm",
    splitting: true,
  }),
  build({ ...shared, entryPoints: ["src/live-worker.js"], format: "iife" }),
  build({
    ...shared,
    entryPoints: ["src/main.css", "src/icon.svg"],
    loader: { ".svg": "copy" },
    assetNames: "[name]-[hash]",
    plugins: [landPicture],
  }),
]);

const manifest = Object.assign(
  {},
  ...[modules, worker, styles].map((result) => builtNames(result.metafile)),
);
await writeFile(join(out, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
await writeFile(join(out, "countries.json"), JSON.stringify(countryNames()) + "\n");
await writeFile(join(out, "map.json"), JSON.stringify(map.places) + "\n");
console.log(`built ${(await readdir(out)).length} files into ${out}`);
