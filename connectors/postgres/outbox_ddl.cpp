#include "connectors/postgres/outbox_ddl.hpp"

#include "connectors/postgres/position.hpp"

namespace lockstep::postgres {
namespace {

std::string function_name(const Settings& settings) { return "lockstep." + quote_name("note_" + settings.tag); }

}  // namespace

std::string create_outbox_sql(const Settings& settings) {
  const std::string table = outbox_table(settings);
  const std::string sequence = outbox_sequence(settings);
  // SECURITY DEFINER: whoever changes a row needs no right on the outbox. The search path is fixed for the same reason.
  return "CREATE SCHEMA IF NOT EXISTS lockstep; CREATE SEQUENCE IF NOT EXISTS " + sequence + "; CREATE TABLE " + table +
         " (seq bigint PRIMARY KEY DEFAULT nextval(" + quote_text(sequence) +
         "), tbl text NOT NULL, key jsonb, origin text DEFAULT current_setting('lockstep.origin', true), at "
         "timestamptz NOT NULL DEFAULT now()); "
         "CREATE OR REPLACE FUNCTION " +
         function_name(settings) + R"sql(() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $note$
DECLARE
  new_key jsonb;
  old_key jsonb;
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    INSERT INTO )sql" +
         table + R"sql( (tbl) VALUES (TG_TABLE_NAME);
  ELSE
    IF TG_OP <> 'DELETE' THEN
      SELECT jsonb_agg(to_jsonb(NEW) ->> a.k ORDER BY a.n) INTO new_key FROM unnest(TG_ARGV) WITH ORDINALITY AS a(k, n);
      INSERT INTO )sql" +
         table + R"sql( (tbl, key) VALUES (TG_TABLE_NAME, new_key);
    END IF;
    IF TG_OP <> 'INSERT' THEN
      SELECT jsonb_agg(to_jsonb(OLD) ->> a.k ORDER BY a.n) INTO old_key FROM unnest(TG_ARGV) WITH ORDINALITY AS a(k, n);
      IF old_key IS DISTINCT FROM new_key THEN
        INSERT INTO )sql" +
         table + R"sql( (tbl, key) VALUES (TG_TABLE_NAME, old_key);
      END IF;
    END IF;
  END IF;
  PERFORM pg_notify()sql" +
         quote_text(settings.name) + R"sql(, '');
  RETURN NULL;
END
$note$)sql";
}

std::string raise_sequence_sql(const Settings& settings) {
  // Only upwards: setting it to what it is would race with a number that is drawn meanwhile.
  return "SELECT setval(" + quote_text(outbox_sequence(settings)) + ", p.lsn) FROM " + outbox_sequence(settings) +
         " s, (SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint AS lsn) p WHERE s.last_value < p.lsn";
}

std::string has_triggers_sql(const Settings& settings, const TableLayout& table) {
  return "SELECT 1 FROM pg_trigger WHERE tgrelid = " + std::to_string(table.oid) + " AND tgname IN (" +
         quote_text(settings.name) + ", " + quote_text(settings.name + "_all") +
         ") GROUP BY tgrelid HAVING count(*) = 2";
}

std::string create_triggers_sql(const Settings& settings, const TableLayout& table) {
  std::string key;
  for (const auto& part : table.key) key += (key.empty() ? "" : ", ") + quote_text(part);
  const std::string run = " EXECUTE FUNCTION " + function_name(settings) + "(" + key + ")";
  return "CREATE OR REPLACE TRIGGER " + quote_name(settings.name) + " AFTER INSERT OR UPDATE OR DELETE ON " +
         table.quoted() + " FOR EACH ROW" + run + "; CREATE OR REPLACE TRIGGER " + quote_name(settings.name + "_all") +
         " AFTER TRUNCATE ON " + table.quoted() + " FOR EACH STATEMENT" + run;
}

}  // namespace lockstep::postgres
