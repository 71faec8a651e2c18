import { z } from "zod";
import { instant, pageOf } from "../inputs.ts";
import { toCsv } from "../rest/csv.ts";

export const auditEntry = z.strictObject({
  seq: z.int().min(1),
  at: instant,
  actor: z.strictObject({
    kind: z.enum(["user", "organization_key", "platform_key", "operator", "system"]),
    id: z.string().nullable().describe("A user's or key's id, or an operator's name"),
    onBehalfOf: z.string().nullable().describe("The user whom a platform key acted for"),
  }),
  action: z.string().describe("`noun.verbed`"),
  target: z.string().nullable(),
  data: z.record(z.string(), z.unknown()).describe("Text about a person is null once it was erased"),
  requestId: z.string().nullable(),
});

export const auditPage = pageOf("entries", auditEntry);

export const auditExport = z.strictObject({ format: z.enum(["csv", "jsonl"]), ...auditPage.shape });

type Entry = {
  seq: number;
  at: string;
  actor: { kind: string; id: string | null; on_behalf_of: string | null };
  action: string;
  target: string | null;
  data: Record<string, unknown>;
  request_id: string | null;
};

const columns = [
  "seq",
  "at",
  "actor_kind",
  "actor_id",
  "on_behalf_of",
  "action",
  "target",
  "data",
  "request_id",
];

/** The export as a file, from the answer as the wire spells it. */
export function renderAuditExport({ format, entries }: { format: "csv" | "jsonl"; entries: Entry[] }) {
  return format === "csv"
    ? { type: "text/csv", filename: "audit.csv", text: toCsv(columns, entries.map(toRow)) }
    : {
        type: "application/jsonl",
        filename: "audit.jsonl",
        text: entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""),
      };
}

function toRow({ seq, at, actor, action, target, data, request_id }: Entry) {
  const facts = JSON.stringify(data);
  return [seq, at, actor.kind, actor.id, actor.on_behalf_of, action, target, facts, request_id];
}
