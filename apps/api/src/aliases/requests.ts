import type { IncomingMessage } from "node:http";
import { DomainError } from "@headroom/domain/errors";
import { encodeId, isUuid } from "@headroom/domain/ids";
import { type InputIssue, validationFailed } from "../errors.ts";
import { fromText, readObject } from "../rest/inputs.ts";
import { fromWire, type Names, pathToWire } from "../rest/names.ts";
import type { AliasFields } from "./answers.ts";
import { type AliasField, type AliasRow, takesBody } from "./rows.ts";

/** What a request in the source's form brings: its fields as they were sent, and the procedure's input. */
export type AliasRequest = { given: AliasFields; input: AliasFields };

/**
 * Reads a request in the source's form. Each field may be given once, and no others.
 * @throws DomainError validation_failed, payload_too_large, unsupported_media_type, and what the row's check refuses
 */
export async function readAliasRequest(
  request: IncomingMessage,
  row: AliasRow,
  names: Names,
  place: { parameters: Readonly<Record<string, string>>; query: URLSearchParams },
): Promise<AliasRequest> {
  const body = request.method === "GET" || request.method === "HEAD" ? {} : await readObject(request);
  const texts = [...Object.entries(place.parameters), ...queryEntries(place.query)];
  const wordsOf = (name: string) => names.fields.get(row.fields[name]?.to ?? "");
  const sent: [string, unknown][] = [
    ...texts.map(([name, value]): [string, unknown] => [
      name,
      typeof value === "string" ? fromText(wordsOf(name), value) : value,
    ]),
    ...Object.entries(body),
  ];
  const issues = misplaced(row, sent, new Set(Object.keys(body)), new Set(texts.map(([name]) => name)));
  const entries = sent.flatMap(([name, value]): [string, unknown][] => {
    const field = row.fields[name];
    return field === undefined ? [] : [[field.to, readField(field, wordsOf(name), value, issues)]];
  });
  if (issues.length > 0) throw validationFailed(issues);
  const given = Object.fromEntries(sent);
  row.check?.(given);
  return { given, input: { ...row.implied, ...Object.fromEntries(entries) } };
}

function queryEntries(query: URLSearchParams): [string, string | string[]][] {
  return [...new Set(query.keys())].map((name) => {
    const values = query.getAll(name);
    return [name, values.length > 1 ? values : (values[0] ?? "")];
  });
}

function misplaced(
  row: AliasRow,
  sent: readonly [string, unknown][],
  inBody: ReadonlySet<string>,
  inAddress: ReadonlySet<string>,
): InputIssue[] {
  const targets = sent.map(([name]) => row.fields[name]?.to ?? `unknown ${name}`);
  const hasBody = takesBody(row);
  return sent.flatMap(([name], index): InputIssue[] => {
    const inPath = row.path.includes(`{${name}}`);
    const elsewhere = hasBody ? inAddress.has(name) && !inPath : inBody.has(name);
    if (!Object.hasOwn(row.fields, name) || elsewhere) {
      return [{ path: name, message: `Unrecognized key: "${name}"` }];
    }
    const isRepeated = targets.indexOf(targets[index] ?? "") !== index;
    return isRepeated ? [{ path: name, message: "is given twice" }] : [];
  });
}

function readField(
  field: AliasField,
  names: Names | undefined,
  value: unknown,
  issues: InputIssue[],
): unknown {
  if (field.id !== undefined && typeof value === "string" && isUuid(value)) return encodeId(field.id, value);
  if (names === undefined) return value;
  return fromWire(names, value, (key) => issues.push({ path: key, message: `Unrecognized key: "${key}"` }));
}

/** A refusal whose faults are at the source's fields. */
export function inTheirFields(fault: DomainError, row: AliasRow, names: Names): DomainError {
  const { issues } = fault.details;
  if (!Array.isArray(issues)) return fault;
  const spelledIssues = (issues as InputIssue[]).map(({ path, message }) => ({
    path: pathToTheirs(row, names, path),
    message,
  }));
  return new DomainError(fault.code, fault.message, { ...fault.details, issues: spelledIssues });
}

function pathToTheirs(row: AliasRow, names: Names, path: string): string {
  const [first = "", ...rest] = path.split(".");
  const theirs = Object.keys(row.fields).find((name) => row.fields[name]?.to === first);
  const ours = pathToWire(names, path);
  return theirs === undefined ? ours : [theirs, ...ours.split(".").slice(1, rest.length + 1)].join(".");
}
