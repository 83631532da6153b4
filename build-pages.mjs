// Builds the pages' scripts and styles into appliance/web/static/<area>/ (ignored by git).
//
// The rule: in the ui folder of each area every *.ts and *.css that does not begin with "_" is an entry point and
// becomes static/<area>/<name>.js or .css with all it imports inside; every other file and folder that does not
// begin with "_" is copied. htmx comes from its npm package as static/htmx.min.js. Needs Node 18 or newer.

import { build } from "esbuild";
import { cp, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const top = dirname(fileURLToPath(import.meta.url));
const areas = { web: "appliance/web/ui", station: "station/ui", kiosk: "kiosk/ui" };
const target = join(top, "appliance/web/static");
const fresh = `${target}.new`;

async function entriesOf(folder) {
  const found = await readdir(folder, { withFileTypes: true }).catch((error) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return found.filter((entry) => !/^[_.]/.test(entry.name)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function sizes(folder, prefix = "") {
  const lines = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) lines.push(...(await sizes(path, `${prefix}${entry.name}/`)));
    else lines.push([`${prefix}${entry.name}`, (await stat(path)).size]);
  }
  return lines;
}

await rm(fresh, { recursive: true, force: true });
await mkdir(fresh, { recursive: true });
for (const [area, place] of Object.entries(areas)) {
  const folder = join(top, place);
  const entryPoints = [];
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isFile() && /\.(ts|css)$/.test(entry.name) && !entry.name.endsWith(".d.ts")) entryPoints.push(path);
    else if (!entry.name.endsWith(".ts")) await cp(path, join(fresh, area, entry.name), { recursive: true });
  }
  if (!entryPoints.length) continue;
  await build({
    entryPoints,
    outdir: join(fresh, area),
    bundle: true,
    minify: true,
    format: "iife",
    target: ["chrome109", "firefox115"],
    charset: "utf8",
    legalComments: "inline",
    loader: { ".svg": "dataurl", ".woff2": "file" },
    logLevel: "warning",
  });
}
await cp(join(top, "node_modules/htmx.org/dist/htmx.min.js"), join(fresh, "htmx.min.js"));
for (const [name, size] of await sizes(fresh)) console.log(`${String(size).padStart(8)}  ${name}`);
await writeFile(join(fresh, ".built"), "");
await rm(target, { recursive: true, force: true });
await rename(fresh, target);
