// Two tenants in the tables of the CRM mirror, and people whose rights stand in user_sources.
import { Stage } from "../browser/stage.mjs";
import { Database } from "./database.mjs";
import { token } from "./common.mjs";

export const A = "aaaaaaaa-0000-4000-8000-000000000001";
export const B = "bbbbbbbb-0000-4000-8000-000000000002";
const person = (n) => `00000000-0000-4000-8000-0000000000${n}`;
export const people = { viewer: person("a1"), editor: person("a2"), owner: person("a3"), ofB: person("b3"), both: person("c1"), nobody: person("d1") };

// What Supabase issues: nothing about sources. `rights` adds claims that must not count.
export const tokenOf = (user, options = {}) => token(user, { sources: undefined, role: undefined, ...options });

const database = (id) => `      db:
        connector: postgres
        url: {env: DATABASE_URL}
        capture: off
        scope: {source_id: ${id}}
`;

// A mirrors the CRM; what is in B comes from people alone.
const configuration = (folder, sandbox, listen, access) => `version: 1
server:
  listen: ${listen}
  data: ${folder}/data
${access}
x-fields: &fields {ghl_id: text, email: email, first_name: text, last_name: text}
x-columns: &columns {object: ghl_contacts, fields: {ghl_id: ghl_contact_id, email: email, first_name: first_name, last_name: last_name}}
sources:
  - id: ${A}
    systems:
      crm:
        connector: gohighlevel
        location_id: ${JSON.parse(sandbox.location_id)}
        token: {env: SANDBOX_TOKEN}
        base_url: ${sandbox.base_url}
        webhook_public_key: ${sandbox.webhook_public_key}
        poll: {every: 60s, full_every: 24h}
${database(A)}    entities:
      contact:
        fields: *fields
        policy: {authority: [crm, db]}
        match: [ghl_id]
        systems:
          crm:
            object: contact
            creates: false
            deletes: false
            fields: {ghl_id: {path: id, direction: read}, email: {path: email, direction: read}, first_name: {path: firstName, direction: read}, last_name: {path: lastName, direction: read}}
          db: *columns
  - id: ${B}
    systems:
${database(B)}    entities:
      contact: {fields: *fields, match: [ghl_id], systems: {db: *columns}}
`;

export class MembersStage {
  static async start(binary) {
    const database = Database.start("crm-mirror");
    try {
      database.sql(`insert into auth.users (id) values ${Object.values(people).map((id) => `('${id}')`).join(", ")};
        insert into ghl_sources (id, name, location_id) values ('${A}', 'Alpha', 'locA'), ('${B}', 'Beta', 'locB')`);
      const stage = await Stage.start(binary, "members", { shape: configuration, source: A, environment: { DATABASE_URL: database.url } });
      stage.database = database;
      const stop = stage.stop.bind(stage);
      stage.stop = async () => {
        try {
          await stop();
        } finally {
          database.stop();
        }
      };
      return stage;
    } catch (error) {
      database.stop();
      throw error;
    }
  }
}
