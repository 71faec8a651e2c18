import type { JobPayloads } from "@headroom/db/jobs";
import type { ServiceContext } from "@headroom/service/context";
import { sendOutboxMail } from "@headroom/service/notifications";

/** Sends one mail of the outbox; one that is sent already is left alone. */
export async function sendMail(context: ServiceContext, payload: JobPayloads["send_mail"]): Promise<void> {
  await sendOutboxMail(context, payload);
}
