import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { commandsBelow, examples, examplesOf, pathOf } from "./examples.ts";
import { describeProgram, runProgram } from "./program.ts";
import { alignColumns, coloursOf, withProgress } from "./terminal.ts";

const run = (...parameters: string[]) => runIn({}, ...parameters);

const runIn = async (environment: Record<string, string>, ...parameters: string[]) => {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  const code = await runProgram(parameters, environment, { ...terminal, isWatched: false });
  return { code, out: out.join(""), err: err.join("") };
};

test("help names every command, the environment and the exit codes", async () => {
  const { code, out, err } = await run("--help");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  for (const part of [
    "migrate",
    "plans",
    "keys",
    "usage",
    "audit",
    "organizations",
    "users",
    "seed",
    "DATABASE_URL",
    "HEADROOM_CONFIG",
    "Exit codes: 0 done",
  ]) {
    expect(out).toContain(part);
  }
});

test.each([
  [["seed"], ["development stack", "three organizations, 14 people, 90 days of usage", "--json"]],
  [["migrate"], ["bring the database to this release's schema", "--json"]],
  [
    ["plans", "push"],
    ["--dry-run", "--json", "change nothing", "exit code 1"],
  ],
  [
    ["plans", "list"],
    ["every version", "who is on it", "--json"],
  ],
  [
    ["plans", "pull"],
    ["changes nothing at Stripe", "exit code 1", "--write-links", "--json"],
  ],
  [
    ["plans", "migrate"],
    [
      "<plan>",
      "goes on with those that are left",
      "--from <version>",
      "--to <version>",
      "--organization <name>",
      '"now", "period_end"',
      "--dry-run",
      "--json",
    ],
  ],
  [
    ["organizations", "assign-plan"],
    [
      "without Stripe",
      "--version <number>",
      "--start <time>",
      "--until <time>",
      "--reason <text>",
      "--remove",
      "--dry-run",
      "--json",
    ],
  ],
  [
    ["keys", "create"],
    [
      "--platform",
      "--organization <name>",
      "--name <name>",
      "--scopes <list>",
      "usage:write",
      "--expires <time>",
      "--replace",
      "--json",
    ],
  ],
  [
    ["organizations", "show"],
    ["members, seats, plan, usage and overrides", "--json"],
  ],
  [
    ["organizations", "transfer-ownership"],
    ["the old owner becomes an admin", "--dry-run", "--json"],
  ],
  [
    ["organizations", "set-limit"],
    [
      "nothing is reset",
      "--meter <name>",
      "none for no limit",
      "plan for the plan's again",
      "--dry-run",
      "--json",
    ],
  ],
  [
    ["users", "grant"],
    ["--until <time>", "--reason <text>", "createRequires", "--json"],
  ],
  [
    ["users", "revoke"],
    ["exit code 1", "--json"],
  ],
  [
    ["usage", "verify"],
    ["recount", "exit code 1", "[organization]", "id or slug", "--organization <name>", "--json"],
  ],
  [
    ["usage", "recompute"],
    ["<organization>", "events and reservations", "exit code 1", "--meter <name>", "--dry-run", "--json"],
  ],
  [
    ["keys", "list"],
    ["--organization <name>", "id or slug", "--include-revoked", "--json", "never their secrets"],
  ],
  [
    ["keys", "revoke"],
    ["<key>", "--organization <name>", "--json", "at once"],
  ],
  [
    ["keys", "rotate"],
    ["<key>", "--organization <name>", "--overlap <seconds>", "--json"],
  ],
  [
    ["audit", "verify"],
    ["recompute", "exit code 1", "--organization <name>", "id or slug", "--json"],
  ],
  [
    ["audit", "operators"],
    ["--limit <count>", "--json"],
  ],
  [
    ["users", "export"],
    ["<user>", "issuer|subject", "as JSON"],
  ],
  [
    ["users", "erase"],
    ["<user>", "--yes", "without --yes it only says", "--json"],
  ],
])("help of %j says what it does and takes", async (command, parts) => {
  const { code, out } = await run(...command, "--help");
  expect(code).toBe(0);
  const flowing = out.replace(/\s+/g, " ");
  for (const part of parts) {
    expect(flowing).toContain(part);
  }
});

