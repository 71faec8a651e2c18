import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { billingContract } from "./testing/contract/billing.ts";
import { objectContract } from "./testing/contract/objects.ts";
import { requestContract } from "./testing/contract/requests.ts";
import { contractKey, openAccountTarget, openSandboxTarget, type Target } from "./testing/contract/target.ts";

/** One suite for both sides: what it asserts is what the sandbox claims about Stripe. */
function contract(open: () => Promise<Target>): void {
  let target: Target | undefined;
  const current = (): Target => {
    if (!target) throw new Error("the target is not open");
    return target;
  };
  beforeAll(async () => {
    target = await open();
  });
  afterAll(() => target?.close(), 120_000);
  requestContract(current);
  objectContract(current);
  billingContract(current);
}

const key = contractKey(process.env.STRIPE_CONTRACT_KEY);

describe("the sandbox", () => contract(openSandboxTarget));

if (key === null) {
  process.stdout.write(
    "Stripe contract: not run against a real account, for STRIPE_CONTRACT_KEY is not set.\n",
  );
}
describe.skipIf(key === null)("a Stripe test account", { timeout: 300_000 }, () =>
  contract(() => openAccountTarget(key ?? "")),
);

test("only a test key is taken", () => {
  expect(contractKey(undefined)).toBeNull();
  expect(contractKey("")).toBeNull();
  expect(contractKey("sk_test_abc")).toBe("sk_test_abc");
  expect(contractKey("rk_test_abc")).toBe("rk_test_abc");
  for (const wrong of ["sk_live_abc", "rk_live_abc", "pk_test_abc", "abc"]) {
    expect(() => contractKey(wrong)).toThrow("must be a test key");
  }
});
