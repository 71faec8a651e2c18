const hiddenKeys =
  /^(authorization|cookie|set-?cookie|e-?mail|.*_?email|password|.*password|secret|.*secrets?|token|.*tokens?|signature|.*-?signature|api_?-?key|stripe-signature|database_?url|connection_?string)$/i;

const hiddenTexts: readonly [RegExp, string][] = [
  [/[^\s"'<>()@,;:/]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}/gi, "[email]"],
  [/\bey[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?/g, "[token]"],
  [/\b(hr_(?:live|test)|sk_(?:live|test)|rk_(?:live|test)|whsec)_[A-Za-z0-9_-]+/g, "$1_[secret]"],
  [/\b([a-z][a-z0-9+]*:\/\/)[^\s/@]+@/gi, "$1[secret]@"],
];

const deepest = 6;

/** Hides e-mail addresses, tokens, keys and the passwords of addresses that stand inside a text. */
export function redactText(text: string): string {
  // Every pattern needs one of these; most texts are ids and names, and have none.
  if (!text.includes("@") && !text.includes("_") && !text.includes("ey")) return text;
  return hiddenTexts.reduce((shown, [pattern, mark]) => shown.replace(pattern, mark), text);
}

/** A copy of `value` in which sensitive fields, at any depth, read `[redacted]`, and texts went through `redactText`. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Error) return describeError(value, depth);
  if (value instanceof Date) return value;
  if (depth >= deepest) return "[deep]";
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  const shown: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const hidden = item !== null && item !== undefined && isHidden(key);
    define(shown, key, hidden ? "[redacted]" : redact(item, depth + 1));
  }
  return shown;
}

/** As any other field, also one that is called `__proto__`. */
function define(shown: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(shown, key, { value, enumerable: true });
  else shown[key] = value;
}

// The names of fields are few, and each is asked about with every line.
const judged = new Map<string, boolean>();
const mostJudged = 1_000;

function isHidden(key: string): boolean {
  const known = judged.get(key);
  if (known !== undefined) return known;
  const hidden = hiddenKeys.test(key);
  if (judged.size < mostJudged) judged.set(key, hidden);
  return hidden;
}

/**
 * Only name, code, message, stack and cause: what else libraries hang on their errors (bound values, rows, request
 * headers) is other people's data.
 */
function describeError(error: Error, depth: number): Record<string, unknown> {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  return {
    type: error.name,
    message: redactText(error.message),
    ...(code === undefined ? {} : { code }),
    ...(constraint === undefined ? {} : { constraint }),
    stack: redactText(error.stack ?? ""),
    ...(error.cause === undefined || depth >= deepest ? {} : { cause: redact(error.cause, depth + 1) }),
  };
}
