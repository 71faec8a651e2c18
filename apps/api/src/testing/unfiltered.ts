import type { Database } from "@headroom/db/client";

type Kysely = Database["kysely"];
type Plugin = Parameters<Kysely["withPlugin"]>[0];
type Node = { kind: string; [key: string]: unknown };

/**
 * The same database without the application's own filter: every comparison with `organization_id` in a statement built
 * by Kysely is dropped, so that row-level security is all that is left. Statements written as text stay as they are.
 */
export function withoutTenantFilter(kysely: Kysely): Kysely {
  const plugin: Plugin = {
    transformQuery: ({ node }) => strip(node as unknown as Node) as unknown as typeof node,
    transformResult: async ({ result }) => result,
  };
  return kysely.withPlugin(plugin);
}

function strip(node: Node): Node {
  const entries = Object.entries(node).map(([key, value]) => [
    key,
    key === "where" ? stripWhere(value) : value,
  ]);
  return Object.fromEntries(entries);
}

function stripWhere(where: unknown): unknown {
  const { where: condition } = where as { where: Node };
  const left = stripCondition(condition);
  return left === null ? undefined : { ...(where as object), where: left };
}

function stripCondition(condition: Node): Node | null {
  if (condition.kind === "AndNode") {
    const [left, right] = [condition.left as Node, condition.right as Node].map(stripCondition);
    if (left === null || right === null) return left ?? right ?? null;
    return { ...condition, left, right };
  }
  const compared = JSON.stringify(condition.leftOperand ?? null);
  return condition.kind === "BinaryOperationNode" && compared.includes('"organization_id"')
    ? null
    : condition;
}
