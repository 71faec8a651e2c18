import {
  type AuditCheck,
  type ChainFault,
  type ChainHead,
  checkChainPage,
  listOrganizationIds,
  readAuditCheck,
  readChainHead,
  withChain,
  writeAuditCheck,
} from "@headroom/db/audit-chains";
import { withSystem } from "@headroom/db/tenancy";
import { encodeId } from "@headroom/domain/ids";
import type { ServiceContext } from "./context.ts";

type Context = Pick<ServiceContext, "db">;

/** The first thing that is wrong with a trail. */
export interface AuditFault {
  /** null: the operators' trail. */
  organizationId: string | null;
  seq: number;
  fault: ChainFault;
}

/** Where a trail ends: what an earlier note of it can be compared with. */
export interface AuditHead {
  organizationId: string | null;
  seq: number;
  /** Hexadecimal. */
  hash: string;
}

export interface AuditVerification {
  trails: number;
  entries: number;
  /** At most one of each trail. */
  faults: AuditFault[];
}

export interface VerificationWatch {
  onProgress?: (done: number, total: number) => void;
  onHead?: (head: AuditHead) => void;
}

/**
 * Recomputes every entry's hash from its row, compares it with the next entry and with the head, and the text about
 * people with its digests. Text that was erased is no fault. Reads page by page, so that nobody waits.
 * @param context `db` as hr_worker
 * @param input organizationId: raw UUID, only this one; absent: every organization and the operators' trail
 */
export async function verifyAudit(
  context: Context,
  input: { organizationId?: string | undefined } & VerificationWatch = {},
): Promise<AuditVerification> {
  const { organizationId, onProgress, onHead } = input;
  const trails =
    organizationId === undefined ? [null, ...(await listOrganizationIds(context.db))] : [organizationId];
  const faults: AuditFault[] = [];
  let entries = 0;
  for (const [index, trail] of trails.entries()) {
    const { checked, fault, head } = await verifyChain(context, trail);
    const named = trail === null ? null : encodeId("org", trail);
    entries += checked;
    if (fault !== null) {
      faults.push({ organizationId: named, ...fault });
    }
    if (head.seq > 0) {
      onHead?.({ organizationId: named, seq: head.seq, hash: head.hash.toString("hex") });
    }
    onProgress?.(index + 1, trails.length);
  }
  return { trails: trails.length, entries, faults };
}

type Place = { seq: number; fault: ChainFault };

async function verifyChain(
  { db }: Context,
  trail: string | null,
): Promise<{ checked: number; fault: Place | null; head: ChainHead }> {
  const head = await withChain(db, trail, (tx) => readChainHead(tx, trail));
  let end: { seq: number; hash: Buffer } = { seq: 0, hash: Buffer.alloc(0) };
  let checked = 0;
  while (end.seq < head.last) {
    const from = end;
    const page = await withChain(db, trail, (tx) => checkChainPage(tx, trail, from, head.last));
    checked += page.checked;
    if (page.fault !== null || page.seq === end.seq) {
      return { checked, fault: page.fault ?? { seq: end.seq + 1, fault: "missing" }, head };
    }
    end = page;
  }
  return { checked, fault: headFault(head, end.hash), head };
}

function headFault(head: ChainHead, hash: Buffer): Place | null {
  if (head.last < head.seq) {
    return { seq: head.last + 1, fault: "cut" };
  }
  if (head.last > head.seq) {
    return { seq: head.seq + 1, fault: "beyond_head" };
  }
  return head.hash.equals(hash) ? null : { seq: head.seq, fault: "head_altered" };
}

/** Notes for metrics what a look at every trail found. @param context `db` as hr_worker */
export async function noteVerification(context: Context, found: AuditVerification): Promise<void> {
  await withSystem(context.db, (tx) =>
    writeAuditCheck(tx, { entries: found.entries, faults: found.faults.length }),
  );
}

/** What the last verification found. */
export type VerificationOutcome = AuditCheck;

/** The outcome that was noted last, by whichever process; null before the first. */
export function lastVerification({ db }: Pick<ServiceContext, "db">): Promise<VerificationOutcome | null> {
  return readAuditCheck(db);
}
