import { listOpenReservations } from "@headroom/db/open-reservations";
import { readUsageStatus } from "@headroom/db/usage-readings";
import { encodeId } from "@headroom/domain/ids";
import type { Access } from "./access.ts";
import type { ServiceContext } from "./context.ts";
import { nextPage, type PageInput, readIdCursor } from "./cursors.ts";
import { refusalOf } from "./usage-refusals.ts";

export interface OpenReservationView {
  id: string;
  meter: string;
  quantity: number;
  memberId: string | null;
  reservedAt: string;
  expiresAt: string;
}

/**
 * The reservations that hold units now, oldest first.
 * @throws DomainError unknown_meter, validation_failed for a foreign cursor
 */
export async function listReservations(
  context: Pick<ServiceContext, "db">,
  access: Access,
  { limit, cursor, meter }: PageInput & { meter?: string | undefined },
): Promise<{ reservations: OpenReservationView[]; nextCursor: string | null }> {
  if (meter !== undefined) {
    const meters = await readUsageStatus(context.db, access.organizationId);
    if (!meters.some((one) => one.meter === meter)) {
      throw refusalOf("unknown_meter", meter);
    }
  }
  const page = { after: readIdCursor("reservations", cursor), limit: limit + 1, meter: meter ?? null };
  const rows = await listOpenReservations(context.db, access.organizationId, page);
  const { items, nextCursor } = nextPage("reservations", rows, limit, ({ id }) => id);
  const reservations = items.map((row) => ({
    id: encodeId("res", row.id),
    meter: row.meter,
    quantity: row.quantity,
    memberId: row.memberId === null ? null : encodeId("usr", row.memberId),
    reservedAt: row.reservedAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
  }));
  return { reservations, nextCursor };
}
