// The map of the world: Natural Earth's shapes (public domain) in its own projection,
// the land as one picture, and a path for each country of ISO 3166-1. Countries too
// small for a shape at this scale are dots.
import { readFile } from "node:fs/promises";
import { geoArea, geoCentroid, geoNaturalEarth1, geoPath } from "d3-geo";
import { iso31661NumericToAlpha2 } from "iso-3166";
import { feature, merge } from "topojson-client";

const WIDTH = 1000;
const ANTARCTICA = "010";
// Without a number of their own in the source.
const NAMED = { Kosovo: "XK" };

async function readAtlas(scale) {
  const path = new URL(import.meta.resolve(`world-atlas/countries-${scale}.json`));
  const atlas = JSON.parse(await readFile(path, "utf-8"));
  const geometries = atlas.objects.countries.geometries.filter(({ id }) => id !== ANTARCTICA);
  return { atlas, geometries };
}

const codeOf = ({ id, properties }) => iso31661NumericToAlpha2[id] ?? NAMED[properties.name];

/** {picture: svg, places: {width, height, shapes: {code: path}, dots: {code: [x, y]}}}. */
export async function worldMap() {
  const [coarse, fine] = await Promise.all([readAtlas("110m"), readAtlas("50m")]);
  const land = merge(coarse.atlas, coarse.geometries);
  const projection = geoNaturalEarth1().fitWidth(WIDTH, land);
  const draw = geoPath(projection).digits(1);
  const height = Math.ceil(draw.bounds(land)[1][1]);
  const shapes = {};
  for (const geometry of coarse.geometries) {
    const code = codeOf(geometry);
    if (code) shapes[code] = (shapes[code] ?? "") + draw(feature(coarse.atlas, geometry));
  }
  const dots = {};
  const small = fine.geometries.map((geometry) => feature(fine.atlas, geometry));
  for (const country of small.sort((a, b) => geoArea(b) - geoArea(a))) {
    const code = codeOf(country);
    if (!code || code in shapes || code in dots) continue;
    dots[code] = projection(geoCentroid(country)).map((each) => Math.round(each * 10) / 10);
  }
  const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}"><path d="${draw(land)}"/></svg>`;
  return { picture, places: { width: WIDTH, height, shapes, dots } };
}
