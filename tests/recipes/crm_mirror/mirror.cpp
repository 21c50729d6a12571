#include "tests/recipes/crm_mirror/mirror.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace lockstep::tests {
namespace {

constexpr const char* kKey = "key-of-the-operator-0123";

std::filesystem::path recipe() { return std::filesystem::path(LOCKSTEP_SOURCE_DIR) / "recipes" / "crm-mirror"; }

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// From the line that begins with `from` up to the one that begins with `to`.
std::string part(const std::string& text, const std::string& from, const std::string& to) {
  const std::size_t begin = text.find("\n" + from);
  const std::size_t end = text.find("\n" + to, begin);
  if (begin == std::string::npos || end == std::string::npos)
    throw std::runtime_error("the recipe's configuration has no " + from);
  return text.substr(begin + 1, end - begin);
}

}  // namespace

Mirror::Mirror(Settings settings) {
  if (!cluster.started()) throw std::runtime_error("no PostgreSQL: " + cluster.log());
  std::string migrations;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(recipe() / "migrations")) files.push_back(entry.path());
  std::ranges::sort(files);
  for (const auto& file : files) migrations += text_of(file) + "\n";
  sql_ = std::make_unique<Sql>(cluster.url());
  sql_->script(migrations);

  sandbox = std::make_unique<CrmSandbox>(folder.path(),
                                         CrmSandbox::Settings{.contacts = 0, .burst = settings.burst, .name = "crm"});
  locations = {{kSourceA, "sandboxLocation00001", "GHL_TOKEN_A"}};
  server.environment = {{"LOCKSTEP_API_KEY", kKey},
                        {"SUPABASE_JWT_SECRET", "secret-of-the-tokens-0123456789"},
                        {"DATABASE_URL", cluster.url()},
                        {"GHL_TOKEN_A", "pit-sandbox"}};
  if (settings.locations > 1) {
    locations.push_back({kSourceB, "sandboxLocation00002", "GHL_TOKEN_B"});
    sandbox->control("POST", "locations", JsonObject{{"id", locations[1].id}});
    crm("POST", "tokens", JsonObject{{"token", "pit-of-b"}}, 1);
    server.environment["GHL_TOKEN_B"] = "pit-of-b";
  }
  for (const Location& location : locations) {
    sql_->query("INSERT INTO ghl_sources (id, name, location_id) VALUES ($1, 'Name of ' || $2, $2)",
                {location.source, location.id});
  }
  server.document = configuration(settings);
  server.write_config();
}

// The recipe's own file; only where it runs and which locations it has is ours.
std::string Mirror::configuration(const Settings& settings) const {
  std::string file = text_of(recipe() / "lockstep.yaml");
  const std::string here = "migrations: ./migrations";
  file.replace(file.find(here), here.size(), "migrations: " + (recipe() / "migrations").string());
  std::string out = "version: 1\nserver: {listen: \"127.0.0.1:@PORT@\", data: ./data}\n" +
                    part(file, "access:", "# Keys that") + part(file, "x-systems:", "sources:") + "sources:\n";
  for (const Location& location : locations) {
    out += "  - id: " + location.source +
           "\n    systems:\n      crm:\n        <<: *crm\n        location_id: " + location.id +
           "\n        token: {env: " + location.token + "}\n        base_url: " + sandbox->origin() +
           "\n        webhook_public_key: " + settings.webhook_key + "\n        poll: " + settings.poll + "\n        " +
           settings.crm + "\n      db: {<<: *db, scope: {source_id: " + location.source +
           "}, variables: {name: Name of " + location.id + ", location_id: " + location.id +
           "}}\n    use: [contact, pipeline, opportunity, order, payment, review, sync_job]\n";
  }
  return out;
}

void Mirror::limit(const std::string& filters) {
  const std::string use = "\n    use: [";
  server.document.insert(server.document.find(use), "\n    only: {" + filters + "}");
  server.write_config();
}

