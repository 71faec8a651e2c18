type Schema = { readonly [key: string]: unknown };

type Check = (expected: never, value: unknown, schema: Schema, root: unknown) => boolean;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const formats: Readonly<Record<string, (value: never) => boolean>> = {
  "date-time": (text: string) =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(text) && !Number.isNaN(Date.parse(text)),
  date: (text: string) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)),
  uri: (text: string) => URL.canParse(text),
  "uri-reference": (text: string) => URL.canParse(text, "http://api"),
  email: (text: string) => /^[^@\s]+@[^@\s]+$/.test(text),
  uuid: (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text),
  int64: (count: number) => Number.isSafeInteger(count),
};

const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  null: (value) => value === null,
  boolean: (value) => typeof value === "boolean",
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  integer: (value) => Number.isInteger(value),
  array: Array.isArray,
  object: isObject,
};

const isOf = (type: string, value: unknown) => types[type]?.(value) ?? false;
const onText =
  (check: (expected: never, text: string) => boolean): Check =>
  (expected, value) =>
    typeof value !== "string" || check(expected, value);
const onNumber =
  (check: (expected: never, number: number) => boolean): Check =>
  (expected, value) =>
    typeof value !== "number" || check(expected, value);

const keywords: Readonly<Record<string, Check>> = {
  $ref: (reference: string, value, _, root) => matches(lookUp(root, reference) as Schema, value, root),
  type: (expected: string | string[], value) => [expected].flat().some((type) => isOf(type, value)),
  const: (expected: unknown, value) => expected === value,
  enum: (expected: unknown[], value) => expected.includes(value),
  format: (name: string, value) => value === null || (formats[name]?.(value as never) ?? false),
  pattern: onText((pattern: string, text) => new RegExp(pattern, "u").test(text)),
  minLength: onText((length: number, text) => text.length >= length),
  maxLength: onText((length: number, text) => text.length <= length),
  minimum: onNumber((limit: number, number) => number >= limit),
  maximum: onNumber((limit: number, number) => number <= limit),
  anyOf: (options: Schema[], value, _, root) => options.some((option) => matches(option, value, root)),
  oneOf: (options: Schema[], value, _, root) =>
    options.filter((option) => matches(option, value, root)).length === 1,
  allOf: (options: Schema[], value, _, root) => options.every((option) => matches(option, value, root)),
  items: (item: Schema, value, _, root) =>
    !Array.isArray(value) || value.every((one) => matches(item, one, root)),
  minItems: (count: number, value) => !Array.isArray(value) || value.length >= count,
  maxItems: (count: number, value) => !Array.isArray(value) || value.length <= count,
  required: (names: string[], value) => !isObject(value) || names.every((name) => name in value),
  properties: (fields: Record<string, Schema>, value, _, root) =>
    !isObject(value) ||
    Object.entries(fields).every(([name, field]) => !(name in value) || matches(field, value[name], root)),
  propertyNames: (schema: Schema, value, _, root) =>
    !isObject(value) || Object.keys(value).every((name) => matches(schema, name, root)),
  additionalProperties: (allowed: boolean | Schema, value, { properties = {} }, root) =>
    !isObject(value) ||
    Object.entries(value).every(
      ([name, item]) =>
        name in (properties as object) || (isObject(allowed) ? matches(allowed, item, root) : allowed),
    ),
};

const annotations = ["description", "default", "$schema"];

/**
 * Whether a value is what a JSON schema (2020-12) asks for, as far as our schemas go; `root` has what they refer to.
 * @throws Error for a keyword that is not known here, because what it asks would go unchecked
 */
export function matches(schema: Schema, value: unknown, root: unknown): boolean {
  return Object.entries(schema).every(([keyword, expected]) => {
    if (annotations.includes(keyword)) return true;
    const check = keywords[keyword];
    if (check === undefined) throw new Error(`the keyword ${keyword} is not known`);
    return check(expected as never, value, schema, root);
  });
}

/** What a reference within a document names. @throws Error when that does not exist */
export function lookUp(root: unknown, reference: string): unknown {
  const steps = reference.replace(/^#\//, "").split("/");
  return steps.reduce((node, step) => {
    if (!isObject(node) || !(step in node)) throw new Error(`${reference} leads nowhere`);
    return node[step];
  }, root);
}
