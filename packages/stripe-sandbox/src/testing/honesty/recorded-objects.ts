import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("../recorded/objects/", import.meta.url);

/** The recorded objects by name: the `object` field, with `deleted_` in front of what is left of a deleted one. */
export function recordedObjects(): Record<string, object> {
  return Object.fromEntries(
    readdirSync(folder).map((file) => [
      file.replace(/\.json$/, ""),
      JSON.parse(readFileSync(new URL(file, folder), "utf8")) as object,
    ]),
  );
}

/** All objects with their kind anywhere inside some JSON, by the name they are recorded under. */
export function objectsInside(bodies: unknown[]): Map<string, object[]> {
  const found = new Map<string, object[]>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const { object, deleted } = value as { object?: unknown; deleted?: unknown };
    if (typeof object === "string") {
      const name = deleted === true ? `deleted_${object}` : object;
      found.set(name, [...(found.get(name) ?? []), value]);
    }
    for (const inner of Object.values(value)) visit(inner);
  };
  for (const body of bodies) visit(body);
  return found;
}
