import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import process from "node:process";

/** The system account a server process runs as; null is the account of this process. */
export type Account = { uid: number; gid: number } | null;

const systemUser = "postgres";
const systemPath = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };

const numberFrom = (command: string, ...parameters: string[]): number | null => {
  const answer = spawnSync(command, parameters, { encoding: "utf8", env: systemPath });
  return answer.status === 0 ? Number(answer.stdout.trim()) : null;
};

const findSystemUser = (): Account => {
  const uid = numberFrom("id", "-u", systemUser);
  const gid = numberFrom("id", "-g", systemUser);
  return uid === null || gid === null ? null : { uid, gid };
};

const createSystemUser = (log: (line: string) => void): Account => {
  log(`PostgreSQL does not run as root: making the system user ${systemUser}`);
  const options = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"];
  const made = spawnSync("useradd", [...options, systemUser], { encoding: "utf8", env: systemPath });
  const account = findSystemUser();
  if (account === null) {
    throw new Error(
      `PostgreSQL does not run as root, and the system user ${systemUser} could not be made ` +
        `(${made.error?.message ?? made.stderr.trim()}). Start as an ordinary user instead.`,
    );
  }
  return account;
};

const ownerOf = (path: string): Account => {
  const facts = statSync(path, { throwIfNoEntry: false });
  return facts === undefined || facts.uid === 0 ? null : { uid: facts.uid, gid: facts.gid };
};

/**
 * Who runs the server. An ordinary user does it itself. Root may not (PostgreSQL refuses it), so root
 * hands over to the owner of an existing cluster, else to the system user `postgres`, made when missing.
 */
export const serverAccount = (cluster: string, log: (line: string) => void): Account => {
  if (process.getuid?.() !== 0) return null;
  return ownerOf(cluster) ?? findSystemUser() ?? createSystemUser(log);
};

/** True when the account can enter the directory and everything above it; asked of the system itself. */
export const canEnter = (account: Account, directory: string): boolean => {
  if (account === null) return true;
  const attempt = spawnSync("/bin/sh", ["-c", 'cd "$1"', "sh", directory], { ...account, cwd: "/" });
  return attempt.status === 0;
};
