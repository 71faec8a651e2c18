import { readdirSync, readFileSync } from "node:fs";

/** One call of a recorded sequence; `${name:path}` in its texts stands for a part of an earlier answer. */
interface Call {
  name: string;
  path: string;
  method: string;
  params?: unknown;
  /** The call is meant to fail so. */
  expected_error_type?: string;
}

export interface Trigger {
  /** The event it is there to cause, mostly. */
  name: string;
  calls: Call[];
}

/** Where a sequence stopped, or null when every call was answered as it should be. */
export interface Stop {
  call: string;
  status: number;
  code: string;
  param?: string;
}

const folder = new URL("../recorded/triggers/", import.meta.url);

/** The recorded sequences, by name. */
export function recordedTriggers(): Trigger[] {
  return readdirSync(folder)
    .sort()
    .map((file) => {
      const { fixtures } = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as { fixtures: Call[] };
      return { name: file.replace(/\.json$/, ""), calls: fixtures };
    });
}

/** Makes the calls of a sequence against the API at `url`, in order, until one is answered otherwise than it should. */
export async function runTrigger(url: string, { calls }: Trigger): Promise<Stop | null> {
  const answers = new Map<string, Record<string, unknown>>();
  for (const { name, path, method, params, expected_error_type: expected } of calls) {
    const form = encode(filled(answers, params ?? {}));
    const target = `${url}${filled(answers, path)}`;
    const reads = method === "get";
    const response = await fetch(reads && form ? `${target}?${form}` : target, {
      method: method.toUpperCase(),
      headers: {
        authorization: "Bearer sk_test_trigger",
        "content-type": "application/x-www-form-urlencoded",
      },
      ...(reads ? {} : { body: form }),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    const error = answer.error as { type?: string; code?: string; param?: string } | undefined;
    if (error?.type !== expected) {
      const code = error?.code ?? error?.type ?? "none";
      return { call: name, status: response.status, code, ...(error?.param ? { param: error.param } : {}) };
    }
    answers.set(name, answer);
  }
  return null;
}

/** The value with every `${name:path}` replaced. Throws when an earlier answer has no such field. */
function filled<Value>(answers: Map<string, Record<string, unknown>>, value: Value): Value {
  if (typeof value === "string") {
    return value.replaceAll(/\$\{([^:}]+):([^}]+)\}/g, (whole, name: string, path: string) => {
      const found = path
        .split(".")
        .reduce<unknown>(
          (node, key) => (node as Record<string, unknown> | undefined)?.[key],
          answers.get(name),
        );
      if (typeof found !== "string") throw new Error(`nothing to put in for ${whole}`);
      return found;
    }) as Value;
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => filled(answers, item)) as Value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, filled(answers, inner)]),
  ) as Value;
}

/** Form encoding as Stripe's command line does it: nested hashes and arrays by bracketed keys. */
function encode(params: object): string {
  const form = new URLSearchParams();
  const add = (key: string, value: unknown): void => {
    if (typeof value !== "object" || value === null) {
      form.append(key, String(value));
      return;
    }
    for (const [inner, item] of Object.entries(value)) add(`${key}[${inner}]`, item);
  };
  for (const [key, value] of Object.entries(params)) add(key, value);
  return form.toString();
}
