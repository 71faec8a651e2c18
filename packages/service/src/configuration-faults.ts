import type { z } from "zod";

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

const longestValue = 60;

/**
 * What is wrong, one line per fault: where it is in the file, the value that stands there, and what may.
 * @param input what the schema was given
 */
export function describeIssues(schema: z.core.$ZodType, input: unknown, issues: readonly Issue[]): string[] {
  return issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      const known = [...new Set(keysAt(schema, issue.path))].join(", ");
      return issue.keys.map((key) => `${[...issue.path, key].join(".")}: is no key here, which are ${known}`);
    }
    const message = messageOf(issue);
    if (issue.path.length === 0) return [message];
    return [`${issue.path.join(".")}${shown(issue, valueAt(input, issue.path))}: ${message}`];
  });
}

function messageOf(issue: Issue): string {
  if (issue.code === "invalid_key") return issue.issues.map(({ message }) => message).join(", ");
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return issue.message;
  return [...new Set(issue.errors.flat().map(({ message }) => message))].join(", or ");
}

/** A name that is refused stands in the path already, and a list or a map is too long for a line. */
function shown({ code }: Issue, value: unknown): string {
  if (code === "invalid_key" || value === undefined || (typeof value === "object" && value !== null))
    return "";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return ` = ${text.length > longestValue ? `${text.slice(0, longestValue)}…` : text}`;
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | null)?.[key], input);
}

type Definition = {
  shape?: Record<PropertyKey, z.core.$ZodType>;
  innerType?: z.core.$ZodType;
  in?: z.core.$ZodType;
  options?: readonly z.core.$ZodType[];
  element?: z.core.$ZodType;
  valueType?: z.core.$ZodType;
};

/** The keys that an object at this place may have; those of every kind, where there are several. */
function keysAt(schema: z.core.$ZodType, path: Path): string[] {
  const { shape, innerType, in: input, options, element, valueType } = schema._zod.def as Definition;
  const wrapped = innerType ?? input;
  if (wrapped !== undefined) return keysAt(wrapped, path);
  if (options !== undefined) return options.flatMap((option) => keysAt(option, path));
  const [key, ...rest] = path;
  if (key === undefined) return Object.keys(shape ?? {});
  const below = shape?.[key] ?? element ?? valueType;
  return below === undefined ? [] : keysAt(below, rest);
}
