import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { defaultPolicies, type Policies } from "@headroom/domain/configuration";
import { ConfigurationError, readConfiguration } from "@headroom/platform/config";
import { afterAll, expect, test } from "vitest";
import { z } from "zod";
import { inviteLinkVariables, readInviteLinkKey } from "./invite-links.ts";

const directory = mkdtempSync(path.join(tmpdir(), "links-"));
afterAll(() => rmSync(directory, { recursive: true }));

const schema = z.object(inviteLinkVariables);
const listed: Policies = { ...defaultPolicies, invites: { ...defaultPolicies.invites, linkInList: true } };
const key = "k".repeat(32);

test("the key is asked for where the policy needs it, and only there", () => {
  expect(readInviteLinkKey(listed, { INVITE_LINK_KEY: key })).toBe(key);
  expect(() => readInviteLinkKey(listed, {})).toThrow(ConfigurationError);
  expect(() => readInviteLinkKey(listed, {})).toThrow(/INVITE_LINK_KEY is not set/);
  expect(readInviteLinkKey(defaultPolicies, {})).toBeUndefined();
});

test("a key of fewer than 32 bytes is refused, and not printed", () => {
  const short = "hunter2".repeat(4);
  expect(() => readConfiguration(schema, { INVITE_LINK_KEY: short })).toThrow(/shorter than 32 bytes/);
  expect(() => readConfiguration(schema, { INVITE_LINK_KEY: short })).not.toThrow(/hunter2/);
  expect(readConfiguration(schema, { INVITE_LINK_KEY: "é".repeat(16) })).toEqual({
    INVITE_LINK_KEY: "é".repeat(16),
  });
});

test("it may come from a file", () => {
  const file = path.join(directory, "key");
  writeFileSync(file, `${key}\n`);
  expect(readConfiguration(schema, { INVITE_LINK_KEY_FILE: file })).toEqual({ INVITE_LINK_KEY: key });
});
