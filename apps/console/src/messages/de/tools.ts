import type { ToolMessages } from "../shape.ts";
import { audit } from "./audit.ts";
import { developers } from "./developers.ts";
import { operator } from "./operator.ts";
import { sandbox } from "./sandbox.ts";

export const tools: ToolMessages = { audit, developers, operator, sandbox };
