import { describe, expect, test } from "vitest";
import { help, hindrancesOfSeed, hindrancesOfTour, portNames, readOptions, UsageError } from "./options.ts";

const places = { root: "/checkout", here: "/home/ada" };
const read = (parameters: string[], environment: Record<string, string> = {}) =>
  readOptions(parameters, environment, places);

test("without a word everything is ours, in the checkout", () => {
  expect(read([])).toEqual({
    help: false,
    json: false,
    fresh: false,
    tour: true,
    seed: true,
    dataDirectory: "/checkout/.headroom",
    configurationFile: "/checkout/headroom.config.ts",
    hasOwnConfiguration: false,
    ports: {},
    databaseUrl: null,
    stripeSecretKey: null,
    oidcIssuer: null,
    smtpUrl: null,
  });
});

test("paths start where the command was typed", () => {
  const options = read([
    "--data",
    "stack",
    "--config",
    "../config.ts",
    "--fresh",
    "--no-tour",
    "--no-seed",
    "--json",
  ]);
  expect(options).toMatchObject({ fresh: true, tour: false, seed: false, json: true });
  expect(options.dataDirectory).toBe("/home/ada/stack");
  expect(options.configurationFile).toBe("/home/config.ts");
});

describe("ports", () => {
  test("come from the command line, else from the environment", () => {
    const ports = read(["--port-api", "4400"], {
      HEADROOM_PORT_API: "1",
      HEADROOM_PORT_POSTGRES: "5544",
    }).ports;
    expect(ports).toEqual({ api: 4400, postgres: 5544 });
  });

  test.each(["0", "70000", "http", "4.5"])("%s is none", (text) => {
    expect(() => read(["--port-api", text])).toThrow(UsageError);
  });

  test("are all named in the help", () => {
    for (const name of portNames) expect(help).toContain(name);
  });
});

describe("a Stripe key", () => {
  test.each(["sk_live_abc", "rk_live_abc"])("%s is refused, and not repeated", (key) => {
    expect(() => read([], { STRIPE_SECRET_KEY: key })).toThrow(/is a live key/);
    expect(() => read([], { STRIPE_SECRET_KEY: key })).not.toThrow(/abc/);
  });

  test("of the test mode is used, an empty one is none", () => {
    expect(read([], { STRIPE_SECRET_KEY: "sk_test_abc" }).stripeSecretKey).toBe("sk_test_abc");
    expect(read([], { STRIPE_SECRET_KEY: "" }).stripeSecretKey).toBeNull();
  });
});

test("an unknown word is an error with a sentence", () => {
  expect(() => read(["--prot-api", "1"])).toThrow(UsageError);
});

test("somebody else's Stripe, issuer or mail hinders the tour; somebody else's database does not", () => {
  expect(hindrancesOfTour(read([], { DATABASE_URL: "postgres://h@db/h" }))).toEqual([]);
  const given = {
    STRIPE_SECRET_KEY: "sk_test_abc",
    OIDC_ISSUER: "https://id.example.com",
    SMTP_URL: "smtp://mail",
  };
  expect(hindrancesOfTour(read([], given))).toEqual(Object.keys(given));
});

test("another configuration hinders the tour: its plans and meters are others", () => {
  expect(hindrancesOfTour(read(["--config", "crawler.config.ts"]))).toEqual(["--config"]);
});

test("what hinders the tour hinders the demo data, and so does somebody else's database", () => {
  expect(hindrancesOfSeed(read([]))).toEqual([]);
  expect(hindrancesOfSeed(read(["--config", "x.ts"], { DATABASE_URL: "postgres://h@db/h" }))).toEqual([
    "--config",
    "DATABASE_URL",
  ]);
});
