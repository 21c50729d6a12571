#include "connectors/gohighlevel/connector_settings.hpp"

#include <algorithm>
#include <set>

#include "wire/signature.hpp"

namespace lockstep::gohighlevel {
namespace {

constexpr std::string_view kCustomPrefix = "customFields.";

class Reader {
 public:
  Reader(const JsonObject& object, std::string prefix, std::vector<connector::SettingProblem>& problems)
      : object_(object), prefix_(std::move(prefix)), problems_(problems) {}

  void problem(std::string_view name, std::string message) {
    problems_.push_back({prefix_ + std::string(name), std::move(message)});
  }

  const Json* member(std::string_view name) {
    known_.insert(std::string(name));
    return object_.if_contains(name);
  }

  std::string text(std::string_view name, std::string_view fallback) {
    const Json* value = member(name);
    if (value == nullptr || value->is_null()) return std::string(fallback);
    if (const auto* string = value->if_string()) return {string->begin(), string->end()};
    problem(name, "must be a text");
    return std::string(fallback);
  }

  std::string required(std::string_view name, std::string hint) {
    std::string value = text(name, "");
    if (value.empty()) problem(name, "is missing: " + hint);
    return value;
  }

  Duration seconds(std::string_view name, Duration fallback, std::int64_t most) {
    return whole_number(name, "seconds", fallback, std::chrono::seconds(1), most);
  }
  Duration days(std::string_view name, Duration fallback, std::int64_t most) {
    return whole_number(name, "days", fallback, std::chrono::days(1), most);
  }

  template <class T>
  T choice(std::string_view name, T fallback, std::initializer_list<std::pair<std::string_view, T>> choices) {
    const std::string value = text(name, "");
    if (value.empty()) return fallback;
    std::string list;
    for (const auto& [word, meaning] : choices) {
      if (value == word) return meaning;
      list += (list.empty() ? "" : ", ") + std::string(word);
    }
    problem(name, "must be one of: " + list);
    return fallback;
  }

  void refuse_unknown() {
    for (const auto& item : object_) {
      if (!known_.contains(std::string(item.key()))) problem(item.key(), "is not a setting of this connector");
    }
  }

 private:
  Duration whole_number(std::string_view name, std::string_view units, Duration fallback, Duration unit,
                        std::int64_t most) {
    const Json* value = member(name);
    if (value == nullptr || value->is_null()) return fallback;
    const auto* number = value->if_int64();
    if (number != nullptr && *number >= 0 && *number <= most) return *number * unit;
    problem(name, "must be a whole number of " + std::string(units) + " from 0 to " + std::to_string(most));
    return fallback;
  }

