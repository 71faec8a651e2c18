import { createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createSmtpTransport } from "./smtp.ts";
import { MailRefusedError } from "./transport.ts";

/** A mail server that speaks just enough SMTP (RFC 5321) to take mail, or to refuse recipients. */
async function startServer(refusal: { of: RegExp; with: string } | null = null) {
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
          if (!inData) socket.write(refusal?.of.test(line) ? `${refusal.with}\r\n` : "250 taken\r\n");
        } else if (refusal?.of.test(line)) {
          socket.write(`${refusal.with}\r\n`);
        } else if (/^DATA/i.test(line)) {
          inData = true;
          socket.write("354 go on\r\n");
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
  template: "invite" as const,
  variables: {},
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

test.each([
  ["a recipient that does not exist", /^RCPT/i, "550 no such mailbox", true],
  ["a text that is not taken", /^\.$/, "554 looks like spam", true],
  ["a mailbox that is full for now", /^RCPT/i, "452 try later", false],
  ["our own sender", /^MAIL/i, "550 not your domain", false],
])("a refusal of %s is an error, final or not", async (_name, of, answer, isFinal) => {
  const { url } = await startServer({ of, with: answer });
  const error = await createSmtpTransport({ url, from })
    .send(mail)
    .catch((thrown: Error) => thrown);
  expect(error).toBeInstanceOf(Error);
  expect((error as Error).message).toContain(answer.slice(0, 3));
  expect(error instanceof MailRefusedError).toBe(isFinal);
});

test.each([
  "a@example.com\r\nRCPT TO:<eve@example.com>",
  "a@example.com>\r\nDATA",
  "a@example.com\u2028b@example.com",
])("breaks in an address make no command: %j", async (to) => {
  const { url, lines } = await startServer();
  await createSmtpTransport({ url, from })
    .send({ ...mail, to })
    .catch(() => undefined);
  expect(lines.filter((line) => /^RCPT/.test(line)).length).toBeLessThanOrEqual(1);
  expect(lines.filter((line) => /^RCPT TO:<eve@/.test(line))).toEqual([]);
});

test("carries the text and the page", async () => {
  const { url, lines } = await startServer();
  await createSmtpTransport({ url, from }).send(mail);
  expect(lines.filter((line) => /^Content-Type:/i.test(line))).toEqual([
    expect.stringMatching(/multipart\/alternative/),
    expect.stringMatching(/text\/plain/),
    expect.stringMatching(/text\/html/),
  ]);
});

test("a server that is not there is an error", async () => {
  await expect(createSmtpTransport({ url: "smtp://127.0.0.1:1", from }).send(mail)).rejects.toThrow();
});
