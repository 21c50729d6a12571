#include "app/config/server_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>

#include "app/config/suggest.hpp"
#include "app/config/units.hpp"
#include "wire/jwk_set.hpp"

namespace lockstep::app {
namespace {

constexpr std::size_t key_bytes_minimum = 16;
constexpr std::size_t sealing_key_digits = 64;

void read_listen(const Node& node, Problems& problems, ServerConfig& server) {
  const auto colon = node.text.rfind(':');
  std::string host = node.text.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  unsigned port = 0;
  std::from_chars(node.text.data() + colon + 1, node.text.data() + node.text.size(), port);
  if (port > 65'535) {
    problems.add(node.mark, "server.listen", fmt::format("{} is no port", port), "0 to 65535 are allowed");
    return;
  }
  server.host = std::move(host);
  server.port = static_cast<std::uint16_t>(port);
}

LogLevel log_level(const std::string& text) {
  if (text == "debug") return LogLevel::debug;
  if (text == "warning") return LogLevel::warning;
  if (text == "error") return LogLevel::error;
  return LogLevel::info;
}

LogFormat log_format(const std::string& text) {
  if (text == "text") return LogFormat::text;
  if (text == "json") return LogFormat::json;
  return LogFormat::automatic;
}

void check_length(const Node& node, const std::string& value, const std::string& where, Problems& problems) {
  if (value.size() >= key_bytes_minimum) return;
  problems.add(node.mark, where, fmt::format("the secret has {} bytes and can be guessed", value.size()),
               fmt::format("use {} at least: openssl rand -hex 32", key_bytes_minimum), ProblemKind::environment);
}

std::vector<SourceId> key_sources(const Node& node, const std::string& where, Problems& problems,
                                  const Config& config) {
  std::vector<std::string> known;
  for (const auto& source : config.sources) known.push_back(source.id.str());
  std::vector<SourceId> sources;
  bool all = false;
  for (const auto& item : node.items) {
    if (item.text == "*") {
      all = true;
    } else if (std::ranges::find(known, item.text) == known.end()) {
      problems.add(item.mark, where, fmt::format("there is no source \"{}\"", item.text), suggest(item.text, known));
    } else {
      sources.emplace_back(item.text);
    }
  }
  return all ? std::vector<SourceId>{} : sources;
}

// A key that is for a business by half is for nobody: it must not end as one for a whole source.
void read_business(const Node& node, const std::string& where, Problems& problems, ApiKey& key) {
  const Node* business = node.find("business");
  const Node& role = *node.find("role");
  if (role.text != access::kBusiness) {
    if (business != nullptr)
      problems.add(business->mark, where + ".business", "only a key with the role business is for one",
                   "role: business");
    return;
  }
  if (business == nullptr || business->text.empty())
    problems.add(role.mark, where, "the role business needs the name of one",
                 "business: its name, as the field holds it");
  if (key.sources.empty())
    problems.add(role.mark, where, "a business belongs to a source", "sources: [the ids of its sources]");
  key.business = business == nullptr ? "" : business->text;
}

void read_api_key(const Node& node, const std::string& where, Secrets& secrets, Problems& problems, Config& config) {
  ApiKey key;
  key.name = node.find("name")->text;
  key.role = access::role_named(node.find("role")->text).value_or(Role::viewer);
  if (std::ranges::any_of(config.api_keys, [&](const ApiKey& other) { return other.name == key.name; })) {
    problems.add(node.find("name")->mark, where, fmt::format("there is a key \"{}\" already", key.name),
                 "give it another name");
  }
  if (const Node* sources = node.find("sources"))
    key.sources = key_sources(*sources, where + ".sources", problems, config);
  read_business(node, where, problems, key);
  const Node& reference = *node.find("key");
  const auto value = secrets.resolve(reference, where + ".key");
  if (!value) return;
  check_length(reference, *value, where + ".key", problems);
  const auto same = std::ranges::find(config.api_keys, *value, &ApiKey::key);
  if (same != config.api_keys.end()) {
    problems.add(reference.mark, where + ".key", fmt::format("this is the key of \"{}\" too", same->name),
                 "each key needs its own");
  }
  key.key = *value;
  config.api_keys.push_back(std::move(key));
}

// The key set itself, or where it is.
void read_jwks(const Node& node, const std::string& value, const std::string& where, Problems& problems,
               JwtIssuer& issuer) {
  if (!value.starts_with("http://") && !value.starts_with("https://")) {
    const auto set = wire::parse_jwk_set(value);
    if (!set)
      problems.add(node.mark, where, set.error().message, "write the URL of the key set, or the key set as JSON");
    issuer.jwks = value;
    return;
  }
  const std::size_t host_at = value.find("://") + 3;
  const std::string_view host = std::string_view(value).substr(host_at, value.find_first_of("/?", host_at) - host_at);
  const auto plain = [](unsigned char c) { return c > ' ' && c < 0x7f && c != '#'; };
  if (host.empty() || host.find('@') != std::string_view::npos || !std::ranges::all_of(value, plain)) {
    problems.add(node.mark, where, "this is no URL of a key set", "such as https://id.example.com/jwks.json");
  }
  // Whoever can change what is on its way could sign as anybody.
  const std::string_view name =
      host.starts_with('[') ? host.substr(0, host.find(']') + 1) : host.substr(0, host.find(':'));
  const bool here = name == "localhost" || name == "127.0.0.1" || name == "[::1]";
  if (value.starts_with("http://") && !here && issuer.reach != NetworkReach::any) {
    problems.add(node.mark, where, "keys that come without TLS could be anybody's", "use https, or say reach: any");
  }
  issuer.jwks_url = value;
}

void read_jwt(const Node& node, const std::string& where, Secrets& secrets, Problems& problems, Config& config) {
  JwtIssuer issuer;
  if (const Node* text = node.find("issuer")) issuer.issuer = text->text;
  if (const Node* text = node.find("audience")) issuer.audience = text->text;
  if (const Node* reference = node.find("secret")) {
    const auto value = secrets.resolve(*reference, where + ".secret");
    if (!value) return;
    check_length(*reference, *value, where + ".secret", problems);
    issuer.secret = *value;
  }
  if (const Node* reference = node.find("public_key")) {
    const auto value = secrets.resolve(*reference, where + ".public_key");
    if (!value) return;
    if (!value->starts_with("-----BEGIN PUBLIC KEY-----")) {
      problems.add(reference->mark, where + ".public_key", "this is no public key in PEM",
                   "it begins with -----BEGIN PUBLIC KEY-----", ProblemKind::environment);
    }
    issuer.public_key = *value;
  }
  if (const Node* reach = node.find("reach"); reach != nullptr && reach->text == "any")
    issuer.reach = NetworkReach::any;
  if (const Node* keys = node.find("jwks")) {
    const auto value =
        keys->is(Node::Kind::map) ? secrets.resolve(*keys, where + ".jwks") : std::optional<std::string>(keys->text);
    if (!value) return;
    read_jwks(*keys, *value, where + ".jwks", problems, issuer);
  }
  config.jwt_issuers.push_back(std::move(issuer));
}

void read_members(const Node& node, const std::string& where, Secrets&, Problems& problems, Config& config) {
  MemberTable table;
  table.system = SystemName(node.find("system")->text);
  table.table = node.find("table")->text;
  table.user = node.find("user")->text;
  table.source_column = node.find("source")->text;
  if (const Node* role = node.find("role")) table.role = role->text;
  if (const Node* business = node.find("business")) {
    table.business = business->text;
    // Everybody in it would see whole sources.
    if (table.role.empty())
      problems.add(business->mark, where + ".business", "without a column of the role all rows are viewers",
                   "name the column of the role");
  }
  if (const Node* hold = node.find("hold")) table.hold = *parse_duration(hold->text);
  const Node* named = node.find("from_source");
  const auto has = [&](const SourceConfig& source) {
    return (named == nullptr || source.id.str() == named->text) &&
           std::ranges::any_of(source.systems,
                               [&](const SystemConfig& system) { return system.settings.system == table.system; });
  };
  const auto source = std::ranges::find_if(config.sources, has);
  if (source == config.sources.end()) {
    problems.add(node.find("system")->mark, where + ".system",
                 named == nullptr
                     ? fmt::format("no source has a system \"{}\"", table.system.str())
                     : fmt::format("there is no system \"{}\" in a source \"{}\"", table.system.str(), named->text),
                 "name one whose connector has tables");
    return;
  }
  table.source = source->id;
  config.members.push_back(std::move(table));
}

}  // namespace

void read_server(const Node& root, const std::string& folder, const BadNodes& bad, Problems& problems, Config& config) {
  config.server.data_folder = (std::filesystem::path(folder) / "data").string();
  // A child that has its shape, or nullptr: one wrong key hides no other mistake.
  const auto child = [&](const Node* node, std::string_view key) -> const Node* {
    const Node* found = node == nullptr ? nullptr : node->find(key);
    return found == nullptr || bad.contains(found) ? nullptr : found;
  };
  const Node* node = root.find("server");
  if (node == nullptr) return;
  ServerConfig& server = config.server;
  if (const Node* listen = child(node, "listen")) read_listen(*listen, problems, server);
  if (const Node* data = child(node, "data")) {
    server.data_folder = (std::filesystem::path(folder) / data->text).lexically_normal().string();
  }
  if (const Node* url = child(node, "public_url")) {
    server.public_url = url->text;
    while (server.public_url.ends_with('/')) server.public_url.pop_back();
  }
  const Node* log = node->find("log");
  if (const Node* level = child(log, "level")) server.log_level = log_level(level->text);
  if (const Node* format = child(log, "format")) server.log_format = log_format(format->text);
  const Node* limits = node->find("limits");
  if (const Node* body = child(limits, "body"))
    server.body_bytes_limit = static_cast<std::size_t>(*parse_size(body->text));
  const auto number = [](const Node& value) {
    return static_cast<std::size_t>(to_json(value).to_number<std::int64_t>());
  };
  if (const Node* connections = child(limits, "connections")) server.connections_limit = number(*connections);
  if (const Node* each = child(limits, "connections_per_address")) server.connections_per_address_limit = number(*each);
}

void read_sealing(const Node& root, Secrets& secrets, const BadNodes& bad, Problems& problems, Config& config) {
  const Node* server = root.find("server");
  const Node* sealing = server == nullptr ? nullptr : server->find("sealing");
  if (sealing == nullptr || bad.contains(sealing)) return;
  const auto read = [&](const Node& reference, const std::string& where) -> std::string {
    const auto value = secrets.resolve(reference, where);
    if (!value) return {};
    const bool hex = std::ranges::all_of(*value, [](unsigned char c) { return std::isxdigit(c) != 0; });
    if (hex && value->size() == sealing_key_digits) return *value;
    problems.add(reference.mark, where, fmt::format("a key is {} hex digits", sealing_key_digits),
                 "openssl rand -hex 32 makes one", ProblemKind::environment);
    return {};
  };
  SealingConfig& out = config.server.sealing;
  const Node* key = sealing->find("key");
  if (key != nullptr && !bad.contains(key)) out.key = read(*key, "server.sealing.key");
  const Node* old_keys = sealing->find("old_keys");
  if (old_keys == nullptr || bad.contains(old_keys)) return;
  for (std::size_t index = 0; index < old_keys->items.size(); ++index) {
    const Node& item = old_keys->items[index];
    if (!bad.contains(&item)) out.old_keys.push_back(read(item, fmt::format("server.sealing.old_keys[{}]", index)));
  }
}

void read_access(const Node& root, Secrets& secrets, const BadNodes& bad, Problems& problems, Config& config) {
  const Node* access = root.find("access");
  if (access == nullptr || !access->is(Node::Kind::map)) return;
  const auto each = [&](std::string_view name, auto read) {
    const Node* list = access->find(name);
    if (list == nullptr) return;
    for (std::size_t index = 0; index < list->items.size(); ++index) {
      const Node& item = list->items[index];
      if (!bad.contains(&item)) read(item, fmt::format("access.{}[{}]", name, index), secrets, problems, config);
    }
  };
  each("api_keys", read_api_key);
  each("jwt", read_jwt);
  each("members", read_members);
}

}  // namespace lockstep::app
