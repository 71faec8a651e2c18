/**
 * The fast path beside tRPC's handler is right when nobody can tell the two apart. One server answers with tRPC's
 * handler alone, the other takes the fast path where it can; both get the same thousands of requests, well-formed and
 * not, and must answer the same, having done the same in the same order.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RawAnswer, type RawRequest, sendRaw } from "../testing/raw-requests.ts";
import { shapeNames, shapes } from "../testing/shapes.ts";
import { type Side, startSide } from "../testing/sides.ts";

let stock: Side;
let fast: Side;
let sent = 0;

beforeAll(async () => {
  [stock, fast] = [await startSide(false), await startSide(true)];
});

afterAll(() => {
  stock.close();
  fast.close();
});

/** Sends to both, and expects the same of them. Answers what came, and whether the fast path was taken. */
async function compare(request: RawRequest): Promise<{ answer: RawAnswer; isDirect: boolean }> {
  sent += 1;
  const trace = String(sent);
  const marked = { ...request, headers: [...request.headers, ["x-trace", trace] as const] };
  const before = fast.direct;
  const [expected, answer] = await Promise.all([stock, fast].map(({ port }) => sendRaw(port, marked)));
  if (expected === undefined || answer === undefined) throw new Error("no answers");
  expect(shown(answer)).toEqual(shown(expected));
  const [done, wanted] = [fast, stock].map(({ traces }) => traces.get(trace));
  // Calls of a batch run side by side: in which order theirs come is nobody's promise.
  if (request.target.includes(",")) expect(done?.map(asText).sort()).toEqual(wanted?.map(asText).sort());
  else expect(done).toEqual(wanted);
  return { answer, isDirect: fast.direct > before };
}

/** Everything but the time, and how the body's end is told: the stock handler always writes chunks. */
function shown({ status, headers, body }: RawAnswer) {
  const told = headers.filter(([name]) => !["date", "content-length", "transfer-encoding"].includes(name));
  return { status, headers: told.toSorted(), body };
}

const asText = (event: unknown) => JSON.stringify(event) ?? "";

const rarely = <Value>(usual: fc.Arbitrary<Value>, unusual: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: unusual });
const text = (...values: string[]) => fc.constantFrom(...values);

const input = fc.oneof(
  fc.record({ a: fc.integer(), b: fc.string() }, { requiredKeys: ["a"] }),
  fc.jsonValue({ maxDepth: 2 }),
  text("CONFLICT", "PAYMENT_REQUIRED", "NOT_FOUND", "CLIENT_CLOSED_REQUEST"),
);
const json = rarely(
  input.map((value) => JSON.stringify(value)),
  text(
    "",
    " ",
    "{",
    "[1,",
    "nul",
    "NaN",
    '{"a":1}{"b":2}',
    "\ufeff{}",
    '"\\ud800"',
    '{"__proto__":{"a":1}}',
    "é",
  ),
);
const inBatch = rarely(
  fc
    .array(json, { minLength: 1, maxLength: 3 })
    .map((values) => `{${values.map((value, place) => `"${place}":${value}`).join(",")}}`),
  fc.oneof(
    json,
    text("[]", "[{}]", "null", "{}", '{"1":{"a":1}}', '{"0":{"a":1},"1":{"a":2}}', '{"00":1}', "0"),
  ),
);

const name = text(...shapeNames);
const plainName = name.filter((one) => /^[\w.]+$/.test(one));
const plainList = fc
  .tuple(plainName, fc.array(plainName, { maxLength: 3 }))
  .map((names) => names.flat().join(","));
const path = rarely(
  fc.oneof({ weight: 3, arbitrary: plainName }, plainList),
  fc.oneof(
    name.map(encodeURIComponent),
    name.map((one) => one.replace(".", "%2E").replace("e", "%65")),
    name.map((one) => `${one}/`),
    name.map((one) => `/${one}`),
    name.map((one) => `x/../${one}`),
    name.map((one) => `${one}.`),
    name.map((one) => one.toUpperCase()),
    fc.tuple(name, name).map((two) => two.map(encodeURIComponent).join(",")),
    name.map((one) => `${one},`),
    text(
      "",
      ".",
      "..",
      "%",
      "%E0%A4%A",
      "__proto__",
      "constructor",
      "toString",
      "none.x",
      "answers",
      "é",
      "a%00b",
    ),
  ),
);

const search = (value: string, isBatch: boolean, hasInput: boolean) =>
  [isBatch ? "batch=1" : "", hasInput ? `input=${encodeURIComponent(value)}` : ""].filter(
    (one) => one !== "",
  );
const oddPair = fc.oneof(
  text(
    "batch=0",
    "batch=1",
    "batch=true",
    "batch",
    "BATCH=1",
    "batch=%31",
    "",
    "input",
    "input=",
    "input=null",
  ),
  text(
    "input=%",
    "input=%E0%A4%A",
    "input=%80",
    "input={}",
    "input=%7B+%7D",
    'input="+"',
    "input=1#x",
    "x=1",
  ),
  text(
    "connectionParams=%7B%22a%22%3A%221%22%7D",
    "connectionParams=1",
    "lastEventId=1",
    "inp%75t=1",
    "input=%ef%bb%bf1",
  ),
);

