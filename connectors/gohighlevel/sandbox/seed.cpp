#include <algorithm>
#include <array>

#include "connectors/gohighlevel/sandbox/core.hpp"

namespace lockstep::gohighlevel {
namespace sandbox {
namespace {

constexpr std::array<std::string_view, 40> kFirstNames = {
    "Ada",   "Bruno",     "Carla", "David",  "Elena", "Farid", "Grace",  "Hugo",   "Ines",  "Jonas",
    "Keiko", "Liam",      "Maya",  "Noah",   "Olga",  "Pablo", "Quinn",  "Rosa",   "Samir", "Tara",
    "Uma",   "Victor",    "Wanda", "Xavier", "Yara",  "Zoe",   "Amélie", "Björn",  "Chloé", "Dário",
    "Émile", "Françoise", "Göran", "Héctor", "İpek",  "José",  "Łucja",  "Mónica", "Nuño",  "Øyvind"};
constexpr std::array<std::string_view, 40> kLastNames = {
    "Adams",    "Baker",   "Castillo", "Dvorak",       "Evans",      "Fischer",     "Garcia",   "Hughes",
    "Ivanov",   "Johnson", "Kowalski", "Lopez",        "Martin",     "Novak",       "Okafor",   "Patel",
    "Quist",    "Rossi",   "Schmidt",  "Tanaka",       "Usman",      "Vargas",      "Weber",    "Xu",
    "Young",    "Zimmer",  "O'Brien",  "van der Berg", "de la Cruz", "Müller",      "Nguyễn",   "Sørensen",
    "Ångström", "Çelik",   "Peña",     "Śliwa",        "Žižka",      "Smith-Jones", "D'Angelo", "McCarthy"};
constexpr std::array<std::string_view, 12> kCities = {"Austin",  "Boston", "Chicago", "Denver",  "El Paso", "Fresno",
                                                      "Houston", "Miami",  "Oakland", "Phoenix", "Seattle", "Tampa"};
constexpr std::array<std::string_view, 12> kStates = {"TX", "MA", "IL", "CO", "TX", "CA",
                                                      "TX", "FL", "CA", "AZ", "WA", "FL"};
constexpr std::array<std::string_view, 8> kTags = {"lead",      "customer",     "vip",       "newsletter",
                                                   "follow up", "webinar 2026", "référence", "do not call"};
constexpr std::array<std::string_view, 5> kSources = {"website", "facebook ads", "referral", "import", "walk-in"};
constexpr std::array<std::string_view, 4> kStatuses = {"open", "won", "lost", "abandoned"};

template <std::size_t N>
std::string_view pick(const std::array<std::string_view, N>& from, Random& random) {
  return from[random.below(N)];
}

std::string email_part(std::string_view name) {
  std::string out;
  for (const char c : lower_case(name)) {
    if (c >= 'a' && c <= 'z') out += c;
  }
  return out.empty() ? "person" : out;
}

const CustomField* field_of_type(const Location& location, std::string_view type, std::string_view model) {
  const auto found = std::ranges::find_if(location.custom_fields, [&](const CustomField& field) {
    return field.data_type == type && field.model == model;
  });
  return found == location.custom_fields.end() ? nullptr : &*found;
}

ContactEdit person(const Location& location, std::uint64_t number, std::size_t index, Random& random) {
  ContactEdit edit;
  const std::string_view first = pick(kFirstNames, random);
  const std::string_view last = pick(kLastNames, random);
  edit.fields["firstName"] = first;
  edit.fields["lastName"] = last;
  const std::string unique = std::to_string(number) + "." + std::to_string(index);
  edit.fields["email"] = email_part(first) + "." + email_part(last) + "." + unique + "@example.com";
  if (random.below(10) > 0) {
    // A valid number of a fictitious subscriber, different for every index.
    const std::string line = std::to_string(2'000'000 + (number * 7919 + index) % 7'999'999);
    static constexpr std::array<std::string_view, 12> kAreas = {"512", "617", "312", "303", "915", "559",
                                                                "713", "305", "510", "602", "206", "813"};
    edit.fields["phone"] = "+1" + std::string(kAreas[(index / 7'999'999) % kAreas.size()]) + line;
  }
  const std::size_t city = random.below(kCities.size());
  edit.fields["city"] = kCities[city];
  edit.fields["state"] = kStates[city];
  edit.fields["country"] = "US";
  edit.fields["source"] = pick(kSources, random);
  if (random.below(3) == 0) edit.fields["companyName"] = std::string(last) + " & Co";
  if (random.below(4) == 0)
    edit.fields["dateOfBirth"] = *normal_birthday("19" + std::to_string(50 + random.below(49)) + "-0" +
                                                  std::to_string(1 + random.below(9)) + "-15");
  std::vector<std::string> tags;
  for (std::uint64_t left = random.below(4); left > 0; --left) {
    const std::string tag(pick(kTags, random));
    if (std::ranges::find(tags, tag) == tags.end()) tags.push_back(tag);
  }
  edit.tags = std::move(tags);
  if (const CustomField* field = field_of_type(location, "TEXT", "contact"))
    edit.custom.emplace_back(field->id, Json("value " + unique));
  const CustomField* score = field_of_type(location, "NUMERICAL", "contact");
  if (score != nullptr && random.below(2) == 0) edit.custom.emplace_back(score->id, Json(random.below(100)));
  return edit;
}

OpportunityEdit deal(const Location& location, const Contact& contact, Random& random) {
  OpportunityEdit edit;
  const Pipeline& pipeline = location.pipelines[random.below(location.pipelines.size())];
  edit.contact_id = contact.id;
  edit.pipeline_id = pipeline.id;
  edit.stage_id = pipeline.stages[random.below(pipeline.stages.size())].id;
  edit.name = contact.full_name() + " deal " + std::to_string(random.below(1000));
  edit.status = pick(kStatuses, random);
  edit.monetary_value = static_cast<double>(random.below(1'000'000)) / 100;
  edit.source = pick(kSources, random);
  return edit;
}

// 20 characters that follow from the location's id and a name.
std::string fixed_id(const Location& location, std::string_view name) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : location.settings.id + "/" + std::string(name))
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  SeededRandom random(hash);
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string out;
  while (out.size() < 20) out += kAlphabet[random.below(kAlphabet.size())];
  return out;
}

}  // namespace

