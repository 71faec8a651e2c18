import { createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createSmtpTransport } from "./smtp.ts";

/** A mail server that speaks just enough SMTP (RFC 5321) to take mail, or to refuse recipients. */
async function startServer(refuse = false) {
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let inData = false;
    let rest = "";
    socket.write("220 test\r\n");
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk) => {
      const parts = (rest + chunk.toString()).split("\r\n");
      rest = parts.pop() ?? "";
      for (const line of parts) {
        lines.push(line);
        if (inData) {
          inData = line !== ".";
          if (!inData) socket.write("250 taken\r\n");
        } else if (/^DATA/i.test(line)) {
          inData = true;
          socket.write("354 go on\r\n");
        } else if (/^RCPT/i.test(line) && refuse) {
          socket.write("550 no such mailbox\r\n");
        } else {
          socket.write("250 ok\r\n");
        }
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  running.push(server);
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
  });
  return { url: `smtp://127.0.0.1:${port}`, lines };
}

const running: Server[] = [];
const closing: (() => void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await Promise.all(
    running.splice(0).map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
  );
});

const mail = {
  id: "0198",
  to: "grace@example.com",
  subject: "Join Acme\r\nBcc: eve@example.com",
  text: "Hi",
  html: "<p>Hi</p>",
};
const from = "Headroom <no-reply@example.com>";

test("hands a mail over, with its id as Message-ID and no header but its own", async () => {
  const { url, lines } = await startServer();
  await createSmtpTransport({ url, from }).send(mail);
  expect(lines).toContain("MAIL FROM:<no-reply@example.com>");
  expect(lines.filter((line) => line.startsWith("RCPT"))).toEqual(["RCPT TO:<grace@example.com>"]);
  expect(lines).toContain("Message-ID: <0198@example.com>");
  expect(lines.filter((line) => /^Bcc:/i.test(line))).toEqual([]);
});

test("an address that looks like several is one, or nothing goes out", async () => {
  const { url, lines } = await startServer();
  const several = createSmtpTransport({ url, from }).send({ ...mail, to: "a@example.com, b@example.com" });
  await several.catch(() => undefined);
  expect(lines.filter((line) => /^RCPT TO:<b@/.test(line))).toEqual([]);
});

test("a refused recipient is an error", async () => {
  const { url } = await startServer(true);
  await expect(createSmtpTransport({ url, from }).send(mail)).rejects.toThrow(/550/);
});

test("a server that is not there is an error", async () => {
  await expect(createSmtpTransport({ url: "smtp://127.0.0.1:1", from }).send(mail)).rejects.toThrow();
});
