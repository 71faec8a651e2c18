import { afterAll, beforeAll, describe } from "vitest";
import { type Customer, createCustomer } from "./testing/customer.ts";
import { checkExamples } from "./testing/example-checks.ts";
import { checkPackage } from "./testing/package-checks.ts";

let customer: Customer;
beforeAll(async () => {
  customer = await createCustomer();
}, 240_000);
afterAll(() => customer?.remove());

// Building and installing takes longer than all that is asked of it: one for both.
describe("the packed client", () => checkPackage(() => customer));
describe("its examples", () => checkExamples(() => customer));
