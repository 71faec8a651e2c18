import { execFile } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { packed } from "./packed.mjs";

const program = path.join(import.meta.dirname, `seen-${process.pid}.mjs`);
afterAll(() => rmSync(program, { force: true }));

/** What a program of ours sees of the packages, in a process with these options for Node. */
const exportsSeen = async (options?: string): Promise<{ places: string[]; names: string[][] }> => {
  const env = { PATH: process.env.PATH, NODE_OPTIONS: options };
  return JSON.parse((await promisify(execFile)(process.execPath, [program], { env })).stdout);
};

test("processes that tests start get each package from one file, with all that it exports", async () => {
  writeFileSync(
    program,
    `const places = [], names = [];
     for (const specifier of ${JSON.stringify(Object.values(packed))}) {
       places.push(import.meta.resolve(specifier));
       names.push(Object.keys(await import(specifier)).sort());
     }
     console.log(JSON.stringify({ places, names }));`,
  );
  const [plain, quick] = await Promise.all([exportsSeen(), exportsSeen(process.env.NODE_OPTIONS)]);
  expect(quick.names).toEqual(plain.names);
  expect(quick.places.map((place) => place.includes("/.cache/packed/"))).toEqual(
    plain.places.map(() => true),
  );
  expect(plain.places.filter((place) => place.includes("/.cache/packed/"))).toEqual([]);
});
