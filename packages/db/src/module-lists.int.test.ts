import { uuidv7 } from "@headroom/platform/uuid";
import { CompiledQuery, createQueryId, type RootOperationNode } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "./client.ts";
import { listConversations } from "./conversations.ts";
import { listProfiles } from "./profiles.ts";
import { type Tx, withOrganization } from "./tenancy.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { createFactory } from "./testing/factories.ts";

let scratch: TestDatabase;
let api: Database;
let organization: string;

beforeAll(async () => {
  scratch = await createTestDatabase();
  api = await scratch.connect("hr_api");
  const make = createFactory(scratch.admin);
  await make.plan("free", {});
  organization = await make.organization();
});
afterAll(() => scratch?.drop());

/** How PostgreSQL goes about the one statement of `list`, where the table is too large to be read as a whole. */
async function planOf(list: (tx: Tx) => Promise<unknown>): Promise<string> {
  return withOrganization(api, organization, async (tx) => {
    const nodes: RootOperationNode[] = [];
    const watched = tx.withPlugin({
      transformQuery: ({ node }) => {
        nodes.push(node);
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    await list(watched);
    const [node] = nodes;
    if (node === undefined || nodes.length > 1) {
      throw new Error(`one statement was expected, not ${nodes.length}`);
    }
    const { sql, parameters } = tx.getExecutor().compileQuery(node, createQueryId());
    await tx.executeQuery(CompiledQuery.raw("set local enable_seqscan = off"));
    await tx.executeQuery(CompiledQuery.raw("set local enable_bitmapscan = off"));
    const { rows } = await tx.executeQuery<{ "QUERY PLAN": string }>(
      CompiledQuery.raw(`explain ${sql}`, [...parameters]),
    );
    return rows.map((row) => row["QUERY PLAN"]).join("\n");
  });
}

const assignees = [undefined, null, uuidv7()];

test.each(
  assignees.flatMap((assigneeId) =>
    ([undefined, "open", "closed"] as const).flatMap((status) =>
      [null, uuidv7()].map((before) => ({ status, assigneeId, before })),
    ),
  ),
)("conversations are read in the order of an index: %j", async ({ before, ...filter }) => {
  const plan = await planOf((tx) => listConversations(tx, organization, filter, { before, limit: 51 }));
  expect(plan).toMatch(/Index Scan Backward/);
  expect(plan).not.toMatch(/Sort|Seq Scan/);
});

test.each(assignees.flatMap((userId) => [null, uuidv7()].map((after) => ({ userId, after }))))(
  "profiles are read in the order of an index: %j",
  async (page) => {
    const plan = await planOf((tx) => listProfiles(tx, organization, { ...page, limit: 51 }));
    expect(plan).toMatch(/Index Scan/);
    expect(plan).not.toMatch(/Sort|Seq Scan/);
  },
);
