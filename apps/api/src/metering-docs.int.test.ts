import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import * as client from "@headroom/client";
import { createApiKey } from "@headroom/service/organization-keys";
import { accessTo, createWorld, type World } from "@headroom/service/testing/world";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callRest } from "./testing/live-server.ts";