void furnish(Location& location) {
  const auto pipeline = [&](std::string_view name, std::initializer_list<std::string_view> stages) {
    Pipeline out{fixed_id(location, name), std::string(name), {}};
    for (const std::string_view stage : stages)
      out.stages.push_back({fixed_id(location, std::string(name) + "/" + std::string(stage)), std::string(stage)});
    location.pipelines.push_back(std::move(out));
  };
  pipeline("Sales", {"New lead", "Contacted", "Proposal sent", "Closed"});
  pipeline("Onboarding", {"Kick-off", "Set-up", "Live"});
  const auto field = [&](std::string_view model, std::string_view name, std::string_view key, std::string_view type,
                         std::vector<std::string> options = {}) {
    location.custom_fields.push_back(
        {fixed_id(location, key), std::string(name), std::string(model) + "." + std::string(key), "", std::string(type),
         std::string(model), static_cast<double>(location.custom_fields.size()) * 50, std::move(options)});
  };
  field("contact", "External id", "external_id", "TEXT");
  field("contact", "Score", "score", "NUMERICAL");
  field("contact", "Interests", "interests", "CHECKBOX", {"Sports", "Music", "Food"});
  field("contact", "Next visit", "next_visit", "DATE");
  field("opportunity", "Order number", "order_number", "TEXT");
  location.users.push_back({fixed_id(location, "user/1"), "Sandra", "Box", "sandra@example.com"});
  location.users.push_back({fixed_id(location, "user/2"), "Tim", "Tester", "tim@example.com"});
}

Seeded seed(Crm& crm, Location& location, std::size_t contacts, std::size_t opportunities, std::uint64_t number,
            Quiet quiet) {
  SeededRandom random(number);
  Seeded done;
  std::vector<ContactVersion> people;
  for (std::size_t i = 0; i < contacts; ++i) {
    const auto made = crm.create_contact(location, person(location, number, i, random), Actor::person, quiet);
    if (!made) continue;  // a duplicate of an earlier seeding, or the location is full
    people.push_back(*made);
    ++done.contacts;
  }
  for (std::size_t i = 0; i < opportunities && !people.empty() && !location.pipelines.empty(); ++i) {
    const Contact& owner = *people[random.below(people.size())];
    done.opportunities += crm.create_opportunity(location, deal(location, owner, random), Actor::person, quiet) ? 1 : 0;
  }
  return done;
}

}  // namespace sandbox

std::vector<std::string> all_scopes() {
  std::vector<std::string> out;
  for (const sandbox::Route& route : sandbox::all_routes()) {
    if (!route.scope.empty() && std::ranges::find(out, route.scope) == out.end()) out.emplace_back(route.scope);
  }
  return out;
}

SandboxSettings SandboxSettings::demo() {
  SandboxSettings settings;
  LocationSettings location;
  location.id = "sandboxLocation00001";
  settings.private_tokens.push_back({"pit-sandbox", location.id, all_scopes()});
  OAuthClient client;
  client.scopes = all_scopes();
  settings.oauth_clients.push_back(std::move(client));
  settings.locations.push_back(std::move(location));
  return settings;
}

}  // namespace lockstep::gohighlevel
