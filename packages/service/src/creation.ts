import type { OrganizationRow, Tx } from "@headroom/db/tenancy";
import { type Access, withLockedOrganization } from "./access.ts";
import type { ServiceContext } from "./context.ts";
import { type Creation, withIdempotency } from "./idempotency.ts";

/**
 * Creates something in an organization under its lock, once per idempotency key: `withLockedOrganization` and
 * `withIdempotency` in one.
 * @throws DomainError as both do
 */
export function createInOrganization<Result>(
  context: Pick<ServiceContext, "db" | "configuration">,
  access: Access,
  call: Omit<Creation, "scopeId" | "actor">,
  steps: {
    /** `access` is as it is under the lock. */
    create: (tx: Tx, organization: OrganizationRow, access: Access) => Promise<Result>;
    replay: (tx: Tx, resourceId: string, outcome: unknown) => Promise<Result>;
    outcomeOf?: (result: Result) => object;
  },
): Promise<Result> {
  const { create, replay, ...others } = steps;
  return withLockedOrganization(context, access, (tx, organization, fresh) =>
    withIdempotency<Result>(
      tx,
      { ...call, scopeId: organization.id, actor: access.actor },
      {
        ...others,
        create: () => create(tx, organization, fresh),
        replay: (resourceId, outcome) => replay(tx, resourceId, outcome),
      },
    ),
  );
}
