#include "connectors/gohighlevel/checker.hpp"

#include "connectors/gohighlevel/shop_objects.hpp"

namespace lockstep::gohighlevel {
namespace {

using Level = connector::CheckLine::Level;

std::string hint_for(const Answer& answer, std::string_view scope) {
  const std::string message = vendor_message(answer);
  if (answer.status == 401 && message.find("scope") != std::string::npos) {
    return "give the token the scope " + std::string(scope) + " (Settings, Private Integrations, or the app's scopes)";
  }
  if (answer.status == 401 && message.find("ersion") != std::string::npos)
    return "the API refuses the setting `version`";
  if (answer.status == 401)
    return "the token is not valid: create a new private integration token, or install the app again";
  if (answer.status == 403) return "the token belongs to another location than location_id";
  if (answer.status == 429) return "the budget of this credential is used up: try again later";
  return "the CRM answered HTTP " + std::to_string(answer.status);
}

std::string query(std::string_view path, const std::string& location) {
  return std::string(path) + "?locationId=" + wire::percent_encode(location);
}

}  // namespace

void Checker::add(Level level, std::string what, std::string hint) {
  lines_.push_back({level, std::move(what), std::move(hint)});
}

Task<std::vector<connector::CheckLine>> Checker::run() {
  Task<void> location = check_location();
  co_await location;
  if (lines_.back().level == Level::problem && lines_.back().what != "may read the location")
    co_return std::move(lines_);
  Task<void> contacts =
      check_read("may read contacts", query("/contacts/", settings_.location_id) + "&limit=1", "contacts.readonly");
  co_await contacts;
  if (!settings_.opportunity.paths.empty()) {
    Task<void> pipelines = check_read(
        "may read opportunities", query("/opportunities/pipelines", settings_.location_id), "opportunities.readonly");
    co_await pipelines;
  }
  for (const std::string& object : settings_.objects) {
    if (!is_shop_object(object)) continue;
    const ShopObject shop = shop_object(object, settings_);
    std::string what = "may read the list of " + object + "s";
    std::string target = shop.list + "?" + shop.location + "&limit=1";
    std::string scope(shop.scope);
    Task<void> list = check_read(std::move(what), std::move(target), std::move(scope));
    co_await list;
  }
  Task<void> fields = check_custom_fields();
  co_await fields;
  add(Level::ok, "write scopes are not tried, because a check writes nothing",
      "contacts.write and opportunities.write are needed to write");
  check_webhooks();
  co_return std::move(lines_);
}

Task<void> Checker::check_location() {
  ApiCall call;
  call.target = path_with("/locations/", settings_.location_id);
  call.work = sync::WorkClass::person;
  Task<Result<Answer>> sending = api_.send(std::move(call));
  Result<Answer> answer = co_await sending;
  if (!answer) {
    add(Level::problem, "the API at " + settings_.base_url + " can not be used", answer.error().message);
    co_return;
  }
  check_quota(*answer);
  if (!answer->ok()) {
    add(Level::problem, "may read the location", hint_for(*answer, "locations.readonly"));
    co_return;
  }
  add(Level::ok, "location " + settings_.location_id + " is there");
  const Json* location = find_member(answer->body, "location");
  const Json* settings = location == nullptr ? nullptr : find_member(*location, "settings");
  const Json* allowed = settings == nullptr ? nullptr : find_member(*settings, "allowDuplicateContact");
  if (allowed != nullptr && allowed->is_bool() && allowed->get_bool()) {
    add(Level::warning, "the location allows duplicate contacts",
        "turn \"Allow Duplicate Contact\" off (Settings, Business Profile): the CRM itself then refuses a second "
        "contact with the same e-mail");
  }
}

Task<void> Checker::check_read(std::string what, std::string target, std::string scope) {
  ApiCall call;
  call.target = std::move(target);
  call.work = sync::WorkClass::person;
  Task<Result<Answer>> sending = api_.send(std::move(call));
  Result<Answer> answer = co_await sending;
  if (!answer) {
    add(Level::problem, std::move(what), answer.error().message);
    co_return;
  }
  check_quota(*answer);
  if (answer->ok())
    add(Level::ok, std::move(what));
  else
    add(Level::problem, std::move(what), hint_for(*answer, scope));
}

Task<void> Checker::check_custom_fields() {
  Task<Result<void>> refreshing = catalog_.refresh(sync::WorkClass::person);
  Result<void> refreshed = co_await refreshing;
  const bool mapped = !settings_.contact.custom_keys.empty() || !settings_.opportunity.custom_keys.empty();
  if (!refreshed) {
    add(mapped ? Level::problem : Level::warning, "may read the custom fields",
        "scope locations/customFields.readonly: " + refreshed.error().message);
    co_return;
  }
  add(Level::ok, "may read the custom fields: " + std::to_string(catalog_.contact().size()) + " of contacts, " +
                     std::to_string(catalog_.opportunity().size()) + " of opportunities");
  const auto look = [&](const CustomFields& fields, const std::vector<std::string>& keys, std::string_view object) {
    for (const std::string& key : keys) {
      const CustomField* field = fields.by_key(key);
      if (field == nullptr) {
        add(Level::problem, std::string(object) + " has no custom field `" + key + "`",
            "create it in the CRM (Settings, Custom Fields) or correct the mapping; it is left out of reads and writes "
            "until then");
      } else if (field->key != key) {
        add(Level::warning, "the custom field `" + key + "` is now called `" + field->key + "`",
            "both names work; change the mapping when it suits");
      }
    }
  };
  look(catalog_.contact(), settings_.contact.custom_keys, kContact);
  look(catalog_.opportunity(), settings_.opportunity.custom_keys, kOpportunity);
}

void Checker::check_quota(const Answer& answer) {
  if (quota_seen_) return;
  quota_seen_ = true;
  const std::string_view left = answer.headers.get("X-RateLimit-Daily-Remaining");
  const std::string_view limit = answer.headers.get("X-RateLimit-Limit-Daily");
  if (left.empty()) {
    add(Level::warning, "the answers carry no X-RateLimit headers",
        "the budget is taken to be 100 calls per 10 s and 200,000 per day");
  } else {
    add(Level::ok, std::string(left) + " of " + std::string(limit) + " calls are left today");
  }
}

void Checker::check_webhooks() {
  if (settings_.signatures == Signatures::off) {
    add(Level::warning, "webhooks are accepted without a signature", "set signatures: required, unless this is a test");
  } else {
    add(Level::ok, "webhooks must be signed",
        settings_.webhook_public_key == vendor_ed25519_key() ? "with the vendor's published key"
                                                             : "with the key from the settings");
  }
}

}  // namespace lockstep::gohighlevel
