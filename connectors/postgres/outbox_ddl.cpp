#include "connectors/postgres/outbox_ddl.hpp"

#include "connectors/postgres/position.hpp"

namespace lockstep::postgres {
namespace {

std::string function_name(const Settings& settings) { return "lockstep." + quote_name("note_" + settings.tag); }

std::string scope_text(const TableLayout& table) { return "rows with" + table.in_scope("t"); }

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
  std::string names;
  const std::vector<std::string> wanted = trigger_names(settings, table);
  for (const auto& name : wanted) names += (names.empty() ? "" : ", ") + quote_text(name);
  // Those of a scope that was another watch other rows.
  const std::string scope =
      table.scope.empty() ? ""
                          : " AND bool_or(obj_description(oid, 'pg_trigger') = " + quote_text(scope_text(table)) + ")";
  return "SELECT 1 FROM pg_trigger WHERE tgrelid = " + std::to_string(table.oid) + " AND tgname IN (" + names +
         ") GROUP BY tgrelid HAVING count(*) = " + std::to_string(wanted.size()) + scope;
}

std::string create_triggers_sql(const Settings& settings, const TableLayout& table) {
  std::string key;
  for (const auto& part : table.key) key += (key.empty() ? "" : ", ") + quote_text(part);
  const std::string run = " EXECUTE FUNCTION " + function_name(settings) + "(" + key + ")";
  const auto trigger = [&](const std::string& name, const std::string& event, const std::string& when) {
    return "CREATE OR REPLACE TRIGGER " + quote_name(name) + " AFTER " + event + " ON " + table.quoted() +
           (event == "TRUNCATE" ? " FOR EACH STATEMENT" : " FOR EACH ROW") + when + run;
  };
  const std::string truncate = trigger(settings.name + "_all", "TRUNCATE", "");
  if (table.scope.empty()) return trigger(settings.name, "INSERT OR UPDATE OR DELETE", "") + "; " + truncate;
  // What concerns other scopes does not even call the function. A row that moves between scopes concerns both.
  const std::string is_new = "true" + table.in_scope("NEW");
  const std::string was_old = "true" + table.in_scope("OLD");
  return trigger(settings.name, "INSERT", " WHEN (" + is_new + ")") + "; " +
         trigger(settings.name + "_upd", "UPDATE", " WHEN ((" + is_new + ") OR (" + was_old + "))") + "; " +
         trigger(settings.name + "_del", "DELETE", " WHEN (" + was_old + ")") + "; " + truncate +
         "; COMMENT ON TRIGGER " + quote_name(settings.name) + " ON " + table.quoted() + " IS " +
         quote_text(scope_text(table));
}

std::vector<std::string> trigger_names(const Settings& settings, const TableLayout& table) {
  std::vector<std::string> names = {settings.name, settings.name + "_all"};
  if (!table.scope.empty()) names.insert(names.end(), {settings.name + "_upd", settings.name + "_del"});
  return names;
}

}  // namespace lockstep::postgres
