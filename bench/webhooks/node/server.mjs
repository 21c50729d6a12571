// What a team writes by hand: webhook -> verify -> validate -> upsert into PostgreSQL -> tell the subscribers (SSE).
// Durable before the 200, and each delivery counts once: one transaction with the marker and the row.
import { createPublicKey, verify } from 'node:crypto';
import Fastify from 'fastify';
import pg from 'pg';

// An Ed25519 key in DER is this prefix and its 32 bytes.
const prefix = Buffer.from('302a300506032b6570032100', 'hex');
const key = createPublicKey({
  key: Buffer.concat([prefix, Buffer.from(process.env.PUBLIC_KEY, 'base64')]),
  format: 'der',
  type: 'spki',
});

const pool = new pg.Pool({ max: 16, port: 5432, database: 'postgres' });
await pool.query(`
  CREATE TABLE deliveries (id text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
  CREATE TABLE contacts (
    id text PRIMARY KEY, version bigint NOT NULL,
    email text, phone text, first_name text, last_name text, city text, tags jsonb
  );`);

// One statement, and so one transaction and one flush to the disk.
const upsert = `
  WITH first AS (
    INSERT INTO deliveries (id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id
  )
  INSERT INTO contacts (id, version, email, phone, first_name, last_name, city, tags)
  SELECT $2, $3, $4, $5, $6, $7, $8, $9 FROM first
  ON CONFLICT (id) DO UPDATE SET
    version = excluded.version, email = excluded.email, phone = excluded.phone, first_name = excluded.first_name,
    last_name = excluded.last_name, city = excluded.city, tags = excluded.tags
  WHERE contacts.version < excluded.version
  RETURNING id`;

const text = { type: 'string' };
const schema = {
  body: {
    type: 'object',
    required: ['type', 'locationId', 'id', 'timestamp', 'webhookId'],
    properties: {
      type: text, locationId: text, id: text, timestamp: text, webhookId: text,
      email: text, phone: text, firstName: text, lastName: text, city: text,
      tags: { type: 'array', items: text },
    },
  },
};

const app = Fastify();
const subscribers = new Set();

// The signature is over the raw bytes.
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
  const signature = Buffer.from(request.headers['x-ghl-signature'] ?? '', 'base64');
  if (!verify(null, body, key, signature)) {
    done(Object.assign(new Error('the signature does not fit the body'), { statusCode: 401 }));
    return;
  }
  try {
    done(null, JSON.parse(body));
  } catch (error) {
    done(Object.assign(error, { statusCode: 400 }));
  }
});

app.post('/hooks', { schema }, async (request) => {
  const body = request.body;
  const version = Date.parse(body.timestamp);
  const stored = await pool.query({
    name: 'upsert',
    text: upsert,
    values: [body.webhookId, body.id, version, body.email, body.phone, body.firstName, body.lastName, body.city,
             JSON.stringify(body.tags ?? [])],
  });
  if (stored.rowCount > 0) {
    const event = { system: 'crm', via: 'webhook', external_id: body.id, version, first_name: body.firstName };
    const frame = `data: ${JSON.stringify(event)}\n\n`;
    for (const subscriber of subscribers) subscriber.write(frame);
  }
  return { accepted: stored.rowCount };
});

app.get('/events', (request, reply) => {
  reply.hijack();
  reply.raw.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  reply.raw.write('retry: 1000\n: up\n\n');
  subscribers.add(reply.raw);
  request.raw.on('close', () => subscribers.delete(reply.raw));
});

const stop = () => process.exit(0);
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

const origin = await app.listen({ host: '127.0.0.1', port: 0 });
console.log(`listening on ${origin}`);
