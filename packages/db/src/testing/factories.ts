import { createHash, randomBytes } from "node:crypto";
import type { MeterTerms } from "@headroom/domain/configuration";
import { uuidv7 } from "@headroom/platform/uuid";
import type pg from "pg";

/** Inserts rows as the superuser, past every service: for tests of statements that come before the services. */
export interface Factory {
  plan(id: string, meters: Record<string, MeterTerms>, more?: { isDefault?: boolean }): Promise<void>;
  organization(more?: { plan?: string; timeZone?: string }): Promise<string>;
  member(organizationId: string, role?: string): Promise<string>;
  /** Answers the SHA-256 of a key for the organization, or of a platform key without one. */
  key(
    organizationId: string | null,
    more?: { scopes?: string[]; memberId?: string; expiresAt?: Date; secret?: string | Buffer },
  ): Promise<Buffer>;
  /** Moves the clock so that it stands at an instant. */
  setClock(at: string): Promise<void>;
}

export function createFactory(admin: pg.Pool): Factory {
  return {
    async plan(id, meters, { isDefault = true } = {}) {
      await admin.query(
        `insert into headroom.plan (id, version, display_name, is_default, is_public, active, is_current, position,
           grace_days, seats_kind, seats_included, definition, definition_hash, created_at)
         values ($1, 1, $1, $2, true, true, true, 0, 7, 'licensed', 5, $3, $1, now())`,
        [
          id,
          isDefault,
          JSON.stringify({
            displayName: id,
            prices: [],
            seats: { kind: "licensed", included: 5, prices: [] },
            meters,
            features: {},
          }),
        ],
      );
      for (const [index, [meter, terms]] of Object.entries(meters).entries()) {
        await admin.query("insert into headroom.meter values ($1, $1, $2, $3) on conflict do nothing", [
          meter,
          index === 0,
          index,
        ]);
        await admin.query(`insert into headroom.plan_meter values ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9)`, [
          id,
          meter,
          terms.dailyLimit,
          terms.included,
          terms.overage !== null,
          terms.overage?.maxOverage ?? null,
          terms.overage?.ceiling ?? null,
          terms.overage?.unitPrice ?? null,
          terms.overage?.currency ?? null,
        ]);
      }
    },
    async organization({ plan = "free", timeZone = "UTC" } = {}) {
      const id = uuidv7();
      await admin.query(
        `insert into headroom.organization (id, name, slug, time_zone, created_at, updated_at)
         values ($1::uuid, 'Acme', $1::uuid::text, $2, now(), now())`,
        [id, timeZone],
      );
      await admin.query(
        `insert into headroom.subscription (organization_id, base_plan_id, base_plan_version, updated_at)
         values ($1, $2, 1, now())`,
        [id, plan],
      );
      return id;
    },
    async member(organizationId, role = "member") {
      const id = uuidv7();
      await admin.query(
        `insert into headroom.account (id, issuer, subject, created_at, updated_at) values ($1::uuid, 'test', $1::uuid::text, now(), now())`,
        [id],
      );
      await admin.query(
        `insert into headroom.membership (organization_id, id, user_id, role, created_at, updated_at)
         values ($1, $2, $3, $4, now(), now())`,
        [organizationId, uuidv7(), id, role],
      );
      return id;
    },
    async key(
      organizationId,
      { scopes = ["usage:write"], memberId, expiresAt, secret = randomBytes(32) } = {},
    ) {
      const id = uuidv7();
      const hash = createHash("sha256").update(secret).digest();
      if (organizationId === null) {
        await admin.query(
          "insert into headroom.platform_key (id, name, scopes, secret_prefix, created_at, expires_at) values ($1, 'k', $2, 'hr', now(), $3)",
          [id, scopes, expiresAt ?? null],
        );
      } else {
        await admin.query(
          `insert into headroom.api_key (organization_id, id, name, scopes, secret_prefix, member_id, created_at, expires_at)
           values ($1, $2, 'k', $3, 'hr', $4, now(), $5)`,
          [organizationId, id, scopes, memberId ?? null, expiresAt ?? null],
        );
      }
      await admin.query("insert into headroom.api_key_hash values ($1, $2, $3)", [hash, organizationId, id]);
      return hash;
    },
    async setClock(at) {
      await admin.query("update headroom.dev_clock set clock_offset = $1::timestamptz - clock_timestamp()", [
        at,
      ]);
    },
  };
}
