import { RolesMissingError } from "@headroom/db/roles";
import { DomainError } from "@headroom/domain/errors";
import { ConfigurationError } from "@headroom/platform/config";

const ofFiles: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "may not be read",
};

/** A database that cannot be reached, lets nobody in, is not there, or has another schema. */
const ofDatabases = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "ETIMEDOUT",
  "28000",
  "28P01",
  "3D000",
  "42P01",
]);

/** What went wrong, in lines for whoever runs the command, and what to do where that is known. */
export function describeFailure(error: unknown): string {
  const { message, code, path } = error as NodeJS.ErrnoException;
  if (error instanceof DomainError && Array.isArray(error.details.issues)) {
    const issues = error.details.issues as { path: string; message: string }[];
    return issues.map((issue) => `${issue.path} ${issue.message}\n`).join("");
  }
  if (error instanceof RolesMissingError) return `${message}\n\n${error.statements}\n`;
  if (path !== undefined && code !== undefined && code in ofFiles) return `${path}: ${ofFiles[code]}\n`;
  const isSetting = error instanceof ConfigurationError || ofDatabases.has(code ?? "");
  return `${message}\n${isSetting ? "headroom doctor tells what is wrong, and what to do\n" : ""}`;
}
