/**
 * What takes in webhooks in a few lines: node:http, and for each request one insert of the body into the table that ours
 * uses, with its indexes; committed before the answer. The statement is named, the pool has 8 connections. It verifies
 * no signature, checks no field, reads no customer, writes no log line and applies nothing.
 */
import { createServer } from "node:http";
import process from "node:process";
import pg from "pg";

const insert = {
  name: "insert",
  text: `insert into headroom.stripe_inbox (event_id, livemode, type, created_at, payload, status)
    values ($1, $2, $3, to_timestamp($4), $5, 'ignored') on conflict do nothing`,
};

const answer = JSON.stringify({ received: true });

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 8 });
pool.on("error", () => undefined);

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks).toString("utf8");
    if (request.method !== "POST") return void response.writeHead(405).end();
    const { id, livemode, type, created } = JSON.parse(body);
    pool.query({ ...insert, values: [id, livemode, type, created, body] }).then(
      () =>
        response
          .writeHead(200, { "content-type": "application/json", "content-length": answer.length })
          .end(answer),
      () => response.writeHead(503).end(),
    );
  });
});
server.listen(Number(process.env.PORT), process.env.HOST);
process.on("SIGTERM", () => process.exit());
