#include "app/run/demo_show.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "app/commands/progress.hpp"

namespace lockstep::app {
namespace {

constexpr std::chrono::minutes kMirrorLimit{10};
constexpr std::chrono::seconds kEditLimit{10};
constexpr std::size_t kPage = 500;

const char* const kTowns[] = {"Lisbon", "Oslo", "Porto", "Turin", "Ghent", "Basel", "Cork", "Graz"};

std::string text_of(const Json* value) {
  if (value == nullptr || value->is_null()) return "";
  return value->is_string() ? std::string(value->get_string()) : lockstep::to_text(*value);
}

// A set as text, whatever a system writes it like: ["a","b"] and {a,b} are the same.
std::string tags_of(const Json* value) {
  std::vector<std::string> tags;
  std::string text = text_of(value);
  std::erase_if(text, [](char c) { return c == '[' || c == ']' || c == '{' || c == '}' || c == '"'; });
  for (std::size_t at = 0; at <= text.size() && !text.empty();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    tags.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  std::ranges::sort(tags);
  std::string out;
  for (const std::string& tag : tags) out += tag + ",";
  return out;
}

std::string milliseconds_of(Duration time) {
  return fmt::format("{:.1f} ms", static_cast<double>(time.count()) / 1000.0);
}

}  // namespace

Task<Result<Json>> DemoShow::api(std::string method, std::string path, Json body) {
  net::ClientRequest call;
  call.origin = stage_.url();
  call.request.method = std::move(method);
  call.request.target = "/api/v1/sources/demo" + path;
  call.response_bytes_limit = 64 << 20;
  if (!body.is_null()) {
    call.request.headers.add("Content-Type", "application/json");
    call.request.body = lockstep::to_text(body);
  }
  Result<wire::HttpResponse> response = co_await client_.send(std::move(call));
  if (!response) co_return fail(response.error());
  if (response->status >= 300) co_return fail(ErrorKind::invalid, response->body);
  co_return parse_json(response->body, {.bytes_limit = 64 << 20});
}

Task<void> DemoShow::pause(Duration time) {
  co_await completion<std::monostate>([&](Completion<std::monostate>::Done done) {
    loop_.after(time, [done = std::move(done)]() mutable { done({}); });
  });
}

Task<Result<void>> DemoShow::mirror() {
  Progress progress(out_);
  std::uint64_t expected = 0;  // as the CRM counts them
  for (const char* kind : {"contacts", "opportunities"}) {
    const Result<Json> page = stage_.crm_call("GET", std::string(kind) + "?limit=1");
    if (!page) co_return fail(page.error());
    expected += page->at("total").to_number<std::uint64_t>();
  }
  const Time start = loop_.clock().now();
  for (;;) {
    Result<Json> status = co_await api("GET", "/status");
    if (!status) co_return fail(status.error());
    const Json& counts = status->at("counts");
    const auto records = counts.at("records").to_number<std::uint64_t>();
    const auto pending =
        counts.at("pending").to_number<std::uint64_t>() + counts.at("inbox").to_number<std::uint64_t>();
    const Duration spent = loop_.clock().now() - start;
    const double seconds = std::chrono::duration<double>(spent).count();
    const std::uint64_t done = records - std::min(records, pending);
    JobState state;
    state.done = done;
    state.total = std::max(expected, records);
    state.rate_per_second = seconds > 0 ? static_cast<double>(done) / seconds : 0;
    if (state.rate_per_second > 0 && done < *state.total) {
      state.eta_seconds =
          static_cast<std::int64_t>(static_cast<double>(*state.total - done) / state.rate_per_second) + 1;
    }
    state.what = "CRM to database";
    progress.show(state);
    if (records >= expected && pending == 0 && status->at("jobs").get_array().empty()) break;
    if (spent > kMirrorLimit)
      co_return fail(ErrorKind::unavailable, "the mirror did not end: " + lockstep::to_text(*status));
    co_await pause(std::chrono::milliseconds(100));
  }
  progress.end();
  out_.line(fmt::format("Mirrored in {:.1f} s.", std::chrono::duration<double>(loop_.clock().now() - start).count()));
  co_return Result<void>();
}

Task<Result<std::vector<DemoShow::Person>>> DemoShow::people(std::size_t count) {
  Result<Json> page =
      co_await api("GET", "/records?entity=contact&limit=" + std::to_string(std::min<std::size_t>(count, kPage)));
  if (!page) co_return fail(page.error());
  std::vector<Person> out;
  for (const Json& record : page->at("items").get_array()) {
    const Json& systems = record.at("systems");
    out.push_back({text_of(&record.at("id")), text_of(&systems.at("crm").at("external_id")),
                   text_of(&systems.at("db").at("external_id")),
                   text_of(find_member(record.at("fields"), "first_name"))});
  }
  if (out.empty()) co_return fail(ErrorKind::invalid, "the CRM knows nobody");
  co_return out;
}

Task<Result<Duration>> DemoShow::wait_until(std::move_only_function<Result<bool>()> holds) {
  std::move_only_function<Result<bool>()> owned = std::move(holds);
  const Duration start = loop_.clock().monotonic();
  for (;;) {
    const Result<bool> there = owned();
    const Duration spent = loop_.clock().monotonic() - start;
    if (!there) co_return fail(there.error());
    if (*there) co_return spent;
    if (spent > kEditLimit) co_return fail(ErrorKind::unavailable, "an edit did not arrive within ten seconds");
    co_await pause(std::chrono::milliseconds(1));
  }
}

void DemoShow::tell(std::string_view direction, const std::string& what, Duration took) {
  out_.line(fmt::format("  {:<24} {:<44} {:>10}", direction, what, milliseconds_of(took)));
}

void DemoShow::summarize(std::string_view direction, std::vector<Duration> times) {
  if (times.empty()) return;
  std::ranges::sort(times);
  out_.line(fmt::format("  {:<24} {} edits: median {}, slowest {}", direction, times.size(),
                        milliseconds_of(times[times.size() / 2]), milliseconds_of(times.back())));
}

Task<Result<void>> DemoShow::edits(std::size_t rounds) {
  Result<std::vector<Person>> found = co_await people(rounds);
  if (!found) co_return fail(found.error());
  std::vector<Duration> from_crm;
  std::vector<Duration> from_db;
  std::vector<Duration> from_api;
  out_.line();
  out_.line("Edits, from the edit to the moment the other side holds it:");
  for (std::size_t i = 0; i < found->size(); ++i) {
    const Person& person = (*found)[i];
    const std::string town = kTowns[i % std::size(kTowns)];
    const std::string nick = person.name + fmt::format("-{}", i + 1);

    // A person in the CRM.
    const Result<Json> edited = stage_.crm_call("PUT", "contacts/" + person.crm_id, JsonObject{{"city", town}});
    if (!edited) co_return fail(edited.error());
    std::move_only_function<Result<bool>()> in_db = [this, id = person.db_id, town]() -> Result<bool> {
      const auto rows = stage_.database().rows("select city from contacts where id = " + sql_text(id));
      if (!rows) return fail(rows.error());
      return rows->size() == 1 && text_of(rows->front().if_contains("city")) == town;
    };
    Result<Duration> there = co_await wait_until(std::move(in_db));
    if (!there) co_return fail(there.error());
    from_crm.push_back(*there);
    tell("CRM -> database", fmt::format("{} moves to {}", person.name, town), *there);

    // Plain SQL in the database.
    const Result<void> updated = stage_.database().execute("update contacts set first_name = " + sql_text(nick) +
                                                           " where id = " + sql_text(person.db_id));
    if (!updated) co_return fail(updated.error());
    std::move_only_function<Result<bool>()> in_crm = [this, id = person.crm_id, nick]() -> Result<bool> {
      const Result<Json> contact = stage_.crm_call("GET", "contacts/" + id);
      if (!contact) return fail(contact.error());
      return string_member(contact->at("contact"), "firstName") == nick;
    };
    there = co_await wait_until(std::move(in_crm));
    if (!there) co_return fail(there.error());
    from_db.push_back(*there);
    tell("database (SQL) -> CRM", fmt::format("{} is now called {}", person.name, nick), *there);

    // The API, as the page uses it: until both sides hold it.
    JsonObject fields{{"last_name", fmt::format("Via-API-{}", i + 1)}};
    const std::string last = text_of(fields.if_contains("last_name"));
    const Duration start = loop_.clock().monotonic();
    Json patch = JsonObject{{"fields", std::move(fields)}};
    std::string path = "/records/" + person.record;
    Result<Json> patched = co_await api("PATCH", std::move(path), std::move(patch));
    if (!patched) co_return fail(patched.error());
    std::move_only_function<Result<bool>()> in_both = [this, crm_id = person.crm_id, db_id = person.db_id,
                                                       last]() -> Result<bool> {
      const Result<Json> contact = stage_.crm_call("GET", "contacts/" + crm_id);
      const auto rows = stage_.database().rows("select last_name from contacts where id = " + sql_text(db_id));
      if (!contact) return fail(contact.error());
      if (!rows) return fail(rows.error());
      return string_member(contact->at("contact"), "lastName") == last && rows->size() == 1 &&
             text_of(rows->front().if_contains("last_name")) == last;
    };
    there = co_await wait_until(std::move(in_both));
    if (!there) co_return fail(there.error());
    from_api.push_back(loop_.clock().monotonic() - start);
    tell("API -> CRM and database", fmt::format("{}'s last name is {}", nick, last), from_api.back());
  }
  out_.line();
  summarize("CRM -> database", from_crm);
  summarize("database (SQL) -> CRM", from_db);
  summarize("API -> both", from_api);
  co_return Result<void>();
}

Task<Result<void>> DemoShow::quiet() {
  for (int rounds = 0; rounds < 600; ++rounds) {
    Result<Json> status = co_await api("GET", "/status");
    if (!status) co_return fail(status.error());
    const Json& counts = status->at("counts");
    if (counts.at("pending").to_number<std::uint64_t>() + counts.at("inbox").to_number<std::uint64_t>() == 0)
      co_return Result<void>();
    co_await pause(std::chrono::milliseconds(50));
  }
  co_return fail(ErrorKind::unavailable, "writes are still waiting after half a minute");
}

Result<std::vector<std::string>> DemoShow::differences(std::size_t& compared) {
  std::vector<std::string> out;
  LOCKSTEP_TRY(rows, stage_.database().rows("select * from contacts"));
  std::map<std::string, JsonObject> by_email;
  for (JsonObject& row : rows) by_email[text_of(row.if_contains("email"))] = std::move(row);
  std::size_t contacts = 0;
  for (std::size_t offset = 0;; offset += kPage) {
    LOCKSTEP_TRY(page, stage_.crm_call("GET", fmt::format("contacts?offset={}&limit={}", offset, kPage)));
    const JsonArray& items = page.at("contacts").get_array();
    for (const Json& contact : items) {
      ++contacts;
      const std::string email = text_of(find_member(contact, "email"));
      const auto row = by_email.find(email);
      if (row == by_email.end()) {
        out.push_back("a contact of the CRM is missing in the database");
        continue;
      }
      static constexpr std::pair<const char*, const char*> kPairs[] = {
          {"firstName", "first_name"}, {"lastName", "last_name"}, {"phone", "phone"}, {"city", "city"}};
      for (const auto& [there, here] : kPairs) {
        if (text_of(find_member(contact, there)) != text_of(row->second.if_contains(here)))
          out.push_back(fmt::format("{} differs", here));
        ++compared;
      }
      if (tags_of(find_member(contact, "tags")) != tags_of(row->second.if_contains("tags")))
        out.emplace_back("tags differ");
      ++compared;
    }
    if (items.size() < kPage) break;
  }
  if (contacts != rows.size())
    out.push_back(fmt::format("the CRM holds {} contacts, the database {}", contacts, rows.size()));
  LOCKSTEP_TRY(deals, stage_.database().rows("select title, amount, status from opportunities order by title"));
  std::multimap<std::string, std::string> held;
  for (const JsonObject& deal : deals)
    held.emplace(text_of(deal.if_contains("title")), text_of(deal.if_contains("status")));
  for (std::size_t offset = 0;; offset += kPage) {
    LOCKSTEP_TRY(page, stage_.crm_call("GET", fmt::format("opportunities?offset={}&limit={}", offset, kPage)));
    const JsonArray& items = page.at("opportunities").get_array();
    for (const Json& deal : items) {
      const auto range = held.equal_range(text_of(find_member(deal, "name")));
      const std::string status = text_of(find_member(deal, "status"));
      const auto same = std::find_if(range.first, range.second, [&](const auto& one) { return one.second == status; });
      if (same == range.second) {
        out.emplace_back("an opportunity of the CRM is missing in the database or has another status");
      } else {
        held.erase(same);
      }
      ++compared;
    }
    if (items.size() < kPage) break;
  }
  if (!held.empty()) out.push_back(fmt::format("the database holds {} opportunities too many", held.size()));
  return out;
}

Task<Result<void>> DemoShow::compare() {
  Result<void> done = co_await quiet();
  if (!done) co_return done;
  std::size_t compared = 0;
  const Result<std::vector<std::string>> wrong = differences(compared);
  if (!wrong) co_return fail(wrong.error());
  out_.line();
  if (!wrong->empty()) {
    co_return fail(ErrorKind::conflict, fmt::format("{} of {} compared values differ; the first: {}", wrong->size(),
                                                    compared, wrong->front()));
  }
  out_.line(out_.paint(Colour::green,
                       fmt::format("Equal: {} values of the CRM and the database compared one by one, 0 differ.",
                                   with_commas(compared))));
  co_return Result<void>();
}

}  // namespace lockstep::app