bool Mirror::start(std::chrono::milliseconds deadline) {
  const bool first = server.port() == 0;
  if (first && server.command({"migrate"}) != 0) return false;
  if (!server.start()) return false;
  for (std::size_t i = 0; first && i < locations.size(); ++i) {
    crm("POST", "webhooks",
        JsonObject{
            {"url", "http://127.0.0.1:" + std::to_string(server.port()) + "/hooks/" + locations[i].source + "/crm"},
            {"locationId", locations[i].id}});
  }
  const auto mirrored = [&](const Location& location) {
    const Json jobs = api("GET", "/api/v1/sources/" + location.source + "/jobs");
    const Json* list = find_member(jobs, "items");
    return list != nullptr && std::ranges::any_of(list->get_array(), [](const Json& job) {
             return string_member(job, "system") == "crm" && string_member(job, "state") == "done";
           });
  };
  const bool read = eventually(deadline, [&] { return std::ranges::all_of(locations, mirrored); });
  return read && settle(deadline);
}

bool Mirror::settle(std::chrono::milliseconds deadline) {
  return eventually(deadline, [&] {
    return std::ranges::all_of(locations, [&](const Location& location) {
      return server.counts(location.source, {{"Authorization", std::string("Bearer ") + kKey}}).idle();
    });
  });
}

std::string Mirror::run(const std::string& kind, const std::string& source) {
  std::string state = run_together(kind, {source}).front();
  settle();
  return state;
}

std::vector<std::string> Mirror::run_together(const std::string& kind, const std::vector<std::string>& sources) {
  std::vector<std::string> ids;
  std::vector<std::string> states;
  for (const std::string& source : sources) {
    const Json job = api("POST", "/api/v1/sources/" + source + "/jobs", JsonObject{{"system", "crm"}, {"kind", kind}});
    ids.emplace_back(string_member(job, "id"));
    states.push_back("refused: " + to_text(job));
  }
  eventually(std::chrono::seconds(120), [&] {
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const Json now = api("GET", "/api/v1/sources/" + sources[i] + "/jobs/" + ids[i]);
      // A pull that has found nothing is no news and kept by nobody.
      const bool kept = now.is_object() && string_member(now, "id") == ids[i];
      states[i] = kept ? std::string(string_member(now, "state")) : "done";
      if (states[i] == "failed") states[i] += ": " + std::string(string_member(now, "error"));
    }
    return std::ranges::find(states, "running") == states.end();
  });
  return states;
}

std::unique_ptr<RowListener> Mirror::listen(const std::string& source) {
  auto listener = std::make_unique<RowListener>(server.port(), kKey, "ghl:" + source);
  return listener->subscribed() ? std::move(listener) : nullptr;
}

Json Mirror::api(std::string_view method, const std::string& path, const Json& body) {
  HttpConnection connection(server.port());
  const auto reply =
      connection.call(method, path, body.is_null() ? "" : to_text(body),
                      {{"Authorization", std::string("Bearer ") + kKey}, {"Content-Type", "application/json"}});
  return reply ? reply->json() : Json();
}

Json Mirror::crm(std::string_view method, const std::string& path, const Json& body, std::size_t location) {
  return sandbox->control(
      method, path + (path.find('?') == std::string::npos ? "?" : "&") + "locationId=" + locations[location].id, body);
}

std::vector<Json> Mirror::listed(const std::string& many, std::size_t location) {
  const Json all = crm("GET", many, nullptr, location);
  const JsonArray& items = all.at(many).as_array();
  return {items.begin(), items.end()};
}

Json Mirror::in_crm(std::size_t location) {
  return sandbox->control("GET", "state").at("locations").at(locations[location].id);
}

std::vector<Row> Mirror::rows(const std::string& sql, const std::vector<std::string>& values) {
  return sql_->query(sql, values);
}

std::string Mirror::value(const std::string& sql, const std::vector<std::string>& values) {
  const std::vector<Row> found = rows(sql, values);
  return found.empty() || found[0].empty() ? "" : found[0].begin()->second;
}

std::size_t Mirror::count(const std::string& table, const std::string& source) {
  const bool soft = table == "ghl_contacts" || table == "ghl_opportunities";
  return std::stoull(value(
      "SELECT count(*) FROM " + table + " WHERE source_id = $1" + (soft ? " AND deleted_at IS NULL" : ""), {source}));
}

std::string Mirror::row_versions() {
  std::string out;
  for (const char* table : kTables) {
    out +=
        std::string(table) + " " +
        value(std::string("SELECT md5(coalesce(string_agg(id || ' ' || xmin, ',' ORDER BY id), '')) FROM ") + table) +
        "\n";
  }
  return out;
}

}  // namespace lockstep::tests
