import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import type { OpenBrowser } from "../browser/visitors.ts";
import { makeOrganization } from "../people.ts";
import type { Stack } from "../stack.ts";
import { visitAs } from "./visits.ts";

const execute = promisify(execFile);
const shownProgram = async (page: Page): Promise<string> => (await page.locator("pre").textContent()) ?? "";

/** A program of the page is run as whoever copies it would, with their key. Answers what it printed. */
async function runProgram(program: string, key: string): Promise<string> {
  // Beside the tests, so that it finds the client as a dependent does.
  const folder = mkdtempSync(path.join(import.meta.dirname, "..", "readme-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, "program.ts");
  writeFileSync(file, program);
  const env = { ...process.env, HEADROOM_API_KEY: key };
  return (await execute(process.execPath, [file], { env })).stdout;
}

/** The programs that the console offers to copy do what they say. */
export function checkSnippets(running: () => { stack: Stack; browser: OpenBrowser }): void {
  test("those of the developers' page", async () => {
    const { stack, browser } = running();
    const { console: origin, demoKey } = stack.ready;
    const ada = { email: "ada@acme.test", name: "Ada Lovelace" };
    const { page, context } = await visitAs(browser, origin, ada, {
      place: "/organizations/acme/developers",
    });
    const choose = (name: string) => page.getByText(name, { exact: true }).first().click();
    expect(await runProgram(await shownProgram(page), demoKey ?? "")).toContain("pro [");
    await choose("Meter usage");
    // Acme is at its limit.
    expect(await runProgram(await shownProgram(page), demoKey ?? "")).toBe("not now: live\n");
    await choose("curl");
    const env = { ...process.env, HEADROOM_API_KEY: demoKey ?? "" };
    const { stdout } = await execute("bash", ["-c", await shownProgram(page)], { env });
    expect(JSON.parse(stdout)).toMatchObject({ code: "daily_limit" });
    await context.close();
  });

  test("those that send an organization's first event, which then appears", async () => {
    const { stack, browser } = running();
    const { key } = await makeOrganization(stack.ready, "debut");
    const owner = { email: "debut@example.com", name: "debut" };
    const { page, context } = await visitAs(browser, stack.ready.console, owner);
    const curl = await shownProgram(page);
    await page.getByText("TypeScript", { exact: true }).click();
    await runProgram(await shownProgram(page), key);
    await page.getByText("Waiting for the first event").waitFor({ state: "detached" });
    const env = { ...process.env, HEADROOM_API_KEY: key };
    const { stdout } = await execute("bash", ["-c", curl], { env });
    expect(JSON.parse(stdout)).toMatchObject({ allowed: true, windows: { day: { used: 2 } } });
    await context.close();
  });
}