const header = (key: string, ...values: string[]) => text(...values).map((value) => [key, value] as const);
const oddHeader = fc.oneof(
  header("trpc-accept", "application/jsonl", "application/json", ""),
  header("accept", "application/jsonl", "text/html, application/jsonl", "application/jsonl;q=1", "*/*"),
  header("content-encoding", "gzip", "identity"),
  header("x-context", "fails"),
  header("expect", "100-continue"),
  header("trpc-batch-mode", "stream"),
  header("last-event-id", "5"),
  header("x-http-method-override", "POST"),
);
const host = rarely(
  text("api.test", "127.0.0.1:80", "[::1]:3"),
  text("", "a b", "a@b", "x:99999", "a/b", "é", "1.2.3.4.5"),
);
const json_ = "application/json";
const contentType = rarely<string | null>(
  text(json_, json_, `${json_}; charset=utf-8`),
  fc.constantFrom(
    null,
    ...["", "text/plain", "Application/JSON", `${json_};charset=latin1`, `${json_}x`, `${json_}, text/plain`],
    ...[`${json_} ;a=b`, "multipart/form-data; boundary=x", "application/octet-stream"],
  ),
);

/** Most are what clients send; each part of some is not. */
const request: fc.Arbitrary<RawRequest> = fc
  .record({
    path,
    isQuery: fc.boolean(),
    isMatching: rarely(fc.constant(true), fc.constant(false)),
    method: rarely(fc.constant(null), text("PUT", "DELETE", "HEAD", "PATCH", "OPTIONS")),
    isBatch: fc.boolean(),
    plain: json,
    batched: inBatch,
    hasInput: rarely(fc.constant(true), fc.constant(false)),
    odd: rarely<string[]>(fc.constant([]), fc.array(oddPair, { minLength: 1, maxLength: 2 })),
    contentType,
    host,
    isKnown: fc.boolean(),
    more: rarely<(readonly [string, string])[]>(
      fc.constant([]),
      fc.array(oddHeader, { minLength: 1, maxLength: 2 }),
    ),
    bytes: rarely<Buffer | null>(fc.constant(null), fc.uint8Array({ maxLength: 40 }).map(Buffer.from)),
    isChunked: rarely(fc.constant(false), fc.constant(true)),
  })
  .map((drawn) => {
    const { isBatch, hasInput, isChunked } = drawn;
    const first = drawn.path.split(",")[0];
    const declared = shapes._def.procedures[first as "none"]?._def.type ?? "query";
    const isQuery = drawn.isMatching ? (declared as string) !== "mutation" : drawn.isQuery;
    const method = drawn.method ?? (isQuery ? "GET" : "POST");
    const value = isBatch ? drawn.batched : drawn.plain;
    const pairs = [...search(value, isBatch, hasInput && isQuery), ...drawn.odd];
    const body = drawn.bytes ?? Buffer.from(hasInput ? value : "");
    return {
      method,
      target: `/trpc/${drawn.path}${pairs.length === 0 ? "" : `?${pairs.join("&")}`}`,
      headers: [
        ["host", drawn.host],
        ...(drawn.contentType === null ? [] : [["content-type", drawn.contentType] as const]),
        ...(drawn.isKnown ? [["authorization", "Bearer me"] as const] : []),
        ...drawn.more,
      ],
      isChunked,
      ...(method === "GET" || method === "HEAD" ? {} : { body }),
    };
  });

/** What chance alone would seldom draw. */
const examples = [
  'echo?input="+"',
  "echo?input=1#2",
  "echo?input=%22%2B%23%22",
  "echo?batch=1&input=[1]",
  "echo?input=1&input=2",
  'middlewares.after?input={"a":1}',
  'pair,guarded,echo?batch=1&input={"0":{"a":1},"2":3}',
  "answers.undefined,answers.date,answers.circle?batch=1",
  "answers.list,answers.iterable,none?batch=1",
  "none,changeNone?batch=1",
  `${Array(50).fill("none").join(",")}?batch=1`,
  `${Array(51).fill("none").join(",")}?batch=1`,
  "none,none",
].map((target): [RawRequest] => [
  { method: "GET", target: `/trpc/${target}`, headers: [["host", "api.test"]] },
]);

test("nobody can tell the fast path from tRPC's handler", { timeout: 60_000 }, async () => {
  let direct = 0;
  const numRuns = 2_000;
  await fc.assert(
    fc.asyncProperty(request, async (drawn) => {
      if ((await compare(drawn)).isDirect) direct += 1;
    }),
    { numRuns, examples, endOnFailure: true },
  );
  // Else it would have been one handler compared with itself.
  expect(direct).toBeGreaterThan(numRuns / 4);
  expect(direct).toBeLessThan(numRuns);
});
