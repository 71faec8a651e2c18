/**
 * How to write a procedure:
 *
 *   remove: organizationProcedure("members.change")
 *     .meta({ summary: "Remove a member", rest: { method: "DELETE", path: "/organizations/{organization_id}/members/{user_id}" } })
 *     .input(organizationInput({ userId: userIdInput }))
 *     .output(memberRemoval)
 *     .mutation(({ ctx, input }) => removeMember(ctx.service, ctx.access, input)),
 *
 * - The builder names the permission; a procedure without one does not start (`createRouteTable`).
 * - `.input()` is one strict object (`organizationInput({...})`, `z.strictObject({...})` or `noInput`), given once, and
 *   `.output()` is a zod schema from `views/<area>.ts`. Both feed the published types and OpenAPI, so neither may be left out.
 * - The procedure's own input is checked after the caller: 401, 404 and 403 come before 400.
 */
import type { Actor } from "@headroom/domain/actors";
import type { Modules } from "@headroom/domain/configuration";
import { DomainError, type ErrorCode, statusOf, trpcCodeOf } from "@headroom/domain/errors";
import type { Permission, Scope } from "@headroom/domain/permissions";
import { currentRequestId } from "@headroom/platform/request-ids";
import type { Access } from "@headroom/service/access";
import { authorize } from "@headroom/service/access";
import { actorIdOf } from "@headroom/service/changes";
import type { ServiceContext } from "@headroom/service/context";
import type { FailureLimit } from "@headroom/service/rate-limits";
import { hashSecret } from "@headroom/service/secrets";
import type { UsageCaller } from "@headroom/service/usage";
import type { UsageLane } from "@headroom/service/usage-lane";
import type { Operators } from "@headroom/service/users";
import { initTRPC, TRPCError } from "@trpc/server";
import { actingUser, resolveOrganization, roleAtHand } from "./callers.ts";
import { logCall } from "./calls.ts";
import { toDomainError, validationFailed } from "./errors.ts";
import type { RequestLimits } from "./limits.ts";
import type { LiveEvents } from "./realtime/subscriptions.ts";
import type { RestRoute } from "./rest/routes.ts";
import type { RoleAliases } from "./role-aliases.ts";

/** What one request brings. `authenticate` verifies the credential once, when a procedure asks for it first. */
export type Context = {
  service: ServiceContext;
  authenticate: (isUsageWanted?: boolean) => Promise<Actor>;
  /** The API key that was presented, if one was; nobody has checked it yet. */
  apiKey: string | null;
  /** The request asks to be made as a user, by a platform key, or as an operator. */
  actsAsAnother: boolean;
  usageLane: UsageLane;
  limits: RequestLimits;
  live: LiveEvents;
  /** When the presented credential ends, in milliseconds since the epoch; null: it does not say. */
  credentialEnd: () => number | null;
  requestId: string;
  /** Its input may be in a body. */
  hasBody: boolean;
  /** The `Idempotency-Key` header, for calls that create. */
  idempotencyKey: string | null;
  signal: AbortSignal | undefined;
  /** Who may act as operators. */
  operators: Operators;
  /** Other names of roles, under `roles.aliases`; null: there are none. */
  roleAliases: RoleAliases | null;
};

/** What a procedure says of itself besides its schemas. */
export type Meta = {
  /** Set by the builders. */
  permission?: Permission | Scope | "public" | "signed_in" | "user" | "operator";
  /** A few words, in the imperative: the title in the reference. */
  summary?: string;
  /** What a caller must know beyond the summary. */
  description?: string;
  rest?: RestRoute;
  /** The codes it answers besides those that every procedure of its kind can. */
  errors?: readonly ErrorCode[];
  /** Its `invite_not_found` counts against this limit of the client's address. */
  failureLimit?: FailureLimit;
  /** It answers how meters stand: without a body to wait for, a key brings those of its organization along. */
  withUsage?: boolean;
};

const t = initTRPC
  .context<Context>()
  .meta<Meta>()
  .create({
    isDev: false,
    // Proxies cut what is silent for a minute.
    sse: {
      ping: { enabled: true, intervalMs: 15_000 },
      client: { reconnectAfterInactivityMs: 45_000 },
    },
    errorFormatter({ shape, error, ctx }) {
      const fault = toDomainError(error);
      return {
        message: fault.message,
        code: shape.code,
        data: {
          code: shape.data.code,
          reason: fault.code,
          details: fault.details,
          httpStatus: statusOf(fault.kind),
          path: shape.data.path ?? null,
          requestId: ctx?.requestId ?? currentRequestId(),
        },
      };
    },
  });

/** Composes procedures and routers. */
export const router = t.router;

/** The log line of each call, roles by the names they have outside, and refusals as the tRPC errors that carry them. */
const call = t.procedure.use(async ({ ctx, path, meta, getRawInput, next }) => {
  const started = performance.now();
  const caller: Caller = { actorId: null, organizationId: null };
  const roles = ctx.roleAliases?.get(path);
  const inOurWords = roles && { getRawInput: async () => roles.read(await getRawInput()) };
  // `next` takes both at once; its types say either.
  const result = await next({ ctx: { caller }, ...inOurWords } as { ctx: { caller: Caller } });
  const limit = meta?.failureLimit;
  if (result.ok && limit !== undefined) ctx.limits.announce(limit);
  const fault = result.ok ? null : await ctx.limits.judge(toDomainError(result.error), limit);
  logCall(ctx, { ...caller, procedure: path, fault, error: result.ok ? null : result.error, started });
  if (fault === null || result.ok) {
    return roles && result.ok ? { ...result, data: roles.write(result.data) } : result;
  }
  throw toTrpcError(roles?.writeFault(fault) ?? fault);
});