test("help of every command fits a window of 80 columns, but for what is made to be copied", async () => {
  const commands = [[], ...commandsBelow(describeProgram()).map((one) => pathOf(one).split(" "))];
  for (const command of commands) {
    const { out } = await run(...command, "--help");
    const [described = ""] = out.split(/Examples?:/);
    expect(described.split("\n").filter((line) => line.length > 80)).toEqual([]);
  }
});

const key = ["keys", "create", "--name", "n", "--scopes", "usage:write"];

test.each([
  [["dance"], "unknown command 'dance'"],
  [["migrat"], "Did you mean migrate?"],
  [["plans", "psh"], "Did you mean push?"],
  // What is not there yet has no help either.
  [["import"], "missing required argument 'file'"],
  [["export", "--help"], "unknown command 'export'"],
  [["stripe", "export", "--help"], "unknown command 'export'"],
  [["doctor", "--port-api", "0"], "1 to 65535"],
  [["migrate", "--fast"], "unknown option"],
  [["keys", "create", "--platform", "--name", "n"], "--scopes"],
  [[...key], "either --platform or --organization"],
  [[...key, "--platform", "--organization", "org_01890000-0000-7000-8000-000000000000"], "cannot be used"],
  [
    [...key, "--organization", "org_01890000-0000-7000-8000-000000000000", "--replace"],
    "--replace is for platform keys",
  ],
  [[...key, "--platform", "--expires", "soon"], "ISO 8601"],
  [["keys", "create", "--platform", "--name", "n", "--scopes", "usage:drink"], "Not a scope: usage:drink"],
  [["keys", "create", "--platform", "--name", " ", "--scopes", "all"], "1 to 100 characters"],
  [["keys", "revoke", "CI"], "looks like key_"],
  [["keys", "rotate", "key_01890000-0000-7000-8000-000000000000", "--overlap", "86401"], "0 to 86400"],
  [["users", "erase", "ada@example.com"], "looks like usr_"],
  [["audit", "operators", "--limit", "0"], "1 to 99999"],
  [["usage", "recompute"], "missing required argument"],
  [["plans", "migrate", "pro", "--from", "0"], "A whole number from 1"],
  [["plans", "migrate", "pro", "--at", "soon"], "Allowed choices are now, period_end"],
  [["organizations", "assign-plan", "acme", "pro"], "--reason"],
  [["organizations", "assign-plan", "acme", "--reason", "r"], "name a plan, or --remove"],
  [["organizations", "assign-plan", "acme", "pro", "--remove", "--reason", "r"], "--remove goes with"],
])(
  "%j is wrong usage: exit code 2, the reason on standard error, nothing on standard output",
  async (command, reason) => {
    const { code, out, err } = await run(...command);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(reason);
  },
);

test("the demo needs a development stack that has its own Stripe and issuer", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "headroom-seed-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "stack.json");
  const refused = { code: 1, out: "", err: expect.stringMatching(/^headroom seed needs .*: npm start\n$/) };
  expect(await runIn({ HEADROOM_STACK: file }, "seed")).toEqual(refused);
  const address = "http://127.0.0.1:9";
  writeFileSync(file, JSON.stringify({ api: address, stripe: null, issuer: address }));
  expect(await runIn({ HEADROOM_STACK: file }, "seed")).toEqual(refused);
  writeFileSync(file, JSON.stringify({ api: address, stripe: address, issuer: address }));
  expect(await runIn({ HEADROOM_STACK: file, HEADROOM_ENV: "production" }, "seed")).toEqual(refused);
});

test("without a command it shows the help and counts as wrong usage", async () => {
  const { code, err } = await run();
  expect(code).toBe(2);
  expect(err).toContain("Usage: headroom");
});

test("help with what there is stays help, wherever it is asked for", async () => {
  for (const words of [["help"], ["help", "plans"], ["plans", "--help"], ["plans", "help", "push"], ["-h"]]) {
    const { code, out } = await run(...words);
    expect([words, code, out.startsWith("Usage: headroom")]).toEqual([words, 0, true]);
  }
  expect((await run("plans")).code).toBe(2);
});

