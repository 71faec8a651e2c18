import { audit } from "./audit.ts";
import { common } from "./common.ts";
import { developers } from "./developers.ts";
import { errors } from "./errors.ts";
import { invites } from "./invites.ts";
import { invoices } from "./invoices.ts";
import { limits } from "./limits.ts";
import { members } from "./members.ts";
import { operator } from "./operator.ts";
import { plan } from "./plan.ts";
import { sandbox } from "./sandbox.ts";
import { settings } from "./settings.ts";
import { shell } from "./shell.ts";
import { usage } from "./usage.ts";

export const en = {
  audit,
  common,
  developers,
  errors,
  invites,
  invoices,
  limits,
  members,
  operator,
  plan,
  sandbox,
  settings,
  shell,
  usage,
};
