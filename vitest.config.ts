import path from "node:path";
import { defineConfig } from "vitest/config";

/** The processes that tests start find what an earlier one has compiled. */
const compiled = { NODE_COMPILE_CACHE: path.join(import.meta.dirname, "node_modules/.cache/compiled") };

/** One PostgreSQL for the run; fewer modules for the processes that tests start. */
const globalSetup = ["packages/db/src/testing/global-setup.ts", "infra/local/testing/packed-setup.ts"];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          sequence: { groupOrder: 0 },
          include: ["{apps,packages,infra}/**/src/**/*.test.ts", "infra/local/*.test.ts"],
          exclude: ["**/node_modules/**", "**/*.{int,e2e,soak}.test.ts"],
          testTimeout: 20_000,
          // Loading our modules anew for each file takes longer than the tests.
          isolate: false,
        },
      },
      {
        test: {
          name: "integration",
          sequence: { groupOrder: 1 },
          include: ["{apps,packages,infra}/**/*.int.test.ts"],
          globalSetup,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          // More than cores: half of the time is spent waiting for servers, leases and clocks.
          maxWorkers: 4,
          isolate: false,
          env: compiled,
          provide: {
            modelCommands: 1_500,
            meteringCommands: 3_000,
            interleavings: 400,
            eventOrders: 4,
            convergenceSeeds: 500,
          },
        },
      },
      {
        test: {
          name: "soak",
          sequence: { groupOrder: 3 },
          include: [
            "packages/service/src/{organization,metering}-model.int.test.ts",
            "packages/service/src/metering-races.int.test.ts",
            "packages/service/src/event-orders.int.test.ts",
            "packages/service/src/convergence.int.test.ts",
            "packages/e2e/src/metering-crash.e2e.test.ts",
            "packages/e2e/src/stripe-outage.e2e.test.ts",
            "packages/e2e/src/year.soak.test.ts",
            "packages/client/src/nextjs.soak.test.ts",
          ],
          globalSetup: ["packages/db/src/testing/global-setup.ts"],
          testTimeout: 2 * 60 * 60_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          provide: {
            modelCommands: 100_000,
            meteringCommands: 200_000,
            interleavings: 5_000,
            eventOrders: 720,
            convergenceSeeds: 20_000,
            crashConsumes: 1_000_000,
            outageRounds: 5,
            yearOrganizations: 1_000,
            yearMonths: 12,
          },
        },
      },
      {
        test: {
          name: "e2e",
          sequence: { groupOrder: 2 },
          include: ["packages/e2e/src/**/*.e2e.test.ts"],
          globalSetup,
          testTimeout: 120_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
          env: compiled,
          provide: { crashConsumes: 15_000, outageRounds: 0 },
        },
      },
    ],
  },
});
