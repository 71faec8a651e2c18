import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["{apps,packages,infra}/**/src/**/*.test.ts", "infra/local/*.test.ts"],
          exclude: ["**/node_modules/**", "**/*.int.test.ts", "**/*.e2e.test.ts"],
        },
      },
      {
        test: {
          name: "integration",
          include: ["{apps,packages,infra}/**/*.int.test.ts"],
          globalSetup: ["packages/db/src/testing/global-setup.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          provide: { modelCommands: 2_000 },
        },
      },
      {
        test: {
          name: "soak",
          include: ["packages/service/src/organization-model.int.test.ts"],
          globalSetup: ["packages/db/src/testing/global-setup.ts"],
          provide: { modelCommands: 100_000 },
        },
      },
      {
        test: {
          name: "e2e",
          include: ["packages/e2e/src/**/*.e2e.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
