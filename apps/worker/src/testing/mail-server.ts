import { createServer, type Socket } from "node:net";

export interface MailServer {
  url: string;
  /** In the order of arrival; `text` is the message as it was handed over, with its header. */
  received: { to: string; text: string }[];
  close(): Promise<void>;
}

/** A mail server on loopback that speaks just enough SMTP (RFC 5321) to take mail. */
export async function startMailServer(): Promise<MailServer> {
  const received: MailServer["received"] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let to = "";
    let message: string[] | null = null;
    let rest = "";
    socket.write("220 test\r\n");
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk) => {
      const lines = (rest + chunk.toString()).split("\r\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (message === null) {
          to = /^RCPT TO:<(.*)>/i.exec(line)?.[1] ?? to;
          message = /^DATA/i.test(line) ? [] : null;
          socket.write(message === null ? "250 ok\r\n" : "354 go on\r\n");
        } else if (line === ".") {
          received.push({ to, text: message.join("\n") });
          message = null;
          socket.write("250 taken\r\n");
        } else {
          message.push(line);
        }
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
