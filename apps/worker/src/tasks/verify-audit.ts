import { type AuditHead, noteVerification, verifyAudit } from "@headroom/service/audit-verification";
import type { ServiceContext } from "@headroom/service/context";

const headsPerLine = 100;

/**
 * Verifies every audit trail. A fault is an error for people, not a retry. The heads go to the log, which the
 * database's owner cannot rewrite: a trail that was made anew no longer fits what was logged.
 */
export async function checkAudit(context: ServiceContext): Promise<void> {
  const heads: AuditHead[] = [];
  const logHeads = () => context.log.info({ heads: heads.splice(0) }, "audit heads");
  const found = await verifyAudit(context, {
    onHead: (head) => {
      heads.push(head);
      if (heads.length === headsPerLine) {
        logHeads();
      }
    },
  });
  if (heads.length > 0) {
    logHeads();
  }
  for (const fault of found.faults) {
    context.log.error({ ...fault }, "audit trail does not hold");
  }
  await noteVerification(context, found);
  context.log.info({ entries: found.entries, faults: found.faults.length }, "audit verified");
}
