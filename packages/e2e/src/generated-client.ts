import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import openapiTS, { astToString } from "openapi-typescript";

const root = path.resolve(import.meta.dirname, "..", "..", "..");
const execute = promisify(execFile);

/** The document as it is published. */
export const publishedDocument = (): unknown =>
  JSON.parse(readFileSync(path.join(root, "docs/openapi.json"), "utf8"));

export type GeneratedClient = {
  /** What the compiler says of the tour and the example of docs/rest.md; empty: nothing. */
  faults: string;
  /** Runs the tour, or the lines of `program` beside it; answers what it wrote. */
  run(environment: Readonly<Record<string, string>>, program?: string): Promise<string>;
  remove(): void;
};

/**
 * A client generated from the published document, as docs/rest.md says, in a folder with a tour that uses it.
 * @throws Error when the document is not well formed
 */
export const generateClient = async (): Promise<GeneratedClient> => {
  // Beside the tests, so that it finds openapi-fetch as any dependent does.
  const folder = mkdtempSync(path.join(import.meta.dirname, "rest-client-"));
  const file = (name: string) => path.join(folder, name);
  const types = await openapiTS(publishedDocument() as Parameters<typeof openapiTS>[0], {
    defaultNonNullable: false,
    silent: true,
  });
  writeFileSync(file("headroom.ts"), astToString(types));
  copyFileSync(path.join(root, "packages/e2e/rest-tour/tour.ts"), file("tour.ts"));
  const guide = readFileSync(path.join(root, "docs/rest.md"), "utf8");
  writeFileSync(file("example.ts"), /```ts\n([\s\S]+?)```/.exec(guide)?.[1] ?? "");
  writeFileSync(
    file("tsconfig.json"),
    JSON.stringify({
      extends: path.join(root, "tsconfig.base.json"),
      compilerOptions: { skipLibCheck: false, exactOptionalPropertyTypes: true, types: ["node"] },
      include: ["*.ts"],
    }),
  );
  const compiler = path.join(root, "node_modules/typescript/bin/tsc");
  const compiled = await execute(process.execPath, [compiler, "--project", file("tsconfig.json")]).then(
    () => "",
    ({ stdout }: { stdout: string }) => stdout,
  );
  return {
    faults: compiled,
    async run(environment, program) {
      if (program !== undefined) writeFileSync(file("program.ts"), program);
      const script = file(program === undefined ? "tour.ts" : "program.ts");
      const env = { ...process.env, ...environment };
      return (await execute(process.execPath, ["--disable-warning=ExperimentalWarning", script], { env }))
        .stdout;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};
