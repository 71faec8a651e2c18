import { forgetFirings } from "@headroom/service/alert-telling";
import type { ServiceContext } from "@headroom/service/context";

/** Forgets the alerts that fired long ago. */
export async function pruneFirings(context: ServiceContext): Promise<void> {
  const pruned = await forgetFirings(context);
  context.log.info({ pruned }, "alert firings pruned");
}
