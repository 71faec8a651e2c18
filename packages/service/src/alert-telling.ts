import {
  type Firing,
  listOrganizationsWithUntoldAlerts,
  takeUntoldFirings,
} from "@headroom/db/alert-firings";
import { readClock } from "@headroom/db/clock";
import { listVerifiedEmails } from "@headroom/db/members";
import { lockOrganization, type OrganizationRow, type Tx, withOrganization } from "@headroom/db/tenancy";
import type { RaisedEvent } from "@headroom/domain/events";
import { encodeId } from "@headroom/domain/ids";
import { foldEmail } from "@headroom/domain/invites";
import { roleMay, roles } from "@headroom/domain/permissions";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import type { AlertMailFacts } from "./mail/alert.ts";
import { queueMail } from "./notifications.ts";
import { readSettings } from "./organization-views.ts";

type Context = Pick<ServiceContext, "db" | "configuration" | "log">;

const organizationsAtOnce = 100;
const firingsAtOnce = 50;

/**
 * Tells of the alerts that have fired: an event with its deliveries to webhooks, and a mail to each who may change the
 * alerts, and to the billing address. Each firing once, however many workers there are and whichever dies: what is told
 * and that it is told are one transaction. An organization that cannot be told keeps no other waiting. Answers how many
 * were told.
 */
export async function tellAlerts(context: Context): Promise<number> {
  let told = 0;
  let after: string | null = null;
  const failures: unknown[] = [];
  for (;;) {
    const page = { after, limit: organizationsAtOnce };
    const due: string[] = await listOrganizationsWithUntoldAlerts(context.db, page);
    for (const organizationId of due) {
      try {
        told += await tellAll(context, organizationId);
      } catch (error) {
        context.log.error({ organizationId, err: error }, "alerts not told");
        failures.push(error);
      }
    }
    after = due.at(-1) ?? null;
    if (due.length < organizationsAtOnce) {
      break;
    }
  }
  if (failures.length > 0) {
    throw new AggregateError(failures, "some alerts could not be told");
  }
  return told;
}

async function tellAll(context: Context, organizationId: string): Promise<number> {
  let told = 0;
  for (let last = firingsAtOnce; last === firingsAtOnce; told += last) {
    last = await withOrganization(context.db, organizationId, (tx) => tellSome(context, tx, organizationId));
  }
  return told;
}

async function tellSome({ configuration }: Context, tx: Tx, organizationId: string): Promise<number> {
  const organization = await lockOrganization(tx, organizationId);
  if (organization === null) {
    return 0;
  }
  const at = await readClock(tx);
  const firings = await takeUntoldFirings(tx, organizationId, { at, limit: firingsAtOnce });
  if (firings.length === 0) {
    return 0;
  }
  await recordChange(tx, {
    organizationId,
    actor: { kind: "system", name: "alerts" },
    events: firings.map(toEvent),
  });
  const recipients = await whoIsTold(tx, organization, configuration);
  for (const firing of firings) {
    const facts = toFacts(firing, organization, configuration, at);
    const about = `alert:${firing.alertId}:${firing.windowStart.toISOString()}`;
    for (const to of recipients) {
      const dedupeKey = `${about}:${foldEmail(to)}`;
      await queueMail(tx, { organizationId, template: "alert", to, facts, dedupeKey, at });
    }
  }
  return firings.length;
}

function toEvent(firing: Firing): RaisedEvent {
  const { meter, window, threshold, used, limit, windowStart, windowEnd } = firing;
  return {
    name: "usage.alert_fired",
    payload: {
      alertId: encodeId("alr", firing.alertId),
      meter,
      window,
      threshold,
      used,
      limit,
      windowStart: windowStart.toISOString(),
      windowEnd: windowEnd.toISOString(),
    },
  };
}

function toFacts(
  firing: Firing,
  { name }: OrganizationRow,
  { meters }: Context["configuration"],
  at: Date,
): AlertMailFacts {
  const { meter, percent, of, threshold, used, limit, window, windowEnd } = firing;
  return {
    organizationName: name,
    meter: meters[meter]?.displayName ?? meter,
    threshold:
      percent === null || of === null
        ? { kind: "units", value: threshold }
        : { kind: "percent", value: percent, of },
    used,
    limit,
    window,
    resetsAt: windowEnd.toISOString(),
    over: windowEnd <= at,
  };
}

/** Each address once, however it is spelled. */
async function whoIsTold(
  tx: Tx,
  organization: OrganizationRow,
  { policies }: Context["configuration"],
): Promise<string[]> {
  const managing = roles.filter((role) => roleMay(role, "organization.update", policies));
  const { billingEmail } = readSettings(organization);
  const addresses = [
    ...(await listVerifiedEmails(tx, organization.id, managing)),
    ...(billingEmail === null ? [] : [billingEmail]),
  ];
  return [...new Map(addresses.map((address) => [foldEmail(address), address])).values()];
}
