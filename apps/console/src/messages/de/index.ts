import type { Messages } from "../shape.ts";
import { common } from "./common.ts";
import { errors } from "./errors.ts";
import { invites } from "./invites.ts";
import { invoices } from "./invoices.ts";
import { limits } from "./limits.ts";
import { members } from "./members.ts";
import { plan } from "./plan.ts";
import { settings } from "./settings.ts";
import { shell } from "./shell.ts";
import { usage } from "./usage.ts";

export const de: Messages = {
  common,
  errors,
  invites,
  invoices,
  limits,
  members,
  plan,
  settings,
  shell,
  usage,
};