  const JsonObject& object_;
  std::string prefix_;
  std::vector<connector::SettingProblem>& problems_;
  std::set<std::string> known_;
};

void read_credentials(Reader& reader, ConnectorSettings& out, std::vector<connector::SettingProblem>& problems) {
  out.token = reader.text("token", "");
  const Json* oauth = reader.member("oauth");
  if (oauth != nullptr && !oauth->is_object())
    return reader.problem("oauth", "must hold client_id, client_secret and refresh_token");
  if (oauth != nullptr) {
    Reader grant(oauth->get_object(), "oauth.", problems);
    out.oauth = OAuthGrant{grant.required("client_id", "from the app's page in the marketplace"),
                           grant.required("client_secret", "from the app's page in the marketplace"),
                           grant.required("refresh_token", "from the app's installation")};
    grant.refuse_unknown();
  }
  if (out.token.empty() == !out.oauth)
    reader.problem("token", "give either a private integration token or an oauth block");
}

void read_binding(const connector::SystemSettings& system, std::string_view object, Binding& out) {
  for (const sync::EntitySchema* entity : system.entities) {
    const sync::SystemBinding* binding = entity->binding(system.system);
    if (binding == nullptr || binding->object != object) continue;
    for (const sync::FieldBinding& field : binding->fields) {
      if (field.path.empty()) continue;
      out.paths.push_back(field.path);
      if (field.path.starts_with(kCustomPrefix)) out.custom_keys.push_back(field.path.substr(kCustomPrefix.size()));
    }
  }
}

Json text_setting(std::string_view description, std::string_view fallback = "") {
  JsonObject out{{"type", "string"}, {"description", description}};
  if (!fallback.empty()) out["default"] = fallback;
  return out;
}

Json number_setting(std::string_view description, std::int64_t fallback, std::int64_t most) {
  return JsonObject{
      {"type", "integer"}, {"minimum", 0}, {"maximum", most}, {"default", fallback}, {"description", description}};
}

constexpr std::int64_t kOverlapMost = 3'600;
constexpr std::int64_t kAgeMost = 7 * 86'400;
constexpr std::int64_t kSettlesMost = 600;
constexpr std::int64_t kRereadMost = 3'650;

}  // namespace

bool Binding::uses(std::string_view path) const { return std::ranges::find(paths, path) != paths.end(); }

ReadSettings read_settings(const connector::SystemSettings& system) {
  ReadSettings out;
  ConnectorSettings& settings = out.settings;
  Reader reader(system.settings, "", out.problems);
  settings.location_id = reader.required("location_id", "the sub-account's id, under Settings, Business Profile");
  read_credentials(reader, settings, out.problems);
  settings.base_url = reader.text("base_url", settings.base_url);
  while (settings.base_url.ends_with('/')) settings.base_url.pop_back();
  if (!settings.base_url.starts_with("https://") && !settings.base_url.starts_with("http://")) {
    reader.problem("base_url", "must begin with https://");
  }
  settings.version = reader.text("version", settings.version);
  settings.signatures =
      reader.choice("signatures", Signatures::required, {{"required", Signatures::required}, {"off", Signatures::off}});
  settings.webhook_public_key = reader.text("webhook_public_key", vendor_ed25519_key());
  settings.webhook_legacy_public_key = reader.text("webhook_legacy_public_key", vendor_rsa_key());
  settings.webhook_age_limit = reader.seconds("webhook_age_limit_seconds", settings.webhook_age_limit, kAgeMost);
  settings.overlap = reader.seconds("overlap_seconds", settings.overlap, kOverlapMost);
  settings.search_settles = reader.seconds("search_settles_seconds", settings.search_settles, kSettlesMost);
  // The list is not part of the v3 contract.
  settings.full_pull = reader.choice("full_pull", settings.v3() ? FullPull::search : FullPull::list,
                                     {{"list", FullPull::list}, {"search", FullPull::search}});
  settings.reviews_path = reader.text("reviews_path", settings.reviews_path);
  if (!settings.reviews_path.starts_with('/')) reader.problem("reviews_path", "must begin with /");
  settings.reread = reader.days("reread_days", settings.reread, kRereadMost);
  reader.refuse_unknown();

  if (const auto key = wire::VerifyKey::ed25519(settings.webhook_public_key); !key) {
    reader.problem("webhook_public_key", key.error().message);
  }
  if (!settings.webhook_legacy_public_key.empty()) {
    if (const auto key = wire::VerifyKey::rsa_sha256(settings.webhook_legacy_public_key); !key) {
      reader.problem("webhook_legacy_public_key", key.error().message);
    }
  }
  read_binding(system, kContact, settings.contact);
  read_binding(system, kOpportunity, settings.opportunity);
  for (const sync::EntitySchema* entity : system.entities) {
    if (const auto* binding = entity->binding(system.system)) settings.objects.push_back(binding->object);
  }
  return out;
}

Json settings_schema() {
  JsonObject oauth{
      {"type", "object"},
      {"description", "A marketplace app's installation; instead of token"},
      {"required", JsonArray{"client_id", "client_secret", "refresh_token"}},
      {"additionalProperties", false},
      {"properties",
       JsonObject{{"client_id", text_setting("Client id of the marketplace app")},
                  {"client_secret", text_setting("Client secret of the marketplace app")},
                  {"refresh_token",
                   text_setting("The refresh token of the installation; rotated ones are kept by Lockstep")}}}};
  JsonObject properties{
      {"reviews_path", text_setting("Where reviews are listed", ConnectorSettings().reviews_path)},
      {"reread_days",
       number_setting("Polls read orders, transactions and reviews of this many days again", 30, kRereadMost)},
      {"location_id", text_setting("Id of the sub-account (location)")},
      {"token", text_setting("Private integration token; instead of oauth")},
      {"oauth", std::move(oauth)},
      {"base_url", text_setting("Origin of the API", ConnectorSettings().base_url)},
      {"version", text_setting("API version header: a dated version or v3", ConnectorSettings().version)},
      {"signatures", JsonObject{{"enum", JsonArray{"required", "off"}},
                                {"default", "required"},
                                {"description", "Whether webhooks must be signed"}}},
      {"webhook_public_key", text_setting("Ed25519 key of X-GHL-Signature; default: the vendor's published key")},
      {"webhook_legacy_public_key",
       text_setting("RSA key of X-WH-Signature; empty: not accepted; default: the vendor's published key")},
      {"webhook_age_limit_seconds", number_setting("Older signed webhooks are refused as replays", 7'200, kAgeMost)},
      {"overlap_seconds", number_setting("How far each poll looks back, because search lags", 60, kOverlapMost)},
      {"search_settles_seconds", number_setting("How long after a write a search is trusted", 75, kSettlesMost)},
      {"full_pull",
       JsonObject{{"enum", JsonArray{"list", "search"}},
                  {"default", "list"},
                  {"description", "How all contacts are read: list (deprecated, has names as typed) or search"}}}};
  return JsonObject{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                    {"type", "object"},
                    {"required", JsonArray{"location_id"}},
                    {"additionalProperties", false},
                    {"properties", std::move(properties)}};
}

}  // namespace lockstep::gohighlevel