test("the version is the package's; after a command it is the command's own", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  expect(await run("--version")).toEqual({ code: 0, out: `${version}\n`, err: "" });
  const { code, err } = await run("organizations", "assign-plan", "acme", "pro", "--version", "0");
  expect([code, err]).toEqual([2, expect.stringContaining("A whole number from 1")]);
});

describe("every command", () => {
  const commands = commandsBelow(describeProgram());

  test("and group has an example in its help, which begins with it", () => {
    for (const command of commands) {
      const lines = examplesOf(command);
      expect([pathOf(command), lines.length > 0]).toEqual([pathOf(command), true]);
      for (const line of lines) expect(line).toMatch(new RegExp(`^headroom ${pathOf(command)}( |$)`));
    }
  });

  test("of the examples is there", () => {
    const paths = commands.filter((one) => one.commands.length === 0).map(pathOf);
    expect(Object.keys(examples).toSorted()).toEqual(paths.toSorted());
  });

  test("prints JSON where it is asked to", () => {
    const without = commands.filter(
      (one) => one.commands.length === 0 && !one.options.some(({ long }) => long === "--json"),
    );
    expect(without.map(pathOf)).toEqual([]);
  });
});

describe("colours", () => {
  const terminal = { isTTY: true };
  const pipe = {};

  test.each([
    [{ out: terminal, err: terminal }, {}, { out: true, err: true }],
    [{ out: pipe, err: terminal }, {}, { out: false, err: true }],
    [{ out: terminal, err: terminal }, { NO_COLOR: "1" }, { out: false, err: false }],
    [{ out: terminal, err: terminal }, { NO_COLOR: "" }, { out: true, err: true }],
    [{ out: terminal, err: terminal }, { TERM: "dumb" }, { out: false, err: false }],
  ])("on %j under %j are %j", (streams, environment, shown) => {
    expect(coloursOf(streams, environment)).toEqual(shown);
  });

  test("are in help and errors where the stream shows them, and nowhere else", async () => {
    const said = async (colours: boolean, ...words: string[]) => {
      let text = "";
      const say = (more: string) => {
        text += more;
      };
      const shown = { out: colours, err: colours };
      const nowhere = { HEADROOM_ENV: "nowhere", HEADROOM_STACK: "none.json" };
      await runProgram(words, nowhere, { out: say, err: say, isWatched: false, colours: shown });
      return text;
    };
    for (const words of [["--help"], ["plans", "push", "--help"], ["dance"], ["plans", "list"]]) {
      const escapes = [await said(true, ...words), await said(false, ...words)].map((text) =>
        text.includes("\u001b["),
      );
      expect([words, ...escapes]).toEqual([words, true, false]);
    }
  });
});

test("columns are as wide as their widest cell", () => {
  expect(
    alignColumns([
      ["a", "bb"],
      ["ccc", "d"],
    ]),
  ).toEqual(["a    bb", "ccc  d"]);
  expect(alignColumns([])).toEqual([]);
});

test("progress shows only to people, and leaves no trace", async () => {
  const said: string[] = [];
  const terminal = { out: () => undefined, err: (text: string) => void said.push(text), isWatched: true };
  const slow = () => new Promise<string>((resolve) => setTimeout(resolve, 250, "done"));
  expect(await withProgress(terminal, "counting", slow)).toBe("done");
  expect(said[0]).toMatch(/^\rcounting ·*█·* 0 s$/);
  expect(said.at(-1)).toBe("\r\u001b[K");
  await withProgress(terminal, "verifying", (report) => {
    report(1, 4);
    return slow();
  });
  await withProgress(terminal, "reading", (report) => {
    report(1_234);
    return slow();
  });
  expect(said.join("")).toMatch(/\rreading ·*█·* 1,234 0 s/);
  expect(said).toContain(`\rverifying ${"█".repeat(5)}${"·".repeat(15)} 25 % 0 s`);
  said.length = 0;
  await withProgress({ ...terminal, isWatched: false }, "counting", slow);
  expect(said).toEqual([]);
});