/** A refusal as tRPC carries it. */
export function toTrpcError(fault: DomainError): TRPCError {
  return new TRPCError({ code: trpcCodeOf(fault.kind), message: fault.message, cause: fault });
}

/** Who called and about which organization, as far as it is known yet; for the log line. */
type Caller = { actorId: string | null; organizationId: string | null };

/** Anybody, without a credential. */
export const publicProcedure = call.meta({ permission: "public" });

const authenticated = call.use(async ({ ctx, meta, next }) => {
  const actor = await ctx.authenticate(meta?.withUsage === true && !ctx.hasBody);
  assertIdempotencyKey(ctx.idempotencyKey);
  ctx.caller.actorId = actorIdOf(actor);
  return next({ ctx: { actor } });
});

/** Any valid credential; `ctx.actor`. */
export const signedInProcedure = authenticated.meta({ permission: "signed_in" });

/** A user, or a platform key on behalf of one; `ctx.userId`. */
export const userProcedure = authenticated.meta({ permission: "user" }).use(({ ctx, next }) => {
  const userId = actingUser(ctx.actor);
  return next({ ctx: { userId } });
});

/**
 * Whoever holds `permission` in the organization that the input names; `ctx.access`. A foreign or unknown
 * organization is 404 `organization_not_found`, a missing permission 403 `forbidden`.
 */
export function organizationProcedure(permission: Permission, module: keyof Modules | null = null) {
  return authenticated.meta({ permission }).use(async ({ ctx, type, getRawInput, next }) => {
    assertModule(ctx.service, module);
    const { service, actor } = ctx;
    const organizationId = await resolveOrganization(service, actor, await getRawInput());
    ctx.caller.organizationId = organizationId;
    const known = type === "query" ? roleAtHand(ctx) : undefined;
    const access: Access = await authorize(service, actor, organizationId, permission, known);
    return next({ ctx: { access } });
  });
}

/**
 * Whoever belongs to the organization that the input names, with whatever rights; `ctx.organizationId`, raw. That the
 * caller belongs is for the service to ask.
 */
export const anyMemberProcedure = authenticated
  .meta({ permission: "signed_in" })
  .use(async ({ ctx, getRawInput, next }) => {
    const organizationId = await resolveOrganization(ctx.service, ctx.actor, await getRawInput());
    ctx.caller.organizationId = organizationId;
    return next({ ctx: { organizationId } });
  });

/** As `organizationProcedure`, of a part of the product that the configuration may leave off: then 404 `route_not_found`. */
export function moduleProcedure(module: keyof Modules, permission: Permission) {
  return organizationProcedure(permission, module);
}

function assertModule({ configuration }: ServiceContext, module: keyof Modules | null): void {
  if (module !== null && !configuration.modules[module]) {
    throw new DomainError("route_not_found", "There is nothing at this address.");
  }
}

/** A listed operator who says so. Anybody else is 403, whatever they name. */
export const operatorProcedure = authenticated.meta({ permission: "operator" }).use(({ ctx, next }) => {
  if (ctx.actor.kind === "operator") return next();
  throw new DomainError("forbidden", "This call needs an operator.");
});

/** The same, about the organization that the input names; `ctx.access`. */
export const operatedProcedure = operatorProcedure.use(async ({ ctx, getRawInput, next }) => {
  const organizationId = await resolveOrganization(ctx.service, ctx.actor, await getRawInput());
  ctx.caller.organizationId = organizationId;
  const access = await authorize(ctx.service, ctx.actor, organizationId, "overrides.manage");
  return next({ ctx: { access } });
});

/** A platform key with `scope`: the SaaS's own back end; `ctx.actor`. */
export function platformProcedure(scope: Scope) {
  return authenticated.meta({ permission: scope }).use(({ ctx, next }) => {
    const { actor } = ctx;
    if (actor.kind !== "platform_key" || !actor.scopes.includes(scope)) {
      throw new DomainError("forbidden", `This call needs a platform key with the scope ${scope}.`);
    }
    return next();
  });
}

/**
 * An API key that meters usage; `ctx.usageLane`, `ctx.usageCaller`. The key, its scope and its organization are checked
 * by the statement that writes the event, so nothing is looked up here.
 */
export const meteringProcedure = call.meta({ permission: "usage:write" }).use(async ({ ctx, next }) => {
  const { apiKey } = ctx;
  if (apiKey === null || ctx.actsAsAnother) {
    await ctx.authenticate();
    throw new DomainError("forbidden", "This call needs an API key with the scope usage:write, by itself.");
  }
  assertIdempotencyKey(ctx.idempotencyKey);
  const credential = hashSecret(apiKey);
  return next({
    ctx: {
      /** The caller about an organization, as its input names it. */
      usageCaller: (organization: string): UsageCaller => {
        const organizationId = organization === "current" ? null : organization;
        ctx.caller.organizationId = organizationId;
        return { credential, organizationId };
      },
    },
  });
});

/** Printable ASCII without blanks, as the services keep it. */
function assertIdempotencyKey(key: string | null): void {
  if (key === null || /^[!-~]{1,255}$/.test(key)) return;
  throw validationFailed([
    { path: "Idempotency-Key", message: "is not 1 to 255 printable ASCII characters" },
  ]);
}
