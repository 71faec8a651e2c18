import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  ConfigurationError,
  commaSeparated,
  databaseUrl,
  processVariables,
  readConfiguration,
  secret,
} from "./config.ts";

const schema = z.object({
  ...processVariables,
  DATABASE_URL: databaseUrl,
  KEYS: secret(commaSeparated.pipe(z.array(z.string().startsWith("whsec_"))).optional()),
  MAIL_FROM: z.email().optional(),
});

const good = { DATABASE_URL: "postgres://app:hunter2@db/headroom", PORT: "4000" };

function faultsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfiguration(schema, environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

describe("the environment", () => {
  test("is production unless it says otherwise", () => {
    expect(readConfiguration(schema, good)).toMatchObject({
      HEADROOM_ENV: "production",
      PORT: 4000,
      LOG_LEVEL: "info",
    });
    expect(faultsOf({ ...good, HEADROOM_ENV: "prod" })).toHaveLength(1);
  });

  test("reads lists, and takes an empty variable as unset", () => {
    const read = readConfiguration(schema, {
      ...good,
      KEYS: " whsec_a, whsec_b ,",
      MAIL_FROM: "",
      LOG_LEVEL: "",
    });
    expect(read).toMatchObject({ KEYS: ["whsec_a", "whsec_b"], LOG_LEVEL: "info" });
    expect(read.MAIL_FROM).toBeUndefined();
  });

  test("reports every fault at once", () => {
    const faults = faultsOf({
      PORT: "http",
      MAIL_FROM: "nobody",
      LOG_LEVEL: "loud",
      DATABASE_URL: "mysql://db",
    });
    expect(faults.map((fault) => fault.split(" ")[0]).toSorted()).toEqual([
      "DATABASE_URL",
      "LOG_LEVEL",
      "MAIL_FROM",
      "PORT",
    ]);
    expect(faultsOf({})).toEqual(["PORT is not set", "DATABASE_URL is not set"]);
  });

  test("never shows a secret", () => {
    const faults = faultsOf({ ...good, DATABASE_URL: "mysql://app:hunter2@db", KEYS: "sk_hunter2" }).join();
    expect(faults).toContain("[secret]");
    expect(faults).not.toContain("hunter2");
    expect(faultsOf({ ...good, PORT: "70000" }).join()).toContain('PORT = "70000"');
  });

  test("knows no file for what is no secret", () => {
    expect(faultsOf({ DATABASE_URL: good.DATABASE_URL, PORT_FILE: "/etc/hostname" })).toEqual([
      "PORT is not set",
    ]);
  });

  test("names a secret's file that cannot be read, once", () => {
    const file = { PORT: "1", DATABASE_URL_FILE: "/nowhere/at/all" };
    expect(faultsOf(file)).toEqual(["DATABASE_URL_FILE cannot be read (ENOENT): /nowhere/at/all"]);
  });

  test("refuses a secret that is given twice", () => {
    expect(faultsOf({ ...good, DATABASE_URL_FILE: "/etc/hostname" })).toEqual([
      "DATABASE_URL and DATABASE_URL_FILE are both set; keep one",
    ]);
  });
});
